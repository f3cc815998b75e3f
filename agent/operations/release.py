"""The fire exit: take our ACLs off at once. Needs no database, no approval and no window (DESIGN section 4).

It reads the switches themselves, so it also takes off what no database remembers. What it did goes to a file in the
undo directory, where that may be written; the database is told when it answers.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace

from agent.acl.naming import is_ours
from agent.model.change import (
    AclText,
    Binding,
    Change,
    ChangeState,
    Form,
    Plan,
    Receipt,
    ReceiptState,
    Step,
    StepResult,
    SwitchPlan,
)
from agent.model.errors import BadInput, DeviceFault, LanwardError, PartlyApplied, Refused
from agent.model.switch import Switch, SwitchState
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.in_force import Held, in_force
from agent.operations.sessions import read_state, run_script
from agent.operations.undo import write_private
from agent.plan import digest
from agent.plan.script import forward
from agent.ports import Progress, Session, Store

ALL = "ALL"

BROKEN_OFF = "broken off on the way; lanward verify says what it carries"


@dataclass(frozen=True, slots=True)
class Released:
    """What became of one switch: the ports that are open again, whether that is saved, and what went wrong.

    `unreachable` is True where the switch did not answer, or answered with a refusal.
    """

    switch: str
    ports: tuple[str, ...]
    saved: bool
    error: str = ""
    unreachable: bool = False


def release(context: Context, what: str) -> tuple[Released, ...]:
    """Open a port (`acc1:Gi1/0/4`), a switch or ALL; raise BadInput for a name that is none of them.

    Each switch is tried, whatever another one does. Raise Refused for a viewer, which the configuration alone tells.
    What is open is kept however it ends: by Ctrl-C, or because nobody reads the progress any more.
    """
    roles.require_hand(context, "release a port")
    results: list[Released] = []
    plans: list[SwitchPlan] = []
    wanted = _wanted(context, what)
    try:
        for index, (switch, port) in enumerate(wanted):
            context.report(Progress("release", index, len(wanted), switch.name))
            results.append(Released(switch.name, (), False, BROKEN_OFF))
            results[-1], plan = _open_switch(context, switch, port)
            plans += [plan] if plan else []
        context.report(Progress("release", len(wanted), len(wanted)))
    finally:
        if results:
            _keep(context, what, results, tuple(plans))
    return tuple(results)


def require_complete(results: Iterable[Released]) -> None:
    """Raise DeviceFault where no switch answered, PartlyApplied where only some could be opened."""
    tried = tuple(results)
    failed = [result for result in tried if result.error]
    if failed:
        kind = DeviceFault if all(result.unreachable for result in tried) else PartlyApplied
        told = "; ".join(f"{result.switch}: {result.error}" for result in failed)
        raise kind(f"not open: {told}", hint="use its undo file by hand")


def _wanted(context: Context, what: str) -> list[tuple[Switch, str]]:
    switches = [s for s in context.config.switches if s.platform]
    if not switches:
        raise BadInput("no switch is configured", hint="add a [[switch]] to lanward.toml")
    if what == ALL:
        return [(switch, "") for switch in switches]
    name, _, port = what.partition(":")
    switch = context.switch(name)
    return [(switch, context.platforms(switch.platform).port_name(port) if port else "")]


def _open_switch(context: Context, switch: Switch, port: str) -> tuple[Released, SwitchPlan | None]:
    try:
        platform = context.platforms(switch.platform)
        with context.enforcer.open(switch) as session:
            before = read_state(session, platform, switch)
            plan = opening(before, switch, port)
            run_script(session, switch.name, forward(platform, plan))
            after = read_state(session, platform, switch)
            still = [b.port for b in plan.release if (p := after.port(b.port)) and is_ours(p.acl_in)]
            if still:
                raise Refused(f"{', '.join(still)} still carries an ACL of ours")
            saved = _save_if_ours(context, switch, before, after, session)
    except LanwardError as error:
        why = str(error).removeprefix(f"{switch.name}: ")
        return Released(switch.name, (), False, why, isinstance(error, DeviceFault)), None
    warning = "a rollback timer is running on it and may bind again: release again when it has ended"
    return Released(switch.name, tuple(b.port for b in plan.release), saved, warning if after.armed else ""), plan


def opening(state: SwitchState, switch: Switch, port: str = "") -> SwitchPlan:
    """The plan that takes our ACLs off one port, or off all, and drops those that nothing uses afterwards."""
    ours = {p.name: p.acl_in for p in state.ports if is_ours(p.acl_in)}
    if port and port not in ours:
        raise Refused(f"{port} carries no ACL of ours")
    opened = {name: acl for name, acl in ours.items() if port in ("", name)}
    used = {acl for name, acl in ours.items() if name not in opened}
    return SwitchPlan(
        switch=switch.name,
        platform=switch.platform,
        state=state.digest,
        wave=0,
        acls=(),
        bind=(),
        release=tuple(Binding(name, acl, Form.SHARED, (), ()) for name, acl in sorted(opened.items())),
        commands=(),
        undo=(),
        dropped=tuple(AclText(name, tuple(text.splitlines())) for name, text in state.acls if name not in used),
    )


def _save_if_ours(context: Context, switch: Switch, before: SwitchState, after: SwitchState, session: Session) -> bool:
    """Save only where nothing but our lines differs from the startup configuration (DESIGN section 3, 10)."""
    platform = context.platforms(switch.platform)
    if platform.without_ours(after.running) != platform.without_ours(before.startup):
        return False
    run_script(session, switch.name, platform.save())
    return True


def _keep(context: Context, what: str, results: list[Released], plans: tuple[SwitchPlan, ...]) -> None:
    """A file first, since the database may be locked or gone; then the database, if it answers.

    What cannot be kept is told, and takes nothing away from what is open now.
    """
    now = context.clock.now()
    document = {"at": now.isoformat(), "by": context.actor, "what": what, "switches": [asdict(r) for r in results]}
    path = context.undo_directory / f"release-{now:%Y%m%dT%H%M%S}.json"
    unwritten = _failure(lambda: write_private(path, json.dumps(document, indent=2) + "\n"))
    untold = _failure(lambda: _tell_store(context, what, results, plans))
    if unwritten:
        context.report(Progress("no file", 0, 0, str(unwritten)))
    if untold:
        see = "" if unwritten else f"; see {path}"
        context.report(Progress("not recorded", 0, 0, f"not in the database: {untold}{see}"))


def _failure(deed: Callable[[], None]) -> LanwardError | None:
    """What went wrong; the ports are open already, and the other record may still be made."""
    try:
        deed()
    except LanwardError as error:
        return error
    return None


def _tell_store(context: Context, what: str, results: list[Released], plans: tuple[SwitchPlan, ...]) -> None:
    """A release is a change of its own, in force at once; what it emptied is released."""
    store, now = context.store(), context.clock.now()
    held = in_force(store.changes(), store.receipts(), context.config.site)
    plans = tuple(p for plan in plans if (p := plan if ":" in what else _with_open(plan, held)).release)
    if plans:
        plan = Plan(context.config.site, now, "", plans)
        change = Change(f"c-{uuid.uuid4().hex[:8]}", ChangeState.APPLIED, digest(plan), plan, context.actor, now)
        store.add_change(change)
        for one in plans:
            opened = Step("release", StepResult.OK, ", ".join(b.port for b in one.release), now)
            store.save_receipt(Receipt(change.id, one.switch, ReceiptState.APPLIED, now, now, (opened,), one.state))
    _settle_emptied(
        store, context.config.site, {(one.switch, binding.port) for one in plans for binding in one.release}
    )
    facts = {r.switch: ", ".join(r.ports) or r.error or "nothing of ours" for r in results}
    store.record(context.actor, "release", what, facts, now)


def _with_open(plan: SwitchPlan, held: Iterable[Held]) -> SwitchPlan:
    """A whole switch is open: also ports that were so already, which an earlier release could not tell the database."""
    told = {binding.port for binding in plan.release}
    more = tuple(h.binding for h in held if h.switch == plan.switch and h.port not in told)
    return replace(plan, release=plan.release + more)


def _settle_emptied(store: Store, site: str, opened: set[tuple[str, str]]) -> None:
    """Changes of which nothing is in force any more, because ports of theirs were opened, are released."""
    standing = {held.change for held in in_force(store.changes(), store.receipts(), site)}
    for change in store.changes():
        bound = {(plan.switch, binding.port) for plan in change.plan.switches for binding in plan.bind}
        if change.state in (ChangeState.APPLIED, ChangeState.HELD) and change.id not in standing and bound & opened:
            store.advance_change(change.id, change.state, ChangeState.RELEASED)
