"""The fire exit and the rollback, alone and after one another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.model.change import ChangeState, ReceiptState
from agent.model.errors import BadInput, DeviceFault, EnvironmentFault, PartlyApplied, Refused
from agent.operations import changes
from agent.operations.in_force import in_force
from agent.operations.release import ALL, BROKEN_OFF, Released, release, require_complete
from lab.switch.hardware import bound
from tests.unit.change_bench import Bench, port


def carried(bench: Bench, name: str = "acc1") -> set[str]:
    running = bench.switches[name].machine.running
    return {port(n) for n in range(1, 7) if bound(running, port(n))}


def held(bench: Bench) -> set[str]:
    return {one.port for one in in_force(bench.store.changes(), bench.store.receipts(), "hq")}


async def test_one_port_then_the_rest(bench: Bench) -> None:
    before = bench.acc1.configurations
    done = bench.applied("D11", "D12", "D14")
    assert release(bench.context, "acc1:Gi1/0/2") == (Released("acc1", (port(2),), True),)
    assert carried(bench) == held(bench) == {port(1), port(4)}
    assert bench.store.change(done.id).state is ChangeState.APPLIED
    assert release(bench.context, ALL) == (Released("acc1", (port(1), port(4)), True),)
    assert carried(bench) == held(bench) == set() and bench.acc1.configurations == before
    assert bench.store.change(done.id).state is ChangeState.RELEASED
    kept = sorted(bench.context.undo_directory.glob("release-*.json"))
    assert json.loads(kept[-1].read_text())["by"] == "alice"


async def test_where_no_file_can_be_written_the_database_still_knows(bench: Bench) -> None:
    """The undo directory is the agent's own; a person of its group opens a port all the same."""
    done = bench.applied("D11")
    shutil.rmtree(bench.context.undo_directory)
    bench.context.undo_directory.touch()
    (opened,) = release(bench.context, "acc1")
    assert opened.ports == (port(1),) and carried(bench) == held(bench) == set()
    assert bench.store.change(done.id).state is ChangeState.RELEASED
    assert [entry.action for entry in bench.store.audit()][-1] == "release"


@pytest.mark.parametrize("at", [1, 2])
async def test_who_breaks_it_off_is_on_record_with_what_is_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """A requester opened all ports without a trace: Ctrl-C, or a stderr that nobody reads, before it was recorded."""
    bench.applied("D11")

    def broken(*_: object) -> Any:
        raise KeyboardInterrupt if at == 1 else BrokenPipeError

    if at == 1:
        monkeypatch.setattr("agent.operations.release._save_if_ours", broken)
    context = replace(bench.context, report=lambda step: broken() if at == 2 and step.done else None)
    with pytest.raises((KeyboardInterrupt, BrokenPipeError)):
        release(context, "acc1")
    entry = list(bench.store.audit())[-1]
    assert carried(bench) == set() and (entry.actor, entry.action) == ("alice", "release")
    assert dict(entry.facts)["acc1"] == (port(1) if at == 2 else BROKEN_OFF)


async def test_nothing_of_ours_is_nothing_to_open(bench: Bench) -> None:
    before = bench.acc1.configurations
    assert release(bench.context, "acc1") == (Released("acc1", (), True),)
    (none,) = release(bench.context, "acc1:Gi1/0/5")
    assert none.error == f"{port(5)} carries no ACL of ours" and not none.unreachable
    with pytest.raises(PartlyApplied, match="carries no ACL of ours"):
        require_complete((none,))
    assert bench.acc1.configurations == before


async def test_somebodys_unsaved_work_is_not_saved_with_it(bench: Bench) -> None:
    bench.applied("D11")
    startup = bench.acc1.configurations[1]
    bench.acc1.by_hand(f"interface {port(6)}", "description his", save=False)
    assert release(bench.context, "acc1") == (Released("acc1", (port(1),), False),)
    assert carried(bench) == set() and bench.acc1.configurations[1] == startup


async def test_it_opens_though_the_database_is_gone_and_says_where_it_is_kept(bench: Bench) -> None:
    done = bench.applied("D11")
    told = []

    def broken() -> Any:
        raise EnvironmentFault("inventory.db is locked")

    context = replace(bench.context, store=broken, report=lambda step: told.append(step.note))
    assert release(context, ALL) == (Released("acc1", (port(1),), True),)
    assert any("not in the database: inventory.db is locked; see " in note for note in told)
    assert held(bench) == {port(1)} and carried(bench) == set()
    assert release(bench.context, ALL) == (Released("acc1", (), True),)
    assert held(bench) == set() and bench.store.change(done.id).state is ChangeState.RELEASED


async def test_a_change_that_is_under_way_is_opened_and_warned_of(bench: Bench) -> None:
    approved = bench.approved("D11")
    opened: list[tuple[Released, ...]] = []
    bench.acc1.on("^configure confirm", lambda: opened.append(release(bench.context, "acc1")))
    changes.begin(bench.context, approved.id)
    found = changes.carry_out(bench.context, approved.id, "acc1")
    ((one,),) = opened
    assert one.ports == (port(1),) and "a rollback timer is running" in one.error
    assert carried(bench) == set() and found.state is not ReceiptState.APPLIED


@pytest.mark.parametrize(
    ("silent", "what", "kind", "names"),
    [
        (("acc1",), "acc1", DeviceFault, "acc1"),
        (("acc1", "acc2"), ALL, DeviceFault, "acc1: no session .*; acc2"),
        (("acc2",), ALL, PartlyApplied, "acc2"),
        ((), ALL, None, ""),
    ],
)
async def test_how_it_ends_says_how_far_it_came(
    make_site: Callable[..., Bench], silent: tuple[str, ...], what: str, kind: type[Exception] | None, names: str
) -> None:
    site = make_site(switches=2)
    site.applied("D11", "D21")
    for name in silent:
        site.switches[name].reachable = False
    results = release(site.context, what)
    if kind is None:
        require_complete(results)
    else:
        with pytest.raises(kind, match=rf"not open: {names}: no session with"):
            require_complete(results)
    for name in ("acc1", "acc2"):
        assert bool(carried(site, name)) == (name in silent or what not in (ALL, name))


async def test_what_is_no_switch(bench: Bench) -> None:
    with pytest.raises(BadInput, match="no switch 'acc9'"):
        release(bench.context, "acc9")
    bare = replace(bench.context, config=replace(bench.context.config, switches=()))
    with pytest.raises(BadInput, match="no switch is configured"):
        release(bare, ALL)


# --- rollback


async def test_a_rollback_is_byte_for_byte(bench: Bench) -> None:
    before = bench.acc1.configurations
    done = bench.applied("D11", "D12")
    back = bench.rolled_back(done.id)
    changes.close_rolled_back(bench.context, done.id, back)
    assert back.state is ChangeState.APPLIED and bench.acc1.configurations == before
    assert bench.store.change(done.id).state is ChangeState.REVERTED and held(bench) == set()
    with pytest.raises(BadInput, match="nothing to take back"):
        changes.plan_rollback(bench.context, done.id)


async def test_a_rollback_after_one_port_was_released_takes_back_the_rest(bench: Bench) -> None:
    before = bench.acc1.configurations
    done = bench.applied("D11", "D12", "D14")
    release(bench.context, "acc1:Gi1/0/1")
    back = changes.plan_rollback(bench.context, done.id)
    assert {b.port for b in back.plan.switches[0].release} == {port(2), port(4)}
    changes.approve(bench.context, back.id, back.digest)
    assert bench.carry_out(back.id).state is ChangeState.APPLIED
    assert bench.acc1.configurations == before


async def test_a_rollback_leaves_an_acl_that_a_later_change_shares(bench: Bench) -> None:
    """Both ports carry one ACL by its content's name; taking the first change back must not empty the second."""
    first = bench.applied("D11")
    bench.store.replace_devices(
        "hq",
        [replace(d, ips=bench_ip(bench, "D11"), id="D14") if d.id == "D14" else d for d in bench.store.devices("hq")],
    )
    second = bench.applied("D14")
    acl = bound(bench.acc1.machine.running, port(4))
    assert acl == bound(bench.acc1.machine.running, port(1))
    bench.rolled_back(first.id)
    assert second.state is ChangeState.APPLIED and carried(bench) == {port(4)}
    assert bench.state().acl(acl) is not None


def bench_ip(bench: Bench, device: str) -> Any:
    return next(d.ips for d in bench.store.devices("hq") if d.id == device)


async def test_a_rollback_of_what_somebody_has_changed_since_is_refused(bench: Bench) -> None:
    done = bench.applied("D11")
    acl = bound(bench.acc1.machine.running, port(1))
    bench.acc1.by_hand(f"interface {port(1)}", f"no ip access-group {acl} in")
    with pytest.raises(Refused, match="does not carry LW-"):
        changes.plan_rollback(bench.context, done.id)


async def test_a_rollback_of_what_is_not_known_or_not_applied_is_refused(bench: Bench) -> None:
    approved = bench.approved("D11")
    with pytest.raises(BadInput, match="nothing to take back"):
        changes.plan_rollback(bench.context, approved.id)
    done = bench.carry_out(approved.id)
    (kept,) = bench.store.receipts(done.id)
    bench.store.save_receipt(replace(kept, state=ReceiptState.FAILED))
    with pytest.raises(Refused, match="what to take back there is not known"):
        changes.plan_rollback(bench.context, done.id)


async def test_an_unfinished_rollback_does_not_close_the_change(bench: Bench) -> None:
    done = bench.applied("D11")
    after = bench.acc1.configurations
    back = changes.plan_rollback(bench.context, done.id)
    changes.approve(bench.context, back.id, back.digest)
    bench.acc1.faults(deny=["^no ip access-group"])
    ended = bench.carry_out(back.id)
    assert ended.state is ChangeState.REVERTED and bench.acc1.configurations == after
    with pytest.raises(PartlyApplied, match="is reverted"):
        changes.close_rolled_back(bench.context, done.id, ended)
    assert bench.store.change(done.id).state is ChangeState.APPLIED


async def test_what_cannot_be_kept_takes_nothing_from_what_is_open(bench: Bench) -> None:
    done = bench.applied("D11")
    told: list[str] = []
    change = replace(bench.context.config.change, undo_directory=bench.inventory / "no-directory")
    context = replace(
        bench.context,
        config=replace(bench.context.config, change=change),
        report=lambda step: told.append(f"{step.phase}: {step.note}"),
    )
    assert release(context, ALL) == (Released("acc1", (port(1),), True),)
    assert carried(bench) == held(bench) == set()
    assert bench.store.change(done.id).state is ChangeState.RELEASED
    assert any(note.startswith("no file: ") and "cannot be written" in note for note in told)
