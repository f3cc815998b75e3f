"""Retention: what the log need not keep is forgotten, and the register that it resolves to stays what it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.guard import TAIPEI
from agent.log import HeldLog
from agent.model.device import Device
from agent.model.errors import LanwardError
from agent.model.observation import Observation
from agent.model.run import looks
from agent.operations.context import Context
from agent.operations.roles import require_hand
from agent.ports import Progress
from agent.resolve import resolve
from agent.resolve.thin import redundant

_Log = Sequence[tuple[int, Observation]]


@dataclass(frozen=True, slots=True)
class Retained:
    """What a retention did, or would do: rows of the log, those thinned, those whose raw evidence was emptied, octets.

    `after` is None for a dry run.
    """

    observations: int
    thinned: int
    raw: int
    before: int
    after: int | None = None


def retain(context: Context, *, dry_run: bool = False) -> Retained:
    """Thin the site's log as `[retention]` says; raise our own fault, with nothing changed, if the register would be.

    Every attribute of every device, first and last seen too, is resolved with and without what goes: for now, and for
    the eve of the half year.
    Raise Refused for a viewer, who may only try it.
    """
    if not dry_run:
        require_hand(context, "thin the log")
    store, settings, now = context.store(), context.config.retention, context.clock.now()
    log = tuple(store.numbered(context.config.site))
    repeats = _repeats(context, log, _before(now, settings.repeat_days))
    gone = frozenset(repeats)
    raw = _raw(log, gone, _before(now, settings.raw_days))
    planned = Retained(len(log), len(repeats), len(raw), store.size())
    if dry_run or not (repeats or raw):
        return planned
    facts = {"observations": str(len(log)), "thinned": str(len(repeats)), "raw": str(len(raw))}
    store.record(context.actor, "retention", context.config.site, facts, now)
    context.report(Progress("forget", 0, 2))
    store.forget(repeats)
    store.forget_raw(raw)
    context.report(Progress("compact", 1, 2))
    store.compact()
    return Retained(len(log), len(repeats), len(raw), planned.before, store.size())


def _before(now: datetime, days: int) -> datetime | None:
    return now - timedelta(days=days) if days else None


def _repeats(context: Context, log: _Log, before: datetime | None) -> tuple[int, ...]:
    if before is None or all(seen.seen >= before for _, seen in log):
        return ()
    context.report(Progress("compare", 0, 1))
    runs = looks(context.store().runs(context.config.site))
    periods = periods_between(min(seen.seen for _, seen in log), context.clock.now())
    found = redundant(log, runs, before, periods)
    gone = frozenset(found)
    for moment in (*periods[-1:], context.clock.now()):
        was = _resolved(context, (seen for _, seen in log), runs, moment)
        if was != _resolved(context, (seen for number, seen in log if number not in gone), runs, moment):
            raise LanwardError("the thinned log would resolve to another register", hint="nothing was changed")
    return found


def periods_between(first: datetime, now: datetime) -> tuple[datetime, ...]:
    """When each half year between two moments began: an export compares with the register of that eve."""
    begins = (
        datetime(year, month, 1, tzinfo=TAIPEI)
        for year in range(first.astimezone(TAIPEI).year, now.astimezone(TAIPEI).year + 1)
        for month in (1, 7)
    )
    return tuple(moment for moment in begins if first < moment <= now)


def _resolved(
    context: Context, log: Iterable[Observation], runs: tuple[datetime, ...], moment: datetime
) -> tuple[Device, ...]:
    """The register as it was just before a moment."""
    eve = moment - timedelta(microseconds=1)
    known = tuple(run for run in runs if run <= eve)
    site = context.config.site
    return resolve(HeldLog.of(log, site, eve), context.definitions(), site=site, runs=known)


def _raw(log: _Log, gone: frozenset[int], before: datetime | None) -> tuple[int, ...]:
    if before is None:
        return ()
    return tuple(number for number, seen in log if seen.raw and seen.seen < before and number not in gone)
