"""When a schedule is due: five-field cron lines in a time zone, and the ends of blackouts; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agent.guard import TAIPEI, Blackout
from agent.model.errors import BadInput


def next_time(cron: str, zone: str, after: datetime) -> datetime:
    """The first moment after another one, in the zone; raise BadInput for a line that never comes."""
    return _moment(cron, zone, after, "get_next")


def last_time(cron: str, zone: str, before: datetime) -> datetime:
    """The last moment before another one, in the zone."""
    return _moment(cron, zone, before, "get_prev")


def _moment(cron: str, zone: str, when: datetime, which: str) -> datetime:
    from croniter import CroniterError, croniter

    try:
        walk = getattr(croniter(cron, when.astimezone(ZoneInfo(zone))), which)
        found: datetime = walk(datetime)
    except CroniterError as error:
        raise BadInput(f"[schedule] '{cron}' is no cron line: {error}") from None
    return found


def begins(due: datetime, blackouts: Iterable[Blackout]) -> datetime:
    """When something that is due may begin: then, or at the end of the blackouts that cover it; aware UTC."""
    moment, all_of_them = due.astimezone(UTC), tuple(blackouts)
    for _ in range(2 * len(all_of_them) + 1):  # one may end within another; a week of nothing else never ends
        covering = [blackout for blackout in all_of_them if blackout.covers(moment)]
        if not covering:
            break
        moment = max(end_of(blackout, moment) for blackout in covering)
    return moment


def end_of(blackout: Blackout, within: datetime) -> datetime:
    """When a blackout that covers a moment ends, in UTC."""
    local = within.astimezone(TAIPEI)
    overnight = blackout.start > blackout.end and local.time() >= blackout.start
    day = local.date() + timedelta(days=1 if overnight else 0)
    return datetime.combine(day, blackout.end, TAIPEI).astimezone(UTC)
