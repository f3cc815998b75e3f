"""Everything that must hold before the first line is written on a switch (DESIGN section 4, 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from agent.acl.dialect import dialect
from agent.acl.lines import entries
from agent.acl.semantics import Semantics
from agent.model.change import Binding, Form, Step, StepResult, SwitchPlan
from agent.model.errors import Refused, StaleState
from agent.model.switch import Qualification, SwitchFacts, SwitchState
from agent.plan.safety import Protection, port_refusal, switch_refusal
from agent.plan.ways import Way, ways

FREE_LINES_BESIDE_OURS = 1
"""The session that checks the change needs a VTY of its own while the first one stays open."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""A switch whose clock is further off dates its log so that nobody can lay it beside ours (Kerberos allows as much)."""


def check_clock(state: SwitchState, now: datetime) -> Step:
    """Failed where the switch's time is wrong; not verifiable where it cannot be told or nobody keeps it right."""
    name = "the switch's clock"
    if state.clock is None or state.clock.at is None:
        shown = state.clock.shown if state.clock else "nothing"
        return Step(name, StepResult.NOT_VERIFIABLE, f"it shows {shown}, which cannot be compared")
    off = abs(state.clock.at - now)
    if off > CLOCK_TOLERANCE:
        return Step(name, StepResult.FAILED, f"it shows {state.clock.shown}, {_long(off)} off: set it, or its NTP")
    if state.clock.synchronised is False:
        return Step(name, StepResult.NOT_VERIFIABLE, f"{_long(off)} off, but not synchronised with any server")
    return Step(name, StepResult.OK, f"{_long(off)} off")


def _long(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def check_ways(state: SwitchState, plan: SwitchPlan, protection: Protection) -> tuple[Step, ...]:
    """One step for each server that the switch's management hangs on: is its way left alone by the plan?"""
    bound = frozenset(binding.port for binding in plan.bind)
    found = ways(state, protection.known)
    if not found:
        return (Step("the way to AAA, DHCP relay, NTP and syslog", StepResult.OK, "the switch names no such server"),)
    return tuple(_check_way(way, bound) for way in found)


def _check_way(way: Way, bound: frozenset[str]) -> Step:
    name = f"the way to the {way.server.role} server {way.server.host}"
    if not way.ports:
        return Step(name, StepResult.NOT_VERIFIABLE, "it is not seen on any port of this switch")
    if crossed := bound & set(way.ports):
        return Step(name, StepResult.FAILED, f"it leads through {min(crossed)}, where the plan binds an ACL")
    return Step(name, StepResult.OK, f"it leads through {', '.join(way.ports)}, which the plan leaves alone")


def require_qualified(qualifications: Iterable[Qualification], platform: str, facts: SwitchFacts) -> None:
    """Raise Refused unless this platform, model and release was qualified."""
    if is_qualified(qualifications, platform, facts):
        return
    raise Refused(
        f"{facts.model} {facts.release} is not qualified for {platform}",
        hint="run `lanward switch qualify` on a spare port, or use the plan's CLI files by hand",
    )


def unqualified(
    qualifications: Iterable[Qualification], plans: Iterable[SwitchPlan], states: Iterable[SwitchState]
) -> tuple[str, ...]:
    """The switches of a plan that no `apply` may write on yet."""
    known, facts = tuple(qualifications), {state.switch: state.facts for state in states}
    return tuple(p.switch for p in plans if not is_qualified(known, p.platform, facts[p.switch]))


def is_qualified(qualifications: Iterable[Qualification], platform: str, facts: SwitchFacts) -> bool:
    """Whether this platform, model and release was qualified."""
    wanted = (platform, facts.model, facts.release)
    return any((q.platform, q.model, q.release) == wanted and q.passed for q in qualifications)


def require_plan_state(state: SwitchState, plan: SwitchPlan) -> None:
    """Raise StaleState unless the switch is exactly what the plan was made from."""
    if state.digest != plan.state:
        raise StaleState(
            f"{plan.switch}: its configuration is no longer what the plan was made from", hint="plan and approve again"
        )


def require_quiet(state: SwitchState) -> None:
    """Raise Refused for unsaved work, a running rollback timer, or what else forbids any writing."""
    if refusal := switch_refusal(state):
        raise Refused(f"{state.switch}: {refusal}")


def require_ports(state: SwitchState, plan: SwitchPlan, protection: Protection) -> None:
    """Raise Refused where a port of the plan is an uplink, carries foreign control, or holds a vital machine."""
    for binding in plan.bind:
        if refusal := port_refusal(state, state.port(binding.port), binding.port, protection):
            raise Refused(f"{plan.switch}: {refusal}")


def require_room(state: SwitchState, plan: SwitchPlan, semantics: Semantics) -> None:
    """Raise Refused without a free VTY for the second session, or without hardware entries for both generations."""
    if state.vty_free is not None and state.vty_free < FREE_LINES_BESIDE_OURS:
        raise Refused(f"{plan.switch}: no VTY is free for the session that checks the change")
    parse = dialect(semantics.family).parse
    needed = sum(entries(parse("\n".join(acl.lines), acl.name), semantics.range_costs) for acl in plan.acls)
    if state.entries_free is not None and needed > state.entries_free:
        raise Refused(f"{plan.switch}: the ACLs need {needed} hardware entries and {state.entries_free} are free")


def require_way_back(state: SwitchState, plan: SwitchPlan, without_safety_net: bool) -> None:
    """Raise Refused where the family has no way back armed and nobody accepted that."""
    if not state.way_back and not without_safety_net:
        raise Refused(
            f"{plan.switch}: it has no way back by itself (on IOS, configure `archive` with a `path`)",
            hint="or accept that with --without-safety-net",
        )


def require_live(state: SwitchState, bindings: Iterable[Binding]) -> None:
    """Raise Refused where the machines on a port are not the plan's, just before binding (DESIGN section 3, 6)."""
    for binding in bindings:
        live = state.macs_on(binding.port)
        gone = [str(mac) for mac in binding.macs if mac not in live]
        if gone:
            raise Refused(f"{state.switch} {binding.port}: {', '.join(gone)} is not on the port now")
        others = [str(mac) for mac in sorted(live - set(binding.macs))]
        if binding.form is Form.EXCLUSIVE and others:
            raise Refused(f"{state.switch} {binding.port}: {', '.join(others)} is on the port too")
