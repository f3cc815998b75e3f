"""Qualification on an emulated switch's spare port, and what each way of misbehaving makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.guard import Blackout
from agent.model.errors import BadInput, Interrupted, Refused
from agent.model.switch import Qualification
from agent.operations.qualify import qualify
from tests.unit.change_bench import Bench, mac, port

SPARE = "Gi1/0/6"
CHECKS = ["session", "read-back", "revert", "timeout", "confirm", "full table"]


def told(known: Qualification) -> dict[str, str]:
    return dict(known.results)


async def test_all_that_is_seen_and_the_switch_as_before(bench: Bench) -> None:
    before = bench.acc1.configurations
    known = qualify(bench.context, "acc1", SPARE)
    assert known.passed and [check for check, _ in known.results] == CHECKS
    assert bench.acc1.configurations == before and bench.store.qualifications() == (known,)
    assert "not tried: 200 entries are free" in told(known)["full table"]
    assert not [line for line in bench.acc1.seen if "198.18." in line], "nothing was filled"


async def test_the_table_is_filled_when_asked_for(bench: Bench) -> None:
    bench.acc1.faults(tcam_entries=30)
    before = bench.acc1.configurations
    known = qualify(bench.context, "acc1", SPARE, fill=True)
    assert known.passed, known.results
    seen = told(known)["full table"]
    assert "lines for 30 free entries" in seen and "%ACLMGR-4-ACLTCAMFULL" in seen and "took none" in seen
    assert bench.acc1.configurations == before and bench.acc1.machine.hardware.used == 0


async def test_a_full_table_that_nobody_could_notice_does_not_qualify(bench: Bench) -> None:
    """The hardware has more room than the switch says: then what it says is worth nothing."""
    bench.acc1.faults(tcam_entries=30)
    before = bench.acc1.configurations

    def more_room() -> None:
        bench.acc1.faults(tcam_entries=500)

    bench.acc1.on(r"^configure terminal revert timer [^1]", more_room)
    known = qualify(bench.context, "acc1", SPARE, fill=True)
    assert not known.passed and "nothing shows that they do not fit" in told(known)["failed"]
    assert bench.acc1.configurations == before


async def test_no_table_is_filled_without_a_way_back(bench: Bench) -> None:
    """That it was asked for is not that it runs."""
    bench.acc1.faults(tcam_entries=30)
    before, machine = bench.acc1.configurations, bench.acc1.machine

    def taken_off() -> None:
        bench.acc1.on("^show", lambda: setattr(machine, "rollback", None))

    bench.acc1.on(r"^configure terminal revert timer [^1]", taken_off)
    known = qualify(bench.context, "acc1", SPARE, fill=True)
    assert not known.passed and "its way back is running" in told(known)["failed"]
    assert not [line for line in bench.acc1.seen if "198.18." in line] and bench.acc1.configurations == before


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda b: b.acc1.faults(deny=["^configure terminal revert"]), "authorization failed"),
        (lambda b: b.acc1.faults(deny=["^configure revert"]), "authorization failed"),
        (lambda b: b.acc1.faults(deny=["^configure confirm"]), "authorization failed"),
        (lambda b: setattr(b.acc1.machine, "fire", lambda: None), "not as before"),
    ],
)
async def test_what_does_not_work_does_not_qualify(bench: Bench, fault: Callable[[Bench], object], says: str) -> None:
    fault(bench)
    known = qualify(bench.context, "acc1", SPARE)
    assert not known.passed and says in told(known)["failed"], known.results


async def test_a_lost_way_back_is_cleaned_up(bench: Bench) -> None:
    """The undo by native commands fails once: what is left on the port is taken off."""
    before = bench.acc1.configurations

    def deny_until_the_next_session() -> None:
        bench.acc1.faults(deny=["^no ip access-group"])
        bench.acc1.on("<open>", bench.acc1.faults)

    bench.acc1.on("^no ip access-group", deny_until_the_next_session)
    known = qualify(bench.context, "acc1", SPARE)
    assert not known.passed and "authorization failed" in told(known)["failed"]
    assert bench.acc1.configurations == before


async def test_a_port_that_is_not_spare(bench: Bench) -> None:
    with pytest.raises(Refused, match=f"{mac(1, 1)} is on it"):
        qualify(bench.context, "acc1", "Gi1/0/1")
    with pytest.raises(BadInput, match="no spare port"):
        qualify(bench.context, "acc1")
    bench.acc1.by_hand(f"interface {port(6)}", "switchport mode trunk")
    with pytest.raises(Refused, match="is a trunk port"):
        qualify(bench.context, "acc1", SPARE)
    bench.acc1.by_hand("no archive")
    with pytest.raises(Refused, match="no way back"):
        qualify(bench.context, "acc1", "Gi1/0/5")
    assert [q.switch for q in bench.store.qualifications()] == ["acc1"]


async def test_nothing_is_tried_in_a_blackout_or_outside_the_windows(bench: Bench) -> None:
    now, night = Blackout.parse("Mon-Fri 08:30-13:45"), Blackout.parse("Sat-Sun 00:00-06:00")
    closed = replace(bench.context, config=replace(bench.context.config, blackouts=(now,)))
    with pytest.raises(Refused, match="a blackout time"):
        qualify(closed, "acc1", SPARE, fill=True)
    with pytest.raises(Refused, match="no change window is open"):
        qualify(bench.configured(windows=(night,)), "acc1", SPARE)
    assert bench.acc1.seen == []


@pytest.mark.parametrize("instant", ["^ip access-list extended LW", "^ip access-group", "^show ip access-lists LW"])
async def test_a_way_back_that_runs_in_between_leaves_nothing_behind(bench: Bench, instant: str) -> None:
    """As where the trial takes longer than the switch's shortest timer: what comes after it has no way back."""
    before = bench.acc1.configurations
    bench.acc1.on(instant, lambda: bench.acc1.machine.fire())
    known = qualify(bench.context, "acc1", SPARE)
    assert not known.passed and "NOT cleaned up" not in told(known), known.results
    assert bench.acc1.configurations == before and bench.acc1.machine.rollback is None


async def test_what_cannot_be_cleaned_up_is_said(bench: Bench) -> None:
    bench.acc1.on("^configure confirm", lambda: bench.acc1.faults(deny=["^no ip access-group"]))
    known = qualify(bench.context, "acc1", SPARE)
    assert not known.passed and "authorization failed" in told(known)["NOT cleaned up"]
    assert f"lanward release acc1` takes our ACLs off {port(6)}" in told(known)["NOT cleaned up"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
async def test_however_a_trial_ends_it_is_cleaned_up(bench: Bench, kind: type[BaseException]) -> None:
    before = bench.acc1.configurations

    def end() -> None:
        raise kind

    bench.acc1.on("^show ip access-lists LW", end)
    with pytest.raises(kind):
        qualify(bench.context, "acc1", SPARE)
    assert bench.acc1.configurations == before and bench.acc1.machine.rollback is None


async def test_a_trial_that_is_stopped_is_none(bench: Bench) -> None:
    before, kept = bench.acc1.configurations, bench.store.qualifications()
    context = replace(bench.context, stop=lambda: "configure revert now" in bench.acc1.seen)
    with pytest.raises(Interrupted, match="acc1 is not qualified: the trial was stopped"):
        qualify(context, "acc1", SPARE)
    entry = list(bench.store.audit())[-1]
    assert (entry.actor, entry.action, entry.subject) == ("alice", "switch.try", "acc1"), "it wrote on a switch"
    assert bench.acc1.configurations == before and bench.store.qualifications() == kept
