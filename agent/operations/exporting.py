"""The assessment of a period: one frozen value that every export writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

from agent.documents import digest_of
from agent.guard import TAIPEI
from agent.model.assessment import Assessment, Note, Noted, Period, Since
from agent.model.errors import BadInput, EnvironmentFault
from agent.operations.context import Context
from agent.operations.mark import Mark, mark
from agent.operations.reconciling import changes_since
from agent.operations.waivers import own
from agent.ports import Progress

PARTS = ("register", "findings", "comparison", "digest", "")
"""The steps that progress counts, and their end."""
ATTEMPTS = 3
"""How often the inventory is read, where somebody wrote to it meanwhile."""


def assessment(context: Context, period_name: str) -> Assessment:
    """What the inventory holds for a period; raise BadInput for a period that is none.

    `made` is the time of the last judgement and nothing is asked of the clock, so that the same database gives the
    same value. Raise EnvironmentFault where others write so often that no two readings agree.
    """
    period = Period.parse(period_name)
    for _ in range(ATTEMPTS):
        before = mark(context)
        made = _read(context, period, before)
        if mark(context) == before:
            _begin(context, "digest")
            made = replace(made, digest=digest_of(made))
            _begin(context, "")
            return made
    raise EnvironmentFault("the inventory is being written to", hint="export again when the run is over")


def begun(context: Context, name: str) -> Period:
    """The period of this name; raise BadInput for none, and for one that is yet to come."""
    period = Period.parse(name)
    if period.first > context.clock.now().astimezone(TAIPEI).date():
        raise BadInput(f"{period.name} has not begun", hint=f"it begins on {period.first}")
    return period


def _read(context: Context, period: Period, at: Mark) -> Assessment:
    store, site = context.store(), context.config.site
    policy = context.policy()
    _begin(context, "register")
    devices = store.devices(site, evidence=False)
    _begin(context, "findings")
    findings = store.findings(site)
    _begin(context, "comparison")
    compared = changes_since(context, datetime.combine(period.first, time(), TAIPEI), devices)
    changes = tuple(c for c in store.changes() if c.plan.site == site and _within(c.created, period))
    wanted = {change.id for change in changes}
    return Assessment(
        site=site,
        period=period,
        made=store.assessed(site) or max((d.last_seen for d in devices), default=compared.start),
        edition=policy.edition,
        policy=policy.digest,
        devices=devices,
        findings=findings,
        waivers=own(context),
        vendors=store.vendors(),
        changes=changes,
        receipts=tuple(receipt for receipt in store.receipts() if receipt.change in wanted),
        clauses=policy.clauses,
        since=compared,
        assessor=_assessor(context),
        notes=_notes(context, period, compared),
        audit=Noted(at[0].number, at[0].hash),
    )


def _begin(context: Context, part: str) -> None:
    context.report(Progress("assessment", PARTS.index(part), len(PARTS) - 1, part))


def _within(moment: datetime, period: Period) -> bool:
    return period.holds(moment.astimezone(TAIPEI).date())


def _assessor(context: Context) -> str:
    """Who asked for the last judgement, by the audit log; empty where there was none."""
    site, found = context.config.site, ""
    for entry in context.store().audit():
        if (entry.action, entry.subject) == ("assess", site):
            found = entry.actor
    return found


def _notes(context: Context, period: Period, compared: Since) -> tuple[Note, ...]:
    site = context.config.site
    judged, runs = context.store().assessed(site), context.store().runs(site)
    return tuple(
        note
        for note, holds in (
            (Note.NEVER_JUDGED, judged is None),
            (Note.JUDGED_OUTSIDE, judged is not None and not _within(judged, period)),
            (Note.SEEN_SINCE, judged is not None and any(run.started > judged for run in runs)),
            (Note.LOG_BEGINS, not compared.compared),
            (Note.VERDICTS_NOT_COMPARED, True),
        )
        if holds
    )
