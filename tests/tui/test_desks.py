"""The surroundings of the screens follow the example, so that `make samples` of another day gives the same pictures."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tui import desks


@pytest.mark.parametrize(
    ("ended", "now"),
    [
        ("2026-11-22 23:58:51.171704", datetime(2026, 11, 23, 1, 30, tzinfo=UTC)),
        ("2027-02-28 22:00:00.000000", datetime(2027, 3, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_the_clock_stands_shortly_after_the_last_run(tmp_path: Path, ended: str, now: datetime) -> None:
    example = tmp_path / "inventory.db.example"
    with closing(sqlite3.connect(example)) as store, store:
        store.execute("create table run (ended text)")
        store.executemany("insert into run values (?)", [("2026-11-22 20:00:00.000000",), (ended,), (None,)])
    assert desks.moment(example) == now


def test_the_example_s_last_run_is_over() -> None:
    with closing(sqlite3.connect(f"file:{desks.EXAMPLE}?mode=ro&immutable=1", uri=True)) as store:
        [(ended,)] = store.execute("select max(ended) from run")
    gone = desks.NOW - datetime.fromisoformat(ended).replace(tzinfo=UTC)
    assert timedelta(hours=1, minutes=30) < gone <= timedelta(hours=2, minutes=30)
