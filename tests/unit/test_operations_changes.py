"""A change's life: who may ask and approve, which digest, when it may begin, and what its receipts make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.config import Roles
from agent.guard import Blackout
from agent.model.change import Change, ChangeState, Receipt, ReceiptState
from agent.model.errors import BadInput, DeviceFault, Refused, UnknownName, WrongDigest
from agent.operations import changes
from agent.operations.context import Context
from agent.operations.sessions import read_switches
from tests.unit.change_bench import NOW, Bench, port

IN_TAIPEI = "Mon 09:00-11:00"  # the bench's clock shows Monday, 10:00 there


def with_roles(bench: Bench, *groups: str, **roles: tuple[str, ...]) -> Context:
    settings = replace(bench.context.config, roles=Roles(**roles))
    return replace(bench.context, config=settings, groups=frozenset(groups))


async def test_who_may_ask_and_who_may_approve(bench: Bench) -> None:
    plan, *_ = changes.make_plan(bench.context, only=("D11",))
    with pytest.raises(Refused, match=r"alice may not ask for a change; members of netops may"):
        changes.record_plan(with_roles(bench, "staff", requester=("netops",)), plan)
    made = changes.record_plan(with_roles(bench, "netops", requester=("netops",)), plan)
    with pytest.raises(Refused, match="may not approve"):
        changes.approve(with_roles(bench, "netops", approver=("security",)), made.id, made.digest)
    entitled = with_roles(bench, "security", approver=("security",))
    with pytest.raises(Refused, match="alice asked for it and may not approve"):
        changes.approve(entitled, made.id, made.digest)
    done = changes.approve(replace(entitled, actor="bob"), made.id, made.digest)
    assert (done.state, done.approver) == (ChangeState.APPROVED, "bob")
    assert done.approved and timedelta() < done.approved - NOW < timedelta(seconds=1)


async def test_an_approval_names_the_plan_by_its_digest(bench: Bench) -> None:
    made, other = bench.planned("D11"), bench.planned("D12")
    for wrong in (other.digest, made.digest[:11], "", "0" * 64):
        with pytest.raises(WrongDigest):
            changes.approve(bench.context, made.id, wrong)
    assert changes.approve(bench.context, made.id, made.digest[:12].upper()).state is ChangeState.APPROVED
    with pytest.raises(BadInput, match="only a planned or held"):
        changes.approve(bench.context, made.id, made.digest)


async def test_a_plan_that_was_altered_in_the_database_is_neither_approved_nor_begun(bench: Bench) -> None:
    made = bench.planned("D11")
    forged = replace(made.plan, site="another")
    bench.store.add_change(replace(made, id="c-forged1", plan=forged))
    bench.store.add_change(replace(made, id="c-forged2", plan=forged, state=ChangeState.APPROVED))
    with pytest.raises(WrongDigest, match="not the one that was made"):
        changes.approve(bench.context, "c-forged1", made.digest)
    with pytest.raises(WrongDigest, match="not the one that was approved"):
        changes.begin(bench.context, "c-forged2")


async def test_only_an_approved_change_begins_and_only_once(bench: Bench) -> None:
    made = bench.planned("D11")
    with pytest.raises(BadInput, match="is planned, not approved"):
        changes.begin(bench.context, made.id)
    changes.approve(bench.context, made.id, made.digest)
    assert changes.begin(bench.context, made.id) == (("acc1",),)
    with pytest.raises(BadInput, match="is applying, not approved"):
        changes.begin(bench.context, made.id)


@pytest.mark.parametrize(
    ("windows", "blackouts", "open_now"),
    [
        ((), (), True),
        ((IN_TAIPEI,), (), True),
        (("Mon 11:00-12:00",), (), False),
        (("Tue 09:00-11:00", IN_TAIPEI), (), True),
        ((), (IN_TAIPEI,), False),
        ((IN_TAIPEI,), ("Mon-Fri 08:30-13:45",), False),
        ((), ("Tue 09:00-11:00",), True),
    ],
)
async def test_windows_and_blackouts(
    bench: Bench, windows: tuple[str, ...], blackouts: tuple[str, ...], open_now: bool
) -> None:
    context = bench.configured(windows=tuple(map(Blackout.parse, windows)))
    context = replace(context, config=replace(context.config, blackouts=tuple(map(Blackout.parse, blackouts))))
    approved = bench.approved("D11")
    if open_now:
        assert changes.begin(context, approved.id)
        return
    with pytest.raises(Refused, match=r"window is open|blackout"):
        changes.begin(context, approved.id)
    assert bench.store.change(approved.id).state is ChangeState.APPROVED


async def test_a_window_that_closes_between_two_switches_stops_the_second(make_site: Callable[..., Bench]) -> None:
    site = make_site(switches=2)
    context = site.configured(windows=(Blackout.parse(IN_TAIPEI),))
    approved = site.approved("D11", "D21")
    changes.begin(context, approved.id)
    assert changes.carry_out(context, approved.id, "acc1").state is ReceiptState.APPLIED
    site.clock.moment += timedelta(hours=2)
    before = site.switches["acc2"].configurations
    with pytest.raises(Refused, match="no change window"):
        changes.carry_out(context, approved.id, "acc2")
    assert site.switches["acc2"].configurations == before
    assert changes.finish(context, approved.id).state is ChangeState.HELD


# --- switches that cannot be read


async def test_a_plan_for_a_device_whose_switch_does_not_answer(make_site: Callable[..., Bench]) -> None:
    site = make_site(switches=2)
    site.acc1.reachable = False
    with pytest.raises(DeviceFault, match="D11 cannot be planned: acc1: no session"):
        changes.make_plan(site.context, only=("D11",))
    plan, unread, _ = changes.make_plan(site.context, only=("D21",))
    assert [p.switch for p in plan.switches] == ["acc2"] and [one.switch for one in unread] == ["acc1"]
    site.switches["acc2"].reachable = False
    with pytest.raises(DeviceFault, match="acc1: no session"):
        changes.make_plan(site.context)


async def test_a_plan_says_which_of_its_switches_are_not_qualified(bench: Bench) -> None:
    assert changes.make_plan(bench.context, only=("D11",))[2] == ()
    (known,) = bench.store.qualifications()
    bench.store.save_qualification(replace(known, passed=False))
    assert changes.make_plan(bench.context, only=("D11",))[2] == ("acc1",)


async def test_a_rollback_of_a_switch_that_does_not_answer(bench: Bench) -> None:
    done = bench.applied("D11")
    bench.acc1.reachable = False
    with pytest.raises(DeviceFault, match="no session"):
        changes.plan_rollback(bench.context, done.id)
    assert bench.store.change(done.id).state is ChangeState.APPLIED
    assert read_switches(bench.context, bench.context.config.switches)[0] == ()


async def test_a_device_that_must_be_left_alone_or_is_not_there(bench: Bench) -> None:
    bench.acc1.by_hand(f"interface {port(1)}", "switchport mode trunk")
    with pytest.raises(Refused, match=r"D11: .* is a trunk port"):
        changes.make_plan(bench.context, only=("D11",))
    with pytest.raises(UnknownName, match="no device 'D99'"):
        changes.make_plan(bench.context, only=("D99",))


# --- what receipts make of a change


def receipts(change: Change, states: str) -> tuple[Receipt, ...]:
    named = {"a": ReceiptState.APPLIED, "r": ReceiptState.REVERTED, "f": ReceiptState.FAILED, "h": ReceiptState.HELD}
    chosen = named | {"u": ReceiptState.UNTOUCHED}
    return tuple(
        Receipt(change.id, plan.switch, chosen[letter], NOW, NOW, ())
        for plan, letter in zip(change.plan.switches, states, strict=False)
    )


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        ("aa", ChangeState.APPLIED), ("a", ChangeState.HELD), ("", ChangeState.APPROVED), ("uu", ChangeState.APPROVED),
        ("rr", ChangeState.REVERTED), ("ru", ChangeState.REVERTED), ("ar", ChangeState.HELD), ("af", ChangeState.HELD),
        ("f", ChangeState.HELD), ("h", ChangeState.HELD), ("uh", ChangeState.HELD), ("ua", ChangeState.HELD),
        ("ra", ChangeState.HELD),
    ],
)  # fmt: skip
async def test_an_outcome_is_never_better_than_its_switches(
    make_site: Callable[..., Bench], states: str, outcome: ChangeState
) -> None:
    change = make_site(switches=2).planned("D11", "D21")
    assert len(change.plan.switches) == 2
    assert changes.outcome(change, receipts(change, states)) is outcome


async def test_what_a_dead_process_left_is_held_and_looked_at(bench: Bench) -> None:
    """It died right after binding: the switch takes its own way back, and nothing goes on without a new approval."""
    before = bench.acc1.configurations
    approved = bench.approved("D11")
    changes.begin(bench.context, approved.id)

    def die() -> None:
        raise KeyboardInterrupt

    bench.acc1.on("^configure confirm", die)
    with pytest.raises(KeyboardInterrupt):
        changes.carry_out(bench.context, approved.id, "acc1")
    (held,) = changes.hold_unfinished(bench.context)
    assert (held.id, held.state) == (approved.id, ChangeState.HELD)
    assert [r.state for r in bench.store.receipts(approved.id)] == [ReceiptState.HELD]
    bench.clock.sleep(3600)
    assert bench.acc1.configurations == before
    assert changes.hold_unfinished(bench.context) == ()
    assert [r.state for r in bench.store.receipts(approved.id)] == [ReceiptState.REVERTED]
    with pytest.raises(BadInput, match="is held, not approved"):
        changes.begin(bench.context, approved.id)
    changes.approve(bench.context, approved.id, approved.digest)
    assert bench.carry_out(approved.id).state is ChangeState.APPLIED
