"""Exceptions (例外, A7-6): what may be excepted, which controls a switch can give, and waivers into findings; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from agent.guard import TAIPEI
from agent.model.errors import BadInput
from agent.model.finding import Finding, Outcome, Verdict
from agent.model.policy import Policy
from agent.model.waiver import Waiver, WaiverState

CLAUSE = "A7-6"
RULE = "exception_in_force"

EXCEPTABLE = ("A7-2", "A7-3", "A7-4")
"""The items that A7-6 knows an exception from."""

RESTRICT_INTERNET = "restrict_internet"
CONTROLS: Mapping[str, str] = {
    RESTRICT_INTERNET: "限制網際網路存取",
    "access_control": "加強存取控制",
    "acl": "存取控制清單",
    "monitor": "監控連線行為",
}
"""The controls that A7-6 names, and an ACL by its own name; any other control is the requester's own words."""

ON_A_SWITCH = frozenset({RESTRICT_INTERNET, "access_control", "acl"})
"""Compensating controls that an ACL is; all others are words that no switch can prove."""


@dataclass(frozen=True, slots=True, order=True)
class Ground:
    """Why a plan must close a device: an exception in force with a control that an ACL is."""

    device: str
    control: str
    waiver: str
    expires: date


def grounds(waivers: Iterable[Waiver], day: date) -> tuple[Ground, ...]:
    """The controls that exceptions in force ask of the switches, sorted."""
    return tuple(
        sorted(
            Ground(waiver.device, control, waiver.id, waiver.expires)
            for waiver in waivers
            if waiver.in_force(day)
            for control in waiver.controls
            if control in ON_A_SWITCH
        )
    )


def unrenewed(waivers: Iterable[Waiver]) -> tuple[Waiver, ...]:
    """The approved and the expired ones that nobody renewed: whose end somebody must do something about."""
    listed = tuple(waivers)
    followed = _followed(listed)
    agreed = (WaiverState.APPROVED, WaiverState.EXPIRED)
    return tuple(waiver for waiver in listed if waiver.state in agreed and waiver.id not in followed)


_RENEWS = frozenset({WaiverState.APPROVED, WaiverState.EXPIRED, WaiverState.CLOSED})


def _followed(waivers: Iterable[Waiver]) -> frozenset[str]:
    """Those that were renewed, also where the renewal has run out or was closed since; one that was revoked is none."""
    return frozenset(w.follows for w in waivers if w.state in _RENEWS)


def day_of(moment: datetime) -> date:
    """The day that people's calendars show, in Asia/Taipei."""
    return moment.astimezone(TAIPEI).date()


def control_named(text: str) -> str:
    """A control by its name or its Chinese one, or in words of one's own; raise BadInput for what is nearly a name."""
    word = " ".join(text.split())
    if not word:
        raise BadInput("a control without a name", hint=f"name {', '.join(CONTROLS)}, or write it in your own words")
    named = {zh: name for name, zh in CONTROLS.items()} | {name: name for name in CONTROLS}
    if word in named:
        return named[word]
    near = get_close_matches(word.casefold().replace("-", "_").replace(" ", "_"), CONTROLS, 1, 0.8)
    if near:
        raise BadInput(f"'{text}' is no control", hint=f"did you mean {near[0]}?")
    return word


def check_clauses(clauses: Iterable[str], policy: Policy) -> tuple[str, ...]:
    """The clauses, sorted and each once; raise BadInput for one that the policy has not or A7-6 lets nobody except."""
    known = [clause.id for clause in policy.clauses if clause.id in EXCEPTABLE]
    wanted = tuple(sorted(set(clauses)))
    for clause in wanted:
        if clause not in known:
            raise BadInput(f"there is no exception from '{clause}' (A7-6)", hint=f"choose {', '.join(known)}")
    if not wanted:
        raise BadInput("an exception from no clause", hint=f"choose {', '.join(known)}")
    return wanted


def check_days(waiver: Waiver, today: date, policy: Policy) -> None:
    """Raise BadInput for a last day that is past, or further off than the policy's period of A7-6."""
    if waiver.expires < today:
        raise BadInput(f"{waiver.expires} is past: the exception would never be in force")
    longest = next((clause.every_days for clause in policy.clauses if clause.id == CLAUSE), None)
    if longest is not None and waiver.expires > today + timedelta(days=longest):
        last = today + timedelta(days=longest)
        raise BadInput(f"{waiver.expires} is more than {longest} days away", hint=f"{last} at the latest, then renew")
    if waiver.replacement is not None and waiver.replacement < today:
        raise BadInput(f"the replacement date {waiver.replacement} is past")


def waiver_findings(
    waivers: Iterable[Waiver],
    devices: frozenset[str],
    enforced: Mapping[str, tuple[str, ...]],
    day: date,
    online: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """One finding for each approved or expired waiver; requests, refusals and closed ones are none.

    One that ran out is silent where it was renewed. `online` are devices whose ACLs let them out of the organisation's
    networks.
    """
    listed = tuple(waivers)
    followed = _followed(listed)
    lasting = (
        w
        for w in listed
        if w.state is WaiverState.APPROVED or (w.state is WaiverState.EXPIRED and w.id not in followed)
    )
    return tuple(_finding(waiver, _judge(waiver, devices, enforced, day, online)) for waiver in lasting)


def _finding(waiver: Waiver, outcome: Outcome) -> Finding:
    return Finding(waiver.device, RULE, CLAUSE, outcome.verdict, outcome.reason, outcome.evidence, waiver.id)


def _judge(
    waiver: Waiver,
    devices: frozenset[str],
    enforced: Mapping[str, tuple[str, ...]],
    day: date,
    online: frozenset[str],
) -> Outcome:
    evidence = (f"waiver {waiver.id} until {waiver.expires}", *(f"control {name}" for name in waiver.controls))
    flaw = _flaw(waiver, day)
    if flaw:
        return Outcome(Verdict.FAIL, flaw, evidence)
    if waiver.device not in devices:
        return Outcome(Verdict.UNKNOWN, "its device is not in the register", evidence)
    acls = enforced.get(waiver.device, ())
    wanted = tuple(name for name in waiver.controls if name in ON_A_SWITCH)
    if wanted and not acls:
        return Outcome(Verdict.FAIL, f"the control {wanted[0]} is not on a switch", evidence)
    evidence = (*evidence, *(f"ACL {name}" for name in acls))
    if RESTRICT_INTERNET in wanted and waiver.device in online:
        return Outcome(Verdict.FAIL, f"the control {RESTRICT_INTERNET} is not in its ACL: plan again", evidence)
    words = tuple(name for name in waiver.controls if name not in ON_A_SWITCH)
    if words:
        return Outcome(Verdict.UNKNOWN, f"no switch shows whether this control is there: {words[0]}", evidence)
    return Outcome(Verdict.PASS, f"in force until {waiver.expires}, its controls are on a switch", evidence)


def _flaw(waiver: Waiver, day: date) -> str:
    """What is wrong with the exception itself, or nothing."""
    if waiver.state is WaiverState.EXPIRED or day > waiver.expires:
        return f"the exception expired on {waiver.expires}"
    if not waiver.approver or waiver.approver == waiver.requester:
        return "nobody but its requester approved the exception"
    if not waiver.controls:
        return "the exception names no compensating control"
    if waiver.replacement is not None and day > waiver.replacement:
        return f"the device was to be replaced by {waiver.replacement}"
    return ""
