"""Backups of both databases: what comes back, what is refused, and what is left alone."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from agent.audit import verify
from agent.config import load
from agent.model.address import Mac
from agent.model.errors import BadInput, EnvironmentFault, NewerSchema, Refused
from agent.model.observation import Observation
from agent.model.vendor import Vendor
from agent.store.backup import check, restore, write
from agent.store.repository import SqlStore, open_store
from agent.workflows.owner import ownership
from tests.databases import Database
from tests.unit.shell import lanward

NOW = datetime(2026, 11, 22, 8, 0, 0, 5, tzinfo=UTC)
SEEN = tuple(Observation("arp", NOW, "hq", Mac(n), "alive", "a\\\tb\n臺\0\ud800\ue000") for n in range(7))


def fill(database: Database) -> None:
    with closing(open_store(database.url, create=True)) as store:
        store.append("r1", SEEN)
        store.save_vendor(Vendor("Example"))
        for n in range(3):
            store.record("小明\t\\N\\", "test", "s\ud800", {"n": f"{n}\n"}, NOW)


def note(store: SqlStore) -> None:
    store.record("alice", "restore", "f", {}, NOW)


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database)
    return database


def test_what_was_backed_up_comes_back_and_the_present_is_kept(filled: Database, tmp_path: Path) -> None:
    file, kept = tmp_path / "b", tmp_path / "kept"
    if filled.kind == "postgresql":
        filled.execute("CREATE TABLE neighbour (name TEXT); CREATE SCHEMA dbos; CREATE TABLE dbos.runs (id INT)")
    written = write(filled.url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (written.kind, written.head.number) == (filled.kind, 3)
    with closing(open_store(filled.url, create=False)) as store:
        store.append("r2", SEEN[:1])
        store.record("bob", "later", "x", {}, NOW)
    assert check(file) == written
    restore(filled.url, written, kept, note)
    with closing(open_store(filled.url, create=False)) as store:
        assert tuple(store.observations()) == SEEN
        assert store.vendors() == (Vendor("Example"),)
        assert [entry.action for entry in store.audit()] == ["test"] * 3 + ["restore"]
        assert verify(store.audit(), store.audit_head()) is None
        assert store.append("r3", SEEN) == 7, "the log goes on counting"
    assert check(kept).head.number == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "kept"]


def test_a_backup_overwrites_nothing(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "b"
    file.write_text("precious")
    with pytest.raises(BadInput, match="b is there already; name another file"):
        write(filled.url, file)
    assert file.read_text() == "precious"
    with pytest.raises(EnvironmentFault, match="cannot be written: No such file or directory"):
        write(filled.url, tmp_path / "no" / "b")


def test_a_broken_chain_is_neither_backed_up_nor_restored(filled: Database, tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    written = write(filled.url, good)
    filled.execute("DELETE FROM audit WHERE number = 2")
    with pytest.raises(EnvironmentFault, match="its audit chain breaks: entry 2 is missing"):
        write(filled.url, bad)
    assert not bad.exists()
    filled.execute("UPDATE audit SET number = 2 WHERE number = 3")
    with pytest.raises(EnvironmentFault, match="its audit chain breaks: entry 2 was edited"):
        write(filled.url, bad)
    assert check(good) == written


def test_a_newer_schema_is_refused(filled: Database, tmp_path: Path) -> None:
    filled.execute("UPDATE lanward_schema SET version_num = '0999'")
    with pytest.raises(NewerSchema, match="its schema 0999 is newer than"):
        write(filled.url, tmp_path / "b")


def test_a_damaged_backup_is_found(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "b"
    write(filled.url, file)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) * 2 // 3], whole[:2000] + b"\xff" * 4000 + whole[6000:]):
        file.write_bytes(damaged)
        with pytest.raises(EnvironmentFault) as caught:
            check(file)
        assert "\n" not in str(caught.value)
        assert str(file) in str(caught.value) and "restore a backup" not in str(caught.value)


def test_what_is_no_backup_and_what_is_the_others(
    new_database: Callable[[str], Database], tmp_path: Path, filled: Database
) -> None:
    letter, strange = tmp_path / "letter", tmp_path / "strange"
    letter.write_text("dear Sir")
    with pytest.raises(BadInput, match="is no backup of an inventory"):
        check(letter)
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        check(tmp_path / "nothing")
    with closing(sqlite3.connect(strange)) as raw, raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(EnvironmentFault, match="is no lanward database"):
        check(strange)
    written = write(filled.url, tmp_path / "b")
    other = new_database("postgresql" if filled.kind == "sqlite" else "sqlite")
    with pytest.raises(BadInput, match=f"is a backup of {filled.kind}"):
        restore(other.url, written, tmp_path / "kept", note)


def test_an_empty_place_and_a_damaged_one_are_restored_into(filled: Database, tmp_path: Path) -> None:
    written = write(filled.url, tmp_path / "b")
    if filled.kind == "sqlite":
        whole = Path(filled.url).read_bytes()
        Path(filled.url).write_bytes(whole[:100] + b"\xff" * 9000)
        restore(filled.url, written, tmp_path / "kept", note)
        assert (tmp_path / "kept").read_bytes()[100:200] == b"\xff" * 100
        Path(filled.url).unlink()
    else:
        filled.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    restore(filled.url, written, tmp_path / "kept2", note)
    assert not (tmp_path / "kept2").exists()
    with closing(open_store(filled.url, create=False)) as store:
        assert tuple(store.observations()) == SEEN


def test_a_file_that_somebody_has_open_is_not_swapped(new_database: Callable[[str], Database], tmp_path: Path) -> None:
    database = new_database("sqlite")
    fill(database)
    written = write(database.url, tmp_path / "b")
    holder = open_store(database.url, create=False)
    reading = holder.observations()
    next(reading)
    inode = Path(database.url).stat().st_ino
    with pytest.raises(Refused, match="is open in another process"):
        restore(database.url, written, tmp_path / "kept", note)
    assert Path(database.url).stat().st_ino == inode
    assert not (tmp_path / "kept").exists()
    reading.close()  # type: ignore[attr-defined]
    holder.close()
    restore(database.url, written, tmp_path / "kept", note)
    with closing(sqlite3.connect(database.url)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_restore_that_fails_leaves_the_present(filled: Database, tmp_path: Path) -> None:
    written = write(filled.url, tmp_path / "b")
    filled.execute("UPDATE vendor SET name = 'Present'")

    def broken(store: SqlStore) -> None:
        raise EnvironmentFault("no room")

    if filled.kind == "postgresql":
        file = tmp_path / "b"
        file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(EnvironmentFault):
        restore(filled.url, written, tmp_path / "kept", broken)
    with closing(open_store(filled.url, create=False)) as store:
        assert [vendor.name for vendor in store.vendors()] == ["Present"]


WRITER = """
import sys
from datetime import UTC, datetime
from agent.store.repository import open_store
store = open_store(sys.argv[1], create=False)
print("ready", flush=True)
for n in range(100000):
    store.record("writer", "test", "x", {"n": str(n)}, datetime.now(UTC))
"""


@pytest.mark.slow
def test_a_backup_is_one_moment_while_another_process_writes(filled: Database, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, filled.url]
    writer = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        seen: set[int] = set()
        until = time.monotonic() + 60
        for n in count():
            seen.add(write(filled.url, tmp_path / f"b{n}").head.number)
            if len(seen) == 3 or time.monotonic() > until:
                break
    finally:
        writer.kill()
        writer.wait()
    assert len(seen) == 3, "each is whole, and the chain grew between them"


def test_the_commands_record_what_they_did_and_a_running_owner_refuses(tmp_path: Path) -> None:
    database = Database("sqlite", str(tmp_path / "inventory.db"))
    fill(database)
    done = lanward(tmp_path, "backup", "b", "--json")
    assert done.returncode == 0, done.stderr
    assert lanward(tmp_path, "backup", "b").returncode == 2
    with ownership(load({}, {}, tmp_path)):
        refused = lanward(tmp_path, "restore", "b")
        assert (refused.returncode, f"process {os.getpid()} " in refused.stderr) == (4, True), refused.stderr
    done = lanward(tmp_path, "restore", "b")
    assert done.returncode == 0, done.stderr
    assert "what was there is" in done.stdout
    with closing(open_store(database.url, create=False)) as store:
        last = list(store.audit())[-1]
        assert (last.action, verify(store.audit(), store.audit_head())) == ("restore", None)
    facts = dict(last.facts)
    assert facts["former_entries"] == "4", "the chain that was there had the backup's own entry"
    assert check(Path(facts["kept"])).head.hash == facts["former_head"]


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%41b"])
def test_signs_of_a_uri_in_a_path_mean_themselves(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.mkdir()
    inventory = str(home / "inventory.db")
    with closing(open_store(inventory, create=True)) as store:
        store.record("alice", "test", "s", {}, NOW)
    written = write(inventory, home / "b")
    assert written.head.number == 1
    restore(inventory, check(home / "b"), home / "kept", note)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with closing(open_store(inventory, create=False)) as store:
        assert store.audit_head().number == 2
