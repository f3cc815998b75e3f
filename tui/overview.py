"""What the dashboard says, as one value: Article 7 in numbers, what is due, what was done last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agent.exceptions import unrenewed
from agent.guard import TAIPEI
from agent.model.assessment import by_clause
from agent.model.change import Change, ChangeState
from agent.model.device import Status
from agent.model.finding import Finding, Verdict
from agent.model.policy import Clause
from agent.model.run import Run
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver, WaiverState
from agent.operations.context import Context
from agent.operations.waivers import own
from tui.patience import drained
from tui.words import N_

SOON = timedelta(days=60)
"""How long before its day something is shown as due."""

VERDICTS = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXCEPTED, Verdict.PASS, Verdict.NOT_APPLICABLE)
"""The matrix's columns, what asks for work first."""


@dataclass(frozen=True, slots=True)
class Line:
    """A clause in numbers, in the order of VERDICTS; the headings are Chinese and English."""

    clause: str
    heading: str
    heading_en: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Something that has a day; `what` is a message id, `subject` names the exception, vendor or clause."""

    day: date
    what: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """The dashboard's value; `open` are changes that wait for somebody."""

    site: str
    today: date
    matrix: tuple[Line, ...]
    due: tuple[Due, ...]
    requests: int
    runs: tuple[Run, ...]
    open: tuple[Change, ...]
    devices: tuple[tuple[str, int], ...]
    assessed: datetime | None


def overview(context: Context) -> Overview:
    """Read it all."""
    store, site = context.store(), context.config.site
    today = context.clock.now().astimezone(TAIPEI).date()
    policy, assessed, waivers = context.policy(), store.assessed(site), own(context)
    due = (*_waivers_due(waivers), *_vendors_due(store.vendors()), *_clauses_due(policy.clauses, assessed))
    statuses = Counter(device.status for device in drained(store.devices(site, evidence=False)))
    waiting = (ChangeState.PLANNED, ChangeState.APPROVED, ChangeState.APPLYING, ChangeState.HELD)
    return Overview(
        site=site,
        today=today,
        matrix=matrix(policy.clauses, drained(store.findings(site))),
        due=tuple(sorted(one for one in due if one.day <= today + SOON)),
        requests=sum(waiver.state is WaiverState.REQUESTED for waiver in waivers),
        runs=store.runs(site)[::-1],
        open=tuple(c for c in store.changes() if c.plan.site == site and c.state in waiting),
        devices=tuple((status, statuses[status]) for status in Status if statuses[status]),
        assessed=assessed,
    )


def matrix(clauses: tuple[Clause, ...], findings: Iterable[Finding]) -> tuple[Line, ...]:
    """Every clause of the edition, those without a finding too, and what was judged under an older edition."""
    known = {clause.id: (clause.heading, clause.heading_en) for clause in clauses}
    return tuple(
        Line(tally.clause, *known.get(tally.clause, ("", "")), tuple(map(tally.of, VERDICTS)))
        for tally in by_clause(clauses, findings)
    )


def _waivers_due(waivers: Iterable[Waiver]) -> Iterator[Due]:
    for waiver in unrenewed(waivers):
        subject = f"{waiver.id} {waiver.device}"
        yield Due(waiver.expires, N_("exception ends"), subject)
        if waiver.replacement:
            yield Due(waiver.replacement, N_("device to be replaced"), subject)


def _vendors_due(vendors: Iterable[Vendor]) -> Iterator[Due]:
    for vendor in vendors:
        if vendor.contract_to:
            yield Due(vendor.contract_to, N_("contract ends"), vendor.name)
        for label in vendor.labels:
            if label.expires:
                yield Due(label.expires, N_("security label ends"), f"{vendor.name} {label.certificate}")


def _clauses_due(clauses: Iterable[Clause], assessed: datetime | None) -> Iterator[Due]:
    """When each periodic duty is due again, counted from the last assessment."""
    if assessed is None:
        return
    last = assessed.astimezone(TAIPEI).date()
    for clause in clauses:
        if clause.every_days:
            yield Due(last + timedelta(days=clause.every_days), N_("periodic assessment"), clause.id)
