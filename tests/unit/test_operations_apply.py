"""Apply on emulated switches: the way there, and from each step that fails the way back to the last byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from agent.model.change import ChangeState, Form, Receipt, ReceiptState, StepResult
from agent.operations import changes
from agent.operations.receipts import DEVICE, SAFETY
from lab.switch.hardware import bound
from tests.unit.change_bench import OWN, Bench, BenchSwitch, address, mac, port

STEPS = [
    "the switch's clock",
    "the way to AAA, DHCP relay, NTP and syslog",
    "preflight",
    "undo file",
    "arm the way back",
    "create, read back and prove",
    "the plan's machines are on their ports",
    "bind",
    "a new session opens",
    "running configuration is the plan's",
]


def receipt(bench: Bench, change: str, switch: str = "acc1") -> Receipt:
    (found,) = [one for one in bench.store.receipts(change) if one.switch == switch]
    return found


def failures(found: Receipt) -> str:
    return " | ".join(f"{s.name}: {s.detail}" for s in found.steps if s.result is StepResult.FAILED)


async def test_a_change_from_plan_to_saved(bench: Bench) -> None:
    before = bench.acc1.configurations
    done = bench.applied("D11", "D12")
    found = receipt(bench, done.id)
    assert (done.state, found.state) == (ChangeState.APPLIED, ReceiptState.APPLIED)
    assert [step.name for step in found.steps][: len(STEPS)] == STEPS
    assert found.steps[-1].name == "save" and not failures(found)
    machine = bench.acc1.machine
    carried = {port(n): bound(machine.running, port(n)) for n in range(1, 7)}
    assert {p for p, acl in carried.items() if acl} == {port(1), port(2)}
    assert machine.text(machine.running) == machine.startup != before[1] and machine.rollback is None
    seen = {s.name: s.result for s in found.steps if "tcp/" in s.name}
    assert seen[f"D11 {address(1, 1)} tcp/443 still answers"] is StepResult.OK
    assert seen[f"D11 {address(1, 1)} tcp/80 no longer answers"] is StepResult.OK
    undo = bench.context.undo_directory / f"{done.id}-acc1.undo"
    assert found.undo_file == str(undo) and undo.stat().st_mode & 0o077 == 0
    assert [row.action for row in bench.store.audit()] == [
        "change.plan", "change.approve", "change.apply", "change.switch", "change.finish",
    ]  # fmt: skip


async def test_the_undo_file_works_without_lanward(bench: Bench) -> None:
    before = bench.acc1.configurations
    done = bench.applied("D11")
    lines = (bench.context.undo_directory / f"{done.id}-acc1.undo").read_text().splitlines()
    with bench.context.enforcer.open(bench.context.switch("acc1")) as session:
        for line in lines:
            session.show(line)
    assert bench.acc1.configurations == before


async def test_the_exclusive_form_for_a_device_alone_on_its_port(bench: Bench) -> None:
    done = bench.applied("D13", context=bench.configured(exclusive=True))
    (binding,) = done.plan.switches[0].bind
    assert (done.state, binding.form) == (ChangeState.APPLIED, Form.EXCLUSIVE)
    (acl,) = done.plan.switches[0].acls
    assert not any(line.endswith("permit ip any any") for line in acl.lines)
    before = bench.acc1.configurations
    second = bench.approved("D14", context=bench.configured(exclusive=True))
    bench.acc1.learn((mac(1, 3), 3), (mac(1, 4), 4), (mac(1, 9), 4))
    assert bench.carry_out(second.id).state is ChangeState.APPROVED
    assert f"{mac(1, 9)} is on the port too" in failures(receipt(bench, second.id))
    assert bench.acc1.configurations == before


async def test_two_switches_canary_first(make_site: Callable[..., Bench]) -> None:
    site = make_site(switches=2)
    approved = site.approved("D11", "D21")
    assert changes.begin(site.context, approved.id) == (("acc1",), ("acc2",))
    changes.carry_out(site.context, approved.id, "acc1")
    assert changes.still_holds(site.context, approved.id)
    assert changes.finish(site.context, approved.id).state is ChangeState.HELD
    assert "LW-" in site.acc1.configurations[0] and "LW-" not in site.switches["acc2"].configurations[0]


async def test_the_canary_is_looked_at_again_after_its_soak(make_site: Callable[..., Bench]) -> None:
    site = make_site(switches=2)
    approved = site.approved("D11", "D21")
    changes.begin(site.context, approved.id)
    changes.carry_out(site.context, approved.id, "acc1")
    site.acc1.by_hand(f"interface {port(1)}", "no ip access-group " + bound(site.acc1.machine.running, port(1)) + " in")
    assert not changes.still_holds(site.context, approved.id)


async def test_a_second_time_finds_all_done(bench: Bench) -> None:
    """After a crash between the confirmation and the saving there is nothing to do but to save."""
    approved = bench.approved("D11")
    before = bench.acc1.configurations
    bench.acc1.on("^write memory", lambda: bench.acc1.faults(deny=["^write"]))
    changes.begin(bench.context, approved.id)
    found = changes.carry_out(bench.context, approved.id, "acc1")
    assert found.state is ReceiptState.APPLIED and "in force, not saved" in failures(found)
    assert bench.acc1.configurations[1] == before[1]
    bench.acc1.faults()
    again = changes.carry_out(bench.context, approved.id, "acc1")
    assert [step.name for step in again.steps] == ["looked first", "save"] and again.state is ReceiptState.APPLIED
    assert bench.acc1.configurations[0] == bench.acc1.configurations[1]


# --- each step that fails


def another_hand(switch: BenchSwitch) -> None:
    """A second administrator types on a port while the way back is armed; the timer takes that back too."""
    switch.by_hand("interface GigabitEthernet1/0/6", "description his", save=False)


FAULTS: list[tuple[str, str, Callable[[Bench], object], str]] = [
    ("arming is denied", "", lambda b: b.acc1.faults(deny=["^configure terminal revert"]), "authorization failed"),
    ("creating is denied", "", lambda b: b.acc1.faults(deny=["^ip access-list"]), "authorization failed"),
    ("a line of the ACL is denied", "", lambda b: b.acc1.faults(deny=["^[0-9]+ deny"]), "authorization failed"),
    ("binding is denied", "", lambda b: b.acc1.faults(deny=["^ip access-group"]), "authorization failed"),
    (
        "the ACL read back is another one",
        "^show ip access-lists LW",
        lambda b: b.acc1.by_hand(f"ip access-list extended {newest(b)}", "5 permit ip host 10.20.1.1 any", save=False),
        "not what its name says",
    ),
    (
        "the device has gone just before binding",
        "^show ip access-lists LW",
        lambda b: b.acc1.learn((mac(1, 2), 2)),
        "is not on the port now",
    ),
    ("no VTY is left for the second session", "^ip access-group", lambda b: b.acc1.faults(no_vty=True), "VTY"),
    ("somebody else is at work", "^ip access-group", lambda b: another_hand(b.acc1), "somebody else is at work"),
    (
        "the hardware ignores the binding",
        "^ip access-group",
        lambda b: b.acc1.faults(ignore_bind=True),
        "entries are free, as before",
    ),
    ("the table is full", "^ip access-group", lambda b: b.acc1.faults(tcam_entries=1), "no alarm in the log|are free"),
    (
        "the device is not learned any more",
        "^ip access-group",
        lambda b: b.acc1.learn((mac(1, 2), 2)),
        "is not learned any more",
    ),
    (
        "an allowed service is silent",
        "^ip access-group",
        lambda b: b.prober.silent.add((address(1, 1), 443)),
        "still answers: it is silent",
    ),
    ("a closed service answers", "^ip access-group", lambda b: setattr(b.prober, "leaky", True), "it answers"),
    ("confirming is denied", "", lambda b: b.acc1.faults(deny=["^configure confirm"]), "authorization failed"),
    (
        "the way back runs too early",
        "^configure confirm",
        lambda b: b.acc1.machine.fire(),
        "its way back ran before it was confirmed",
    ),
]


def newest(bench: Bench) -> str:
    return next(name for name in bench.acc1.seen[::-1] if name.startswith("ip access-list extended LW-")).split()[-1]


@pytest.mark.parametrize(("pattern", "fault", "says"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
async def test_each_step_that_fails_takes_the_way_back(
    bench: Bench, pattern: str, fault: Callable[[Bench], object], says: str
) -> None:
    before = bench.acc1.configurations
    approved = bench.approved("D11")
    if pattern:
        bench.acc1.on(pattern, lambda: fault(bench))
    else:
        fault(bench)
    bench.acc1.on("^configure revert now", bench.acc1.faults)
    done = bench.carry_out(approved.id)
    found = receipt(bench, done.id)
    assert (done.state, found.state) == (ChangeState.REVERTED, ReceiptState.REVERTED), failures(found)
    assert re.search(says, failures(found)), failures(found)
    assert bench.acc1.configurations == before and bench.acc1.machine.rollback is None
    assert found.after == found.before == bench.state().digest


async def test_a_lost_session_is_taken_back_by_the_switch_itself(bench: Bench) -> None:
    before = bench.acc1.configurations
    approved = bench.approved("D11")
    began = bench.clock.now()

    def drop() -> None:
        bench.acc1.faults(drop_session_after=1)
        bench.acc1.on("<open>", bench.acc1.faults)

    bench.acc1.on("^ip access-group", drop)
    done = bench.carry_out(approved.id)
    found = receipt(bench, done.id)
    assert (done.state, found.state) == (ChangeState.REVERTED, ReceiptState.REVERTED), failures(found)
    assert bench.clock.now() - began >= timedelta(minutes=bench.context.config.change.revert_minutes)
    assert "session lost" in failures(found) and "take back" in failures(found)
    assert bench.acc1.configurations == before


async def test_a_switch_that_never_answers_again_is_not_called_whole(bench: Bench) -> None:
    approved = bench.approved("D11")

    def cut() -> None:
        bench.acc1.reachable = False
        bench.acc1.faults(drop_session_after=1)

    bench.acc1.on("^ip access-group", cut)
    done = bench.carry_out(approved.id)
    found = receipt(bench, done.id)
    assert (done.state, found.state) == (ChangeState.HELD, ReceiptState.FAILED)
    assert found.steps[-1].name == "look again" and "no session" in found.steps[-1].detail
    bench.acc1.reachable = True
    bench.acc1.faults()
    bench.clock.sleep(3600)
    changes.look_again(bench.context, bench.store.change(done.id))
    assert receipt(bench, done.id).state is ReceiptState.REVERTED


async def test_an_unreachable_switch_is_untouched_and_whose_fault_it_was_is_said(bench: Bench) -> None:
    approved = bench.approved("D11")
    bench.acc1.reachable = False
    done = bench.carry_out(approved.id)
    found = receipt(bench, done.id)
    assert (done.state, found.state) == (ChangeState.APPROVED, ReceiptState.UNTOUCHED)
    assert [step.name for step in found.steps] == [DEVICE]
    *_, last = bench.store.audit()
    assert dict(last.facts)["reason"].startswith("acc1: no session")


async def test_a_refusal_before_anything_is_written_spends_no_approval(bench: Bench) -> None:
    """The same approval, by the same person at the same time, is good for the next attempt."""
    approved = bench.approved("D11")
    bench.acc1.by_hand(f"interface {port(6)}", "description his", save=False)
    refused = bench.carry_out(approved.id)
    assert refused == approved and receipt(bench, refused.id).state is ReceiptState.UNTOUCHED
    (told,) = [row for row in bench.store.audit() if row.action == "change.finish"]
    facts = dict(told.facts)
    assert facts["state"] == "approved" and "somebody's work is not saved" in facts["reason"]
    bench.acc1.by_hand(f"interface {port(6)}", "no description", save=False)
    assert bench.carry_out(approved.id).state is ChangeState.APPLIED


async def test_a_plan_that_is_stale_is_spent(bench: Bench) -> None:
    approved = bench.approved("D11")
    bench.acc1.by_hand(f"interface {port(6)}", "description his")
    done = bench.carry_out(approved.id)
    found = receipt(bench, done.id)
    assert (done.state, found.state) == (ChangeState.REVERTED, ReceiptState.UNTOUCHED)
    assert "plan and approve again" in failures(found)


async def test_a_refusal_before_anything_is_written_leaves_it_untouched(bench: Bench) -> None:
    before = bench.acc1.configurations
    approved = bench.approved("D11")
    bench.acc1.machine.now = lambda: bench.clock.now() - timedelta(minutes=20)
    done = bench.carry_out(approved.id)
    found = receipt(bench, done.id)
    assert found.state is ReceiptState.UNTOUCHED and not found.undo_file
    assert [s.name for s in found.steps if s.result is StepResult.FAILED] == ["the switch's clock", SAFETY]
    assert "20 min off" in failures(found) and bench.acc1.configurations == before


async def test_without_a_way_back_it_must_be_accepted(bench: Bench) -> None:
    bench.acc1.by_hand("no archive")
    approved = bench.approved("D11")
    assert bench.carry_out(approved.id).state is ChangeState.APPROVED
    assert "--without-safety-net" in failures(receipt(bench, approved.id))
    changes.begin(bench.context, approved.id)
    found = changes.carry_out(bench.context, approved.id, "acc1", without_safety_net=True)
    assert found.state is ReceiptState.APPLIED
    assert ("arm the way back", StepResult.NOT_VERIFIABLE) in [(s.name, s.result) for s in found.steps]


async def test_without_a_way_back_a_failure_is_undone_by_its_native_commands(bench: Bench) -> None:
    bench.acc1.by_hand("no archive")
    before = bench.acc1.configurations
    approved = bench.approved("D11")
    bench.acc1.on("^ip access-group", lambda: bench.prober.silent.add((address(1, 1), 443)))
    changes.begin(bench.context, approved.id)
    found = changes.carry_out(bench.context, approved.id, "acc1", without_safety_net=True)
    assert found.state is ReceiptState.REVERTED and bench.acc1.configurations == before


def test_the_bench_lets_this_machine_in_where_the_policy_does(bench: Bench) -> None:
    assert bench.prober.source(address(1, 1)) == OWN
    assert bench.prober.answers([(address(1, 1), 80)]) == {(address(1, 1), 80): True}
