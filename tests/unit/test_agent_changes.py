"""Changes that the agent applies for others, in a launched DBOS on emulated switches."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, error

from agent.model.change import ChangeState, ReceiptState
from agent.model.errors import EnvironmentFault, Refused
from agent.operations.context import Context
from agent.workflows import changes, requests
from agent.workflows.engine import here, launched, queue
from agent.workflows.outcome import failed
from agent.workflows.owner import APPLYING, ownership
from tests.unit.change_bench import Bench

pytestmark = pytest.mark.slow

ME = getpass.getuser()
SPARE = "Gi1/0/6"


@pytest.fixture(autouse=True)
def timers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The emulated switches' timers run by the bench's clock; their own loop only has to be there."""
    loop = asyncio.new_event_loop()
    monkeypatch.setattr("lab.switch.machine.asyncio", SimpleNamespace(get_running_loop=lambda: loop))
    yield
    loop.close()


def served(site: Bench, workflow: Any, change: str, meanwhile: Callable[[], None] = lambda: None) -> Any:
    """What the agent answers to a request, and what happens meanwhile."""
    with launched(replace(site.context, config=site.configured(soak=0.5).config), agent=True):
        changes.register_queues(0.05)
        changes.register_request_queue(0.05)
        asked = DBOS.enqueue_workflow(queue(changes.CHANGES), workflow, change, False, ME)
        meanwhile()
        return asked.get_result()


def test_a_canary_that_falls_silent_in_its_soak_leaves_the_others_alone(make_site: Callable[..., Bench]) -> None:
    site = make_site(switches=2)
    change = site.approved("D11", "D21")

    def fall_silent() -> None:
        end = time.monotonic() + 20
        while not any(receipt.state is ReceiptState.APPLIED for receipt in site.store.receipts(change.id)):
            assert time.monotonic() < end
            time.sleep(0.02)
        site.acc1.reachable = False

    outcome = served(site, changes.apply_request, change.id, fall_silent)
    assert outcome == {"state": "done", "result": {"change": change.id, "state": "held"}}
    assert [receipt.switch for receipt in site.store.receipts(change.id)] == ["acc1"]
    assert not here.changing, "an agent that waits for this change would never end"


def test_a_fault_of_ours_on_a_switch_holds_the_change(bench: Bench) -> None:
    change = bench.approved("D11")
    bench.acc1.on("revert timer", lambda: {}["nothing"])
    outcome = served(bench, changes.apply_request, change.id)
    assert outcome == {"state": "done", "result": {"change": change.id, "state": "held"}}
    assert bench.store.change(change.id).state is ChangeState.HELD and not here.changing


def test_a_change_that_cannot_be_finished_is_held_and_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = bench.approved("D11")
    monkeypatch.setattr(changes.changes, "finish", lambda *_: {}["nothing"])
    outcome = served(bench, changes.apply_request, change.id)
    assert outcome["state"] == "failed" and "broken off" in outcome["error"]["message"]
    assert bench.store.change(change.id).state is ChangeState.HELD and not here.changing


def test_a_change_whose_beginning_cannot_be_recorded_is_not_applying_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, record = bench.approved("D11"), changes.changes._record

    def locked(context: Context, action: str, subject: str, **facts: str) -> None:
        if action == "change.apply":
            raise EnvironmentFault("database is locked")
        record(context, action, subject, **facts)

    monkeypatch.setattr(changes.changes, "_record", locked)
    assert served(bench, changes.apply_request, change.id)["state"] == "failed"
    assert bench.store.change(change.id).state is ChangeState.APPROVED
    assert not bench.store.receipts(change.id) and not here.changing and not here.attempts


def test_a_rollback_closes_what_it_took_back_also_while_the_agent_is_asked_to_end(bench: Bench) -> None:
    change = bench.approved("D11")
    assert served(bench, changes.apply_request, change.id)["result"]["state"] == "applied"
    bench.acc1.on("write memory", here.stop.set)
    outcome = served(bench, changes.rollback_request, change.id)
    assert outcome["state"] == "stopped", "Ctrl-C of the agent came after its only switch"
    assert bench.store.change(change.id).state is ChangeState.REVERTED


def test_a_fault_of_ours_tells_no_secret() -> None:
    told = failed(ValueError("snmp-server community S3cret RO"))["error"]["message"]
    assert told.startswith("our own fault: ValueError: snmp-server community") and "S3cret" not in told


def test_what_is_broken_off_as_it_begins_is_settled_by_what_the_switches_carry(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, begin = bench.approved("D11"), changes.changes.begin

    def begin_and_cancel(*words: Any) -> Any:
        waves = begin(*words)
        DBOS.cancel_workflow(DBOS.workflow_id or "", cancel_children=True)
        return waves

    def settled(workflow: str) -> ChangeState:
        with SetWorkflowID(workflow):
            asked = DBOS.enqueue_workflow(queue(changes.CHANGES), changes.apply_request, change.id, False, ME)
        with pytest.raises(error.DBOSAwaitedWorkflowCancelledError):
            asked.get_result()
        end = time.monotonic() + 20
        while here.changing or here.busy:
            assert time.monotonic() < end
            time.sleep(0.02)
        return bench.store.change(change.id).state

    with launched(bench.context, agent=True):
        changes.register_queues(0.05)
        changes.register_request_queue(0.05)
        here.stopped.add("noted")
        with SetWorkflowID("noted"):
            asked = DBOS.enqueue_workflow(queue(changes.CHANGES), changes.apply_request, change.id, False, ME)
        assert asked.get_result()["state"] == "stopped" and bench.store.change(change.id) == change
        with monkeypatch.context() as patched:
            patched.setattr(changes.changes, "begin", begin_and_cancel)
            assert settled("begun") is ChangeState.APPROVED and not bench.store.receipts(change.id)
        assert begin(bench.context, change.id)  # a new attempt, while a part of the old one comes out of its queue
        with SetEnqueueOptions(queue_partition_key="acc1"):
            part = DBOS.enqueue_workflow(
                queue(changes.SWITCHES), changes.switch_workflow, "begun", change.id, "acc1", False
            )
        assert part.get_result() == "untouched" and not bench.store.receipts(change.id)
        changes.changes.finish(bench.context, change.id)
        bench.acc1.on("revert timer", lambda: DBOS.cancel_workflow("written", cancel_children=True))
        assert settled("written") is ChangeState.APPLIED, "a switch in flight comes to its end"


def test_a_qualification_and_a_change_exclude_each_other(make_site: Callable[..., Bench]) -> None:
    """In one process after the other; the agent tries a switch for somebody between two changes.

    One switch: of two, each on a thread, the one's wait would move the clock of both while the other is refused.
    """
    site = make_site()
    change, tried = site.approved("D11"), []
    with ownership(site.context.config, APPLYING), pytest.raises(Refused, match="is applying changes of this site"):
        requests.qualify(site.context, ["acc1"], SPARE)

    def apply_meanwhile() -> None:
        with pytest.raises(Refused, match="is qualifying switches of this site"):
            changes.apply_change(site.context, change.id)
        tried.append(site.store.change(change.id).state)

    site.acc1.on("^configure confirm", apply_meanwhile)
    known = requests.qualify(site.context, ["acc1"], SPARE)
    assert [(one.switch, one.passed) for one in known] == [("acc1", True)]
    assert tried == [ChangeState.APPROVED]
    with launched(site.context, agent=True):
        changes.register_request_queue(0.05)
        asked = DBOS.enqueue_workflow(queue(changes.CHANGES), changes.qualify_request, "acc1", SPARE, False, ME)
        told = asked.get_result()
    assert told["result"] == {"of": [known[0].platform, known[0].model, known[0].release]} and not here.changing
    asked_for = [requests.trial_request("acc1", port, fill, ME) for port in ("", SPARE) for fill in (False, True)]
    assert len({one.deduplication for one in asked_for}) == 4
