"""When the agent's schedules are due: time zones, blackouts, lines that never come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import parse
from agent.guard import Blackout
from agent.model.errors import BadInput
from agent.workflows.schedule import begins, end_of, last_time, next_time
from agent.workflows.status import upcoming

MARKET = Blackout.parse("Mon-Fri 08:30-13:45")
NIGHT = Blackout.parse("Sat 22:00-06:00")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def test_due_in_the_zone_of_the_schedule() -> None:
    due = next_time("0 3 * * *", "Asia/Taipei", MONDAY)
    assert due.astimezone(UTC) == datetime(2026, 11, 23, 19, 0, tzinfo=UTC)
    assert last_time("0 3 * * *", "Asia/Taipei", MONDAY).astimezone(UTC) == datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
    half_year = next_time("0 4 1 1,7 *", "Asia/Taipei", MONDAY)
    assert half_year.isoformat() == "2027-01-01T04:00:00+08:00"


def test_retention_is_kept_on_sundays_unless_it_is_switched_off() -> None:
    assert upcoming(parse("", None, Path("/")), MONDAY) == {"retention": "2026-11-29T04:30:00+08:00"}
    assert upcoming(parse('[schedule]\nretention = ""', None, Path("/")), MONDAY) == {}


def test_daylight_saving_gives_each_day_one_time() -> None:
    days, moment = set(), datetime(2026, 3, 27, 12, tzinfo=UTC)
    for _ in range(5):
        moment = next_time("30 2 * * *", "Europe/Berlin", moment)
        days.add(moment.date())
    assert len(days) == 5


def test_a_line_that_never_comes_is_bad_input() -> None:
    with pytest.raises(BadInput, match="99"):
        next_time("99 * * * *", "UTC", MONDAY)


@pytest.mark.parametrize(
    ("due", "begin"),
    [
        ("2026-11-23T08:30+08:00", "2026-11-23T13:45+08:00"),
        ("2026-11-23T13:44+08:00", "2026-11-23T13:45+08:00"),
        ("2026-11-23T13:45+08:00", "2026-11-23T13:45+08:00"),
        ("2026-11-22T10:00+08:00", "2026-11-22T10:00+08:00"),
        ("2026-11-28T23:00+08:00", "2026-11-29T06:00+08:00"),
        ("2026-11-29T01:00+08:00", "2026-11-29T06:00+08:00"),
    ],
)
def test_what_is_due_in_a_blackout_begins_at_its_end(due: str, begin: str) -> None:
    assert begins(datetime.fromisoformat(due), (MARKET, NIGHT)) == datetime.fromisoformat(begin)


def test_a_blackout_that_ends_within_another() -> None:
    second = Blackout.parse("Mon 13:00-15:00")
    due = datetime.fromisoformat("2026-11-23T09:00+08:00")
    assert begins(due, (MARKET, second)) == datetime.fromisoformat("2026-11-23T15:00+08:00")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_nothing_begins_in_a_blackout_nor_before_it_is_due(due: datetime) -> None:
    begin = begins(due, (MARKET, NIGHT))
    assert begin >= due and not MARKET.covers(begin) and not NIGHT.covers(begin)
    for blackout in (MARKET, NIGHT):
        if blackout.covers(due):
            end = end_of(blackout, due)
            assert not blackout.covers(end) and blackout.covers(end - timedelta(microseconds=1))
