"""The store on both databases: the log, compare-and-set, the audit chain under many writers."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from agent.audit import GENESIS, verify
from agent.model.address import Mac
from agent.model.change import Change, ChangeState, Plan
from agent.model.device import Device, DeviceClass, Status
from agent.model.errors import BadInput, EnvironmentFault, Interrupted, LanwardError, Refused, UnknownName
from agent.model.finding import Finding, Verdict
from agent.model.observation import Observation
from agent.ports import Store
from agent.store import engine, log
from agent.store.repository import BATCH, SqlStore, open_store
from tests.databases import Database

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def store(database: Database) -> Iterator[SqlStore]:
    opened = open_store(database.url, create=True)
    yield opened
    opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inventory.db"


def seen(number: int, site: str = "hq") -> Observation:
    return Observation("arp", NOW, site, Mac(number), "alive", "arp")


def device(identifier: str, site: str = "hq") -> Device:
    return Device(
        identifier, site, DeviceClass.CAMERA, (Mac(1),), (IPv4Address("192.0.2.1"),), Status.PRESENT, NOW, NOW
    )


def change(identifier: str = "C1") -> Change:
    return Change(identifier, ChangeState.PLANNED, "d", Plan("hq", NOW, "p", ()), "alice", NOW)


def test_it_is_a_store(store: SqlStore) -> None:
    as_protocol: Store = store
    assert as_protocol.runs() == ()


def test_the_log_keeps_order_and_site_over_many_batches(store: SqlStore) -> None:
    many = [seen(n, "hq" if n % 3 else "branch") for n in range(2 * BATCH + 7)]
    assert store.append("r1", iter(many)) == len(many)
    assert list(store.observations()) == many
    assert list(store.observations("branch")) == many[::3]
    assert list(store.observations_about(Mac(9))) == [many[9]]
    assert list(store.observations_of("r2")) == []


def test_a_log_is_read_in_parts_of_one_moment(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "AT_ONCE", 2)
    odd = replace(seen(1), value="\ue000 印\0\ud800", raw="\ud800")
    many = [odd, *(seen(n) for n in range(2, 8)), seen(1), replace(seen(9), seen=NOW + timedelta(seconds=1))]
    store.append("r", [*many, seen(3, "branch")])
    with store.log("hq", NOW) as opened:
        sizes = {Mac(1): 2} | {Mac(n): 1 for n in range(2, 8)}
        assert opened.sizes() == sizes
        store.append("r", [seen(3), seen(10)])
        assert opened.sizes() == sizes, "what is written meanwhile does not show"
        assert sorted(one.address for one in opened.about([Mac(n) for n in (3, 4, 5, 6, 10)])) == [
            Mac(n) for n in (3, 4, 5, 6)
        ]
        assert set(opened.about([Mac(1)])) == {odd, seen(1)}
        assert len(list(opened.stating({"alive", "mac"}))) == 8 and list(opened.stating({"mac"})) == []
    with store.log("hq", NOW) as opened:
        assert opened.sizes()[Mac(3)] == 2


def test_what_came_before_an_interruption_is_kept(store: SqlStore) -> None:
    def interrupted() -> Iterator[Observation]:
        yield from (seen(n) for n in range(BATCH + 3))
        raise Interrupted("Ctrl-C")

    with pytest.raises(Interrupted):
        store.append("r1", interrupted())
    assert len(list(store.observations())) == BATCH + 3


def test_others_write_while_a_collector_is_slow_and_a_reader_reads(store: SqlStore, database: Database) -> None:
    other = open_store(database.url, create=False)

    def slow() -> Iterator[Observation]:
        yield seen(1)
        other.append("r2", [seen(2)])
        yield seen(3)

    store.append("r1", slow())
    reading = store.observations()
    next(reading)
    other.append("r3", [seen(4)])
    assert len(list(reading)) == 2
    assert len(list(store.observations())) == 4
    other.close()


def test_a_naive_time_is_our_own_fault(store: SqlStore) -> None:
    with pytest.raises(LanwardError) as caught:
        store.replace_findings("hq", datetime(2026, 1, 1), [])
    assert caught.value.exit_code == 70


def test_a_register_takes_the_place_of_its_own_site_only(store: SqlStore) -> None:
    store.replace_devices("hq", [device("b"), device("a")])
    store.replace_devices("branch", [device("a", "branch")])
    store.replace_devices("hq", [device("c")])
    assert [(d.id, d.site) for d in store.devices()] == [("a", "branch"), ("c", "hq")]
    assert store.devices("hq") == (device("c"),)
    with pytest.raises(BadInput, match="device x is of site 'branch'"):
        store.replace_devices("hq", [device("x", "branch")])
    with pytest.raises(LanwardError):
        store.replace_devices("hq", [device("y"), device("y")])
    assert store.devices("hq") == (device("c"),)


def test_findings_take_the_place_of_the_former(store: SqlStore) -> None:
    found = [Finding("b", "r", "A7-1", Verdict.FAIL, "why"), Finding("a", "r", "A7-1", Verdict.UNKNOWN, "why")]
    store.replace_findings("hq", NOW, found)
    store.replace_findings("branch", NOW, found[:1])
    assert store.findings("hq") == tuple(sorted(found))
    store.replace_findings("hq", NOW + timedelta(days=1), [])
    assert store.findings() == (found[0],)
    assert store.assessed("hq") == NOW + timedelta(days=1)
    assert store.assessed("nowhere") is None


def test_a_change_moves_only_from_what_it_is(store: SqlStore) -> None:
    store.add_change(change())
    with pytest.raises(BadInput, match="there is a change C1 already"):
        store.add_change(change())
    with pytest.raises(BadInput, match="needs its approver"):
        store.advance_change("C1", ChangeState.PLANNED, ChangeState.APPROVED)
    approved = store.advance_change("C1", ChangeState.PLANNED, ChangeState.APPROVED, approver="bob", at=NOW)
    assert approved == replace(change(), state=ChangeState.APPROVED, approver="bob", approved=NOW)
    with pytest.raises(Refused, match="C1 is approved, no longer planned"):
        store.advance_change("C1", ChangeState.PLANNED, ChangeState.FAILED)
    with pytest.raises(BadInput, match="cannot become released"):
        store.advance_change("C1", ChangeState.PLANNED, ChangeState.RELEASED)
    applying = store.advance_change("C1", ChangeState.APPROVED, ChangeState.APPLYING)
    assert (applying.approver, applying.approved) == ("bob", NOW)
    with pytest.raises(UnknownName, match="no change 'C2'"):
        store.advance_change("C2", ChangeState.PLANNED, ChangeState.FAILED)


def test_of_many_that_start_a_change_one_wins(store: SqlStore, database: Database) -> None:
    store.add_change(replace(change(), state=ChangeState.APPROVED))
    barrier, outcomes = threading.Barrier(6), []

    def start() -> None:
        own = open_store(database.url, create=False)
        barrier.wait()
        try:
            own.advance_change("C1", ChangeState.APPROVED, ChangeState.APPLYING)
            outcomes.append("won")
        except Refused:
            outcomes.append("refused")
        own.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 5 + ["won"]


RECORDER = """
import sys
from datetime import UTC, datetime
from agent.store.repository import open_store
store = open_store(sys.argv[1], create=True)
for n in range(20):
    store.record(sys.argv[2], "test", "x", {"n": str(n)}, datetime.now(UTC))
"""


@pytest.mark.slow
def test_processes_that_create_and_record_at_once_make_one_chain(database: Database) -> None:
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen([sys.executable, "-c", RECORDER, database.url, str(n)], cwd=root, stderr=subprocess.PIPE)
        for n in range(4)
    ]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    store = open_store(database.url, create=False)
    entries = list(store.audit())
    assert len(entries) == 80
    assert len({entry.actor for entry in entries}) == 4
    assert verify(entries, store.audit_head()) is None
    store.close()


@pytest.mark.parametrize(
    ("tampering", "number"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE number = 3", 3),
        ('UPDATE audit SET facts = \'[["n","9"]]\' WHERE number = 2', 2),
        ("UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number >= 4", 4),
        ("DELETE FROM audit", 1),
        (
            "UPDATE audit SET number = 99 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;"
            "UPDATE audit SET number = 3 WHERE number = 99",
            2,
        ),
    ],
)
def test_tampering_with_the_audit_log_is_found(
    store: SqlStore, database: Database, tampering: str, number: int
) -> None:
    assert store.audit_head().hash == GENESIS
    for n in range(5):
        store.record("alice", "approve", "C1", {"n": str(n)}, NOW)
    assert verify(store.audit(), store.audit_head()) is None
    database.execute(tampering)
    found = verify(store.audit(), store.audit_head())
    assert found is not None
    assert found.number == number


def test_a_locked_database_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(str(path), create=True).close()
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    impatient = open_store(str(path), create=False)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(EnvironmentFault, match="database is locked; another process holds it") as caught:
        impatient.record("a", "b", "c", {}, NOW)
    assert "\n" not in str(caught.value)
    blocker.execute("ROLLBACK")
    impatient.record("a", "b", "c", {}, NOW)
    impatient.close()
    blocker.close()


def test_a_damaged_row_is_named(store: SqlStore, database: Database) -> None:
    store.replace_devices("hq", [device("d1")])
    database.execute("UPDATE device SET document = replace(document, 'camera', 'toaster')")
    with pytest.raises(EnvironmentFault, match=r'device d1\.device_class: "toaster" is no deviceclass; restore'):
        store.devices()


def test_sqlite_is_set_up_as_it_must_be(path: Path) -> None:
    store = open_store(str(path), create=True)
    with store._engine.connect() as connection:
        pragmas = {p: connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("foreign_keys", "busy_timeout")}
    assert pragmas == {"foreign_keys": 1, "busy_timeout": 10_000}
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        plan = str(raw.execute("EXPLAIN QUERY PLAN SELECT * FROM observation WHERE site = 'x' ORDER BY id").fetchall())
    assert "ix_observation_site" in plan
    assert "TEMP B-TREE" not in plan
