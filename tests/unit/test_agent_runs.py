"""The agent's workflows in a launched DBOS: blackouts waited out, faults told of, nobody's changes refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS

from agent.guard import Blackout, PacketGuard
from agent.model.address import IpAddress
from agent.model.device import Port
from agent.model.errors import EnvironmentFault
from agent.model.notice import Notice
from agent.model.observation import ALIVE, Observation
from agent.model.run import RunState
from agent.operations.context import Context
from agent.operations.discover import discover as look
from agent.ports import Job, Report
from agent.wiring import Wiring
from agent.workflows import changes, notices, runs
from agent.workflows.engine import here, launched, queue
from agent.workflows.following import client, enqueue, forget_old
from agent.workflows.requests import retention_request
from bench.inventory import observations

pytestmark = pytest.mark.slow

OPEN = datetime(2026, 11, 23, 4, tzinfo=UTC)  # Monday noon in Taipei
CLOSED = OPEN - timedelta(hours=3)
MARKET = Blackout.parse("Mon-Fri 08:30-10:00")


@dataclass
class Hands:
    """A clock whose hands a test moves."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        time.sleep(0.02)


@dataclass
class Looker:
    """A collector that says that each address is there, and first does what the test asks for."""

    first: Callable[[], object]
    name: str = "looker"
    phase: str = "sweep"
    produces: tuple[str, ...] = (ALIVE,)
    intrusive: int = 0
    ports: tuple[Port, ...] = ()
    enabled_by_default: bool = True
    asked: list[tuple[IpAddress, ...]] = field(default_factory=list)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        self.asked.append(job.targets)
        self.first()
        for target in job.targets:
            yield Observation("looker", job.clock.now(), job.site, target, ALIVE, "yes")


@dataclass
class Told:
    """A way to tell people that keeps what it was told, after so many failures."""

    failures: int = 0
    notices: list[Notice] = field(default_factory=list)

    def tell(self, notice: Notice) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("nobody there")
        self.notices.append(notice)


CONFIGURATION = """
site = "hq"
[scope]
subnets = ["192.0.2.0/30"]
[[notify]]
name = "desk"
url = "udp://127.0.0.1"
"""


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "lanward.toml").write_text(CONFIGURATION)
    made = Wiring({}, {}, tmp_path).context(create=True)
    clock = Hands(OPEN)
    config = replace(made.config, blackouts=(MARKET,))
    made.store()
    return replace(made, config=config, clock=clock, guard=PacketGuard(config.scope, clock, {}, (MARKET,)))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(notices, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(notices, "GROWTH", 1.0)
    return Told()


def during(context: Context, told: Told, work: Callable[[], Any]) -> Any:
    """Launch, do some work, wait for the notices."""
    with launched(context, agent=True):
        here.notifiers = {"desk": told}
        for module in (runs, notices, changes):
            module.register_queues(0.05)
        done = work()
        while DBOS.list_workflows(name="notice_workflow", status=["DELAYED", "ENQUEUED", "PENDING"]):
            time.sleep(0.05)
    return done


def discover(patient: bool = False) -> Any:
    return DBOS.enqueue_workflow(queue(runs.DISCOVERIES), runs.discover_workflow, [], "", "", patient)


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_patient_run_waits_for_the_end_of_a_blackout(context: Context, told: Told) -> None:
    clock, looker = context.clock, Looker(lambda: None)
    assert isinstance(clock, Hands)
    clock.moment = CLOSED

    def work() -> tuple[Any, Any]:
        waiting = discover(patient=True)
        until(lambda: any("blackout" in what for what in here.busy.values()))
        assert not looker.asked
        clock.moment = OPEN
        done = waiting.get_result()
        clock.moment = CLOSED
        return done, discover().get_result()

    done, refused = during(replace(context, collectors=lambda: {"looker": looker}), told, work)
    assert done["state"] == "done" and len(looker.asked) == 1
    assert refused["error"]["exit_code"] == 4 and "blackout until 10:00" in refused["error"]["message"]
    assert [notice.subject for notice in told.notices] == ["hq: 2 new devices", "hq: discover failed"]


def test_a_blackout_within_a_run_is_waited_out_and_its_step_taken_again(context: Context, told: Told) -> None:
    clock, looker = context.clock, Looker(lambda: None)
    assert isinstance(clock, Hands)
    looker.first = lambda: setattr(clock, "moment", CLOSED) if len(looker.asked) == 1 else None

    def work() -> Any:
        running = discover()
        until(lambda: any("blackout" in what for what in here.busy.values()))
        clock.moment = OPEN
        return running.get_result()

    assert during(replace(context, collectors=lambda: {"looker": looker}), told, work)["state"] == "done"
    (run,) = context.store().runs("hq")
    assert run.state is RunState.DONE and run.finished == ("1:looker",) and len(looker.asked) == 2


def test_a_fault_of_ours_fails_the_run_and_is_told_of_once_the_way_is_there(context: Context, told: Told) -> None:
    told.failures = 2
    looker = Looker(lambda: {}["nothing"])
    outcome = during(replace(context, collectors=lambda: {"looker": looker}), told, lambda: discover().get_result())
    assert outcome["state"] == "failed" and outcome["error"]["exit_code"] == 70
    (run,) = context.store().runs("hq")
    assert run.state is RunState.FAILED
    (notice,) = told.notices
    assert notice.subject == "hq: discover failed" and "KeyError" in notice.text
    assert here.notices_failed["desk"] >= 2


def test_a_change_needs_a_person(context: Context, told: Told) -> None:
    def work() -> tuple[Any, Any]:
        changes.register_request_queue(0.05)
        ask = [
            DBOS.enqueue_workflow(queue(changes.CHANGES), changes.apply_request, "c-1", False, who)
            for who in ("", "nobody")
        ]
        return ask[0].get_result(), ask[1].get_result()

    without, unknown = during(context, told, work)
    assert "needs a person" in without["error"]["message"] and without["error"]["exit_code"] == 4
    assert "no change 'c-1'" in unknown["error"]["message"]
    guarded = replace(context.config, roles=replace(context.config.roles, requester=("netops",)))
    _, viewer = during(replace(context, config=guarded), told, work)
    assert viewer["error"]["exit_code"] == 4 and "nobody may not" in viewer["error"]["message"]


def test_the_log_is_thinned_when_no_change_is_under_way(context: Context, told: Told) -> None:
    context.store().append("r", [replace(one, site="hq") for one in observations(2, 4)])

    def work() -> Any:
        here.changing.add("c-1")
        with client(context.config) as asked:
            workflow = enqueue(asked, context.config, retention_request(""))
        until(lambda: "retention" in here.busy.values())
        assert list(context.store().audit()) == []
        here.changing.discard("c-1")
        return DBOS.retrieve_workflow(workflow).get_result()

    done = during(context, told, work)
    assert done["state"] == "done" and done["result"]["thinned"] > 0
    (entry,) = context.store().audit()
    assert (entry.action, entry.actor) == ("retention", context.actor)
    assert dict(entry.facts)["thinned"] == str(done["result"]["thinned"])


def test_what_ended_long_ago_is_forgotten(context: Context, told: Told) -> None:
    during(context, told, lambda: discover().get_result())
    now = datetime.now(UTC)
    with client(context.config) as asked:
        ended = len(asked.list_workflows())
        assert ended and forget_old(asked, context.config, now, timedelta(days=1)) == 0
        assert forget_old(asked, context.config, now + timedelta(days=2), timedelta(days=1)) == ended
        assert asked.list_workflows() == []


def test_commands_and_the_agent_of_a_site_take_turns_with_one_database(context: Context) -> None:
    for agent in (False, True, False, True):
        with launched(context, agent=agent):
            assert DBOS.list_workflows() == []


def test_what_the_inventory_refuses_fails_the_run_and_passes_nobody_for_missing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    here_now = replace(context, collectors=lambda: {"looker": Looker(lambda: None)}, clock=Hands(OPEN))
    store = context.store()

    def locked(*_: object) -> int:
        raise EnvironmentFault("inventory.db is locked")

    with monkeypatch.context() as patched:
        patched.setattr(store, "append", locked)
        with pytest.raises(EnvironmentFault, match="is locked"):
            look(here_now)
    (run,) = store.runs(context.config.site)
    assert (run.state, run.finished) == (RunState.FAILED, ())
