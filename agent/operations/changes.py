"""A change from plan to receipt: plan, approve, begin, carry out a switch, finish, hold, roll back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from agent.exceptions import Ground, day_of, grounds
from agent.model.change import Change, ChangeState, Plan, Receipt, ReceiptState, Step, StepResult, SwitchPlan
from agent.model.errors import BadInput, DeviceFault, LanwardError, PartlyApplied, Refused, UnknownName, WrongDigest
from agent.model.finding import Verdict
from agent.model.switch import SwitchState
from agent.operations import roles
from agent.operations.apply import Job, apply_switch, standing
from agent.operations.context import Context
from agent.operations.in_force import held_now, in_force
from agent.operations.judge import judged, own_networks
from agent.operations.preflight import unqualified
from agent.operations.protection import protection
from agent.operations.receipts import is_stale, verdict
from agent.operations.register import find
from agent.operations.sessions import Unread, observe, read_switches
from agent.operations.verify import Drift, differences
from agent.operations.waivers import own
from agent.plan import PlanRequest, build, digest
from agent.plan.build import with_commands
from agent.plan.script import inverse, on_ports
from agent.ports import Store

CLOSING_CLAUSES = frozenset({"A7-3", "A7-4"})
"""Clauses whose failures an ACL on the device's port can mend."""


def wanted_devices(context: Context, only: Iterable[str] = (), drift: Iterable[Drift] = ()) -> frozenset[str]:
    """Devices with a finding that an ACL can mend, with an exception whose control an ACL is, or that an ACL of ours
    holds already; or just those named.

    Judged anew: a finding that was kept may have passed by an ACL that has been taken off since.
    """
    store = context.store()
    if named := frozenset(find(context, name).id for name in only):
        return named
    known = {device.id for device in store.devices(context.config.site, evidence=False)}
    open_findings = (
        f.device
        for f in judged(context, drift)
        if f.clause in CLOSING_CLAUSES and f.status in (Verdict.FAIL, Verdict.EXCEPTED)
    )
    guarded = (ground.device for ground in standing_grounds(context))
    return frozenset((*open_findings, *guarded)) & known | held_devices(store, context.config.site)


def standing_grounds(context: Context) -> tuple[Ground, ...]:
    """What exceptions in force ask of the switches today."""
    return grounds(own(context), day_of(context.clock.now()))


def held_devices(store: Store, site: str) -> frozenset[str]:
    """Devices that a change in force binds an ACL for."""
    return frozenset(device for one in held_now(store, site) for device in one.binding.devices)


def make_plan(
    context: Context, *, only: Iterable[str] = (), ticket: str = ""
) -> tuple[Plan, tuple[Unread, ...], tuple[str, ...]]:
    """Read the switches and build a plan; also which of them could not be read, and which of its are not qualified.

    Raise Refused where devices were named and one of them must be left alone, and for a viewer; DeviceFault where its
    switch does not answer or no switch at all does.
    """
    roles.require_hand(context, "plan a change")
    named, policy = frozenset(find(context, name).id for name in only), context.policy()
    devices = context.store().devices(context.config.site, evidence=False)
    states, errors = read_switches(context, context.config.switches)
    wanted = wanted_devices(context, named, differences(context, states, errors))
    plan = build(
        PlanRequest(
            site=context.config.site,
            made=context.clock.now(),
            policy=policy,
            devices=devices,
            wanted=wanted | held_devices(context.store(), context.config.site),
            switches=context.config.switches,
            states=states,
            platforms={s.platform: context.platforms(s.platform) for s in context.config.switches if s.platform},
            protection=protection(context, devices),
            ticket=ticket,
            exclusive=context.config.change.exclusive,
            revert_seconds=60 * context.config.change.revert_minutes,
            grounds=standing_grounds(context),
            own=own_networks(context),
        )
    )
    _require_placed(plan, named, errors)
    if errors and not states:
        raise errors[0].error
    return plan, errors, unqualified(context.store().qualifications(), plan.switches, states)


def _require_placed(plan: Plan, named: frozenset[str], errors: Iterable[Unread]) -> None:
    """Raise for a named device that the plan leaves alone; a switch that does not answer is no question of safety."""
    silent = {one.switch: one.error for one in errors if isinstance(one.error, DeviceFault)}
    for omission in plan.omitted:
        if not named & set(omission.device.split(", ")):
            continue
        fault = silent.get(omission.where.partition(" ")[0])
        if fault:
            raise DeviceFault(f"{omission.device} cannot be planned: {fault}")
        raise Refused(f"{omission.device}: {omission.reason}")


def record_plan(context: Context, plan: Plan, ticket: str = "") -> Change:
    """Keep a plan as a change that waits for approval; raise Refused for who may not ask for one."""
    roles.require_hand(context, "ask for a change")
    now = context.clock.now()
    change = Change(
        f"c-{uuid.uuid4().hex[:8]}", ChangeState.PLANNED, digest(plan), plan, context.actor, now, ticket=ticket
    )
    context.store().add_change(change)
    _record(context, "change.plan", change.id, digest=change.digest)
    return change


def approve(context: Context, change_id: str, named_digest: str) -> Change:
    """Approve a change by its digest; raise WrongDigest for another one, BadInput for a change past approval.

    Raise Refused for who is no approver and, where roles are configured, for who asked for the change.
    """
    roles.require_approver(context, "approve a change")
    change = context.store().change(change_id)
    if roles.configured(context):
        roles.require_other(context, change.requester, f"approve {change_id}")
    return _approved(context, change, named_digest)


def approve_rollback(context: Context, change: Change) -> Change:
    """Agree to a rollback as the one who made it: it restores what was, and the fire exit needs no second person."""
    roles.require_hand(context, "roll a change back")
    return _approved(context, change, change.digest)


def _approved(context: Context, change: Change, named_digest: str) -> Change:
    change_id = change.id
    if digest(change.plan) != change.digest:
        raise WrongDigest(f"{change_id}: its stored plan is not the one that was made", hint="plan again")
    if len(named_digest) < 12 or not change.digest.startswith(named_digest.lower()):
        raise WrongDigest(
            f"{change_id}: '{named_digest}' is not its digest", hint=f"read the plan: lanward change show {change_id}"
        )
    if change.state not in (ChangeState.PLANNED, ChangeState.HELD):
        raise BadInput(f"{change_id} is {change.state}: only a planned or held change can be approved")
    now = context.clock.now()
    done = context.store().advance_change(change_id, change.state, ChangeState.APPROVED, approver=context.actor, at=now)
    _record(context, "change.approve", change_id, digest=change.digest)
    return done


def begin(context: Context, change_id: str) -> tuple[tuple[str, ...], ...]:
    """Take an approved change up; its switches wave by wave, the canary alone first.

    Raise BadInput for a change that is not approved, Refused outside a change window and for a viewer.
    """
    roles.require_hand(context, "apply a change")
    change = context.store().change(change_id)
    if change.state is not ChangeState.APPROVED:
        raise BadInput(f"{change_id} is {change.state}, not approved", hint=f"lanward change approve {change_id}")
    if digest(change.plan) != change.digest:
        raise WrongDigest(f"{change_id}: its stored plan is not the one that was approved", hint="plan again")
    require_window(context, context.clock.now())
    context.store().advance_change(change_id, ChangeState.APPROVED, ChangeState.APPLYING)
    _record(context, "change.apply", change_id, digest=change.digest)
    waves = sorted({plan.wave for plan in change.plan.switches})
    return tuple(tuple(p.switch for p in change.plan.switches if p.wave == wave) for wave in waves)


def require_window(context: Context, now: datetime) -> None:
    """Raise Refused in a blackout, and where change windows are configured and none is open."""
    if any(blackout.covers(now) for blackout in context.config.blackouts):
        raise Refused("a blackout time: no change begins", hint="[scope] blackout in lanward.toml says until when")
    windows = context.config.change.windows
    if windows and not any(window.covers(now) for window in windows):
        raise Refused("no change window is open", hint="[change] window in lanward.toml says when one is")


def carry_out(context: Context, change_id: str, switch: str, *, without_safety_net: bool = False) -> Receipt:
    """One switch's share of a change that is being applied."""
    store = context.store()
    change = store.change(change_id)
    if change.state is not ChangeState.APPLYING:
        raise Refused(f"{change_id} is {change.state}: nothing is written")
    require_window(context, context.clock.now())
    plan = switch_plan(change, switch)
    holdings = tuple(h for h in change.plan.holdings if h.switch == switch)
    devices = store.devices(context.config.site, evidence=False)
    receipt = apply_switch(Job(context, change_id, plan, holdings, devices, without_safety_net))
    _record(context, "change.switch", change_id, switch=switch, state=receipt.state, after=receipt.after)
    return receipt


def still_holds(context: Context, change_id: str) -> bool:
    """After the soak: every switch that was changed so far still carries the change, and nothing else."""
    store = context.store()
    change = store.change(change_id)
    for receipt in store.receipts(change_id):
        if receipt.state is ReceiptState.APPLIED:
            state = observe(context, context.switch(receipt.switch))
            if standing(state, switch_plan(change, receipt.switch), "") is not ReceiptState.APPLIED:
                return False
    return True


def switch_plan(change: Change, switch: str) -> SwitchPlan:
    """A change's plan for one switch; raise UnknownName where it has none."""
    for plan in change.plan.switches:
        if plan.switch == switch:
            return plan
    raise UnknownName(f"{change.id} has no plan for {switch}")


def finish(context: Context, change_id: str) -> Change:
    """Settle a change's state from its receipts; an approval that nothing came of stands, in its approver's name."""
    store = context.store()
    change = store.change(change_id)
    if change.state is not ChangeState.APPLYING:
        return change
    receipts = store.receipts(change_id)
    to = outcome(change, receipts)
    done = store.advance_change(change_id, change.state, to, approver=change.approver, at=change.approved)
    why = verdict(receipts) if done.state is not ChangeState.APPLIED else None
    _record(context, "change.finish", change_id, state=done.state, **({"reason": why.detail} if why else {}))
    return done


def outcome(change: Change, receipts: Iterable[Receipt]) -> ChangeState:
    """Applied where every switch is; approved again where nothing was written on any and the plan is not stale;
    reverted where all are whole-old otherwise; held in between.
    """
    kept = tuple(receipts)
    states = {receipt.switch: receipt.state for receipt in kept}
    reached = [states.get(plan.switch, ReceiptState.UNTOUCHED) for plan in change.plan.switches]
    if reached and all(state is ReceiptState.APPLIED for state in reached):
        return ChangeState.APPLIED
    if all(state is ReceiptState.UNTOUCHED for state in reached) and not any(map(is_stale, kept)):
        return ChangeState.APPROVED
    if all(state in (ReceiptState.REVERTED, ReceiptState.UNTOUCHED) for state in reached):
        return ChangeState.REVERTED
    return ChangeState.HELD


def hold_unfinished(context: Context) -> tuple[Change, ...]:
    """Put every change that a dead process was applying on hold, and look at what its switches really carry.

    Called by whoever owns the workflows now; writes nothing to any switch.
    """
    store = context.store()
    held = []
    ours = [change for change in store.changes() if change.plan.site == context.config.site]
    for change in ours:
        if change.state is ChangeState.APPLYING:
            held.append(store.advance_change(change.id, ChangeState.APPLYING, ChangeState.HELD))
            _record(context, "change.hold", change.id)
    for change in ours:
        if store.change(change.id).state is ChangeState.HELD:
            look_again(context, change)
    return tuple(held)


def look_again(context: Context, change: Change) -> None:
    """Bring the receipts of a held change up to what its switches carry now."""
    store = context.store()
    for receipt in store.receipts(change.id):
        if receipt.state not in (ReceiptState.HELD, ReceiptState.FAILED):
            continue
        plan = switch_plan(change, receipt.switch)
        try:
            state = observe(context, context.switch(receipt.switch))
        except LanwardError:
            continue
        if (seen := seen_again(receipt, plan, state, context.clock.now())).state is not receipt.state:
            store.save_receipt(seen)


def seen_again(receipt: Receipt, plan: SwitchPlan, state: SwitchState, now: datetime) -> Receipt:
    """A dead process's receipt by what the switch carries; without an undo file nothing had been written yet."""
    found = standing(state, plan, receipt.before or plan.state)
    if not receipt.undo_file and found is not ReceiptState.APPLIED:
        found = ReceiptState.UNTOUCHED
    steps = [Step("look again", StepResult.OK, f"the switch is {found}", now)]
    if found is ReceiptState.APPLIED and state.dirty:
        steps.append(Step("save", StepResult.FAILED, "in force, not saved", now))
    return replace(receipt, state=found, after=state.digest, ended=now, steps=(*receipt.steps, *steps))


def plan_rollback(context: Context, change_id: str) -> Change:
    """A change that takes an applied one back, made from the switches as they are; raise BadInput for any other."""
    roles.require_hand(context, "roll a change back")
    change = context.store().change(change_id)
    if change.state not in (ChangeState.APPLIED, ChangeState.HELD):
        raise BadInput(f"{change_id} is {change.state}: there is nothing to take back")
    receipts = context.store().receipts(change_id)
    for receipt in receipts:
        if receipt.state in (ReceiptState.FAILED, ReceiptState.HELD):
            raise Refused(
                f"{change_id}: {receipt.switch} is {receipt.state}, so what to take back there is not known",
                hint=f"lanward verify looks again; lanward release {receipt.switch} opens it",
            )
    applied = {r.switch for r in receipts if r.state is ReceiptState.APPLIED}
    plans = tuple(_still_held(context, p, change) for p in change.plan.switches if p.switch in applied)
    if any(plan.release for plan in plans):
        raise Refused(f"{change_id} released ports; binding them again needs a plan of today", hint="lanward plan")
    plans = tuple(plan for plan in plans if plan.bind)
    if not plans:
        raise BadInput(f"{change_id} holds no port any more: there is nothing to take back")
    states, errors = read_switches(context, [context.switch(p.switch) for p in plans])
    if errors:
        raise errors[0].error
    by_name = {state.switch: state for state in states}
    back = tuple(_back(context, plan, by_name[plan.switch]) for plan in plans)
    return record_plan(context, Plan(change.plan.site, context.clock.now(), change.plan.policy, back))


def _back(context: Context, plan: SwitchPlan, state: SwitchState) -> SwitchPlan:
    """A switch's way from its state now to the one before the plan, with its native commands."""
    seconds = context.switch(plan.switch).revert or 60 * context.config.change.revert_minutes
    return with_commands(taken_back(plan, state), context.platforms(plan.platform), seconds)


def taken_back(plan: SwitchPlan, state: SwitchState) -> SwitchPlan:
    """The inverse of a switch's plan, bound to its state now; an ACL that another port uses meanwhile stays.

    Raise Refused where a port does not carry what the plan put there.
    """
    touched = {binding.port: binding.acl for binding in plan.bind}
    carried = {port.name: port.acl_in for port in state.ports}
    for port, acl in touched.items():
        if carried.get(port) != acl:
            raise Refused(f"{plan.switch} {port} does not carry {acl} now", hint="lanward verify says what it carries")
    elsewhere = {acl for port, acl in carried.items() if port not in touched}
    back = inverse(plan)
    unused = tuple(acl for acl in back.dropped if acl.name not in elsewhere)
    missing = tuple(acl for acl in back.acls if state.acl(acl.name) is None)
    return replace(back, state=state.digest, dropped=unused, acls=missing)


def _still_held(context: Context, plan: SwitchPlan, change: Change) -> SwitchPlan:
    """The plan, less the ports that were opened or bound anew since."""
    held = in_force(context.store().changes(), context.store().receipts(), context.config.site)
    return on_ports(plan, frozenset(h.port for h in held if (h.change, h.switch) == (change.id, plan.switch)))


def close_rolled_back(context: Context, change_id: str, rollback: Change) -> None:
    """Mark the original change as reverted once its rollback is in force; raise PartlyApplied before."""
    if rollback.state is not ChangeState.APPLIED:
        raise PartlyApplied(
            f"the rollback of {change_id} is {rollback.state}", hint=f"lanward change show {rollback.id}"
        )
    original = context.store().change(change_id)
    context.store().advance_change(change_id, original.state, ChangeState.REVERTED)
    _record(context, "change.rollback", change_id, by=rollback.id)


def drop_rollback(context: Context, rollback: Change) -> Change:
    """End a rollback that nothing came of: the next one is made anew, from the switches as they are then."""
    if rollback.state is not ChangeState.APPROVED:
        return rollback
    done = context.store().advance_change(rollback.id, ChangeState.APPROVED, ChangeState.REVERTED)
    _record(context, "change.drop", rollback.id)
    return done


def _record(context: Context, action: str, subject: str, **facts: str) -> None:
    context.store().record(context.actor, action, subject, facts, context.clock.now())
