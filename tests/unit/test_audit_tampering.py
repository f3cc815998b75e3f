"""Tampering with the database behind lanward's back, and what `lanward audit` says of it."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.audit import Head, sealed, verify
from agent.model.errors import EnvironmentFault
from agent.store.repository import SqlStore, open_store
from tests.databases import Database
from tests.unit.shell import lanward

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def noted(database: Database) -> list[Head]:
    """Five entries; the head after each."""
    heads = []
    with closing(open_store(database.url, create=True)) as store:
        for n in range(5):
            store.record("alice" if n % 2 else "bob", "approve", "C1", {"n": str(n)}, NOW + timedelta(hours=n))
            heads.append(store.audit_head())
    return heads


def judged(database: Database, head: str = "") -> str:
    with closing(open_store(database.url, create=False)) as store:
        broken = verify(store.audit(), store.audit_head(), head)
        return broken.reason if broken else "whole"


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("UPDATE audit SET subject = 'C2' WHERE number = 3", "entry 3 was edited"),
        ("UPDATE audit SET action = 'reject' WHERE number = 5", "entry 5 was edited"),
        ("UPDATE audit SET hash = upper(hash) WHERE number = 1", "entry 1 was edited"),
        ("DELETE FROM audit WHERE number = 1", "entry 1 is missing"),
        ("DELETE FROM audit WHERE number = 5", "the log ends at entry 4, its head is entry 5"),
        ("UPDATE audit SET number = 6 WHERE number = 5", "entry 5 is missing"),
        ("UPDATE audit SET number = number + 10; UPDATE audit SET number = 16 - number", "entry 1"),
        (
            "INSERT INTO audit SELECT 6, at, actor, action, subject, facts, hash FROM audit WHERE number = 5",
            "entry 6 was edited",
        ),
        ("UPDATE audit_head SET number = 4", "the log ends at entry 5, its head is entry 4"),
        ("UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE number = 4)", "its head is entry 5"),
    ],
)
def test_each_kind_of_tampering_is_found(database: Database, tampering: str, said: str) -> None:
    noted(database)
    assert judged(database) == "whole"
    database.execute(tampering)
    assert said in judged(database)


@pytest.mark.parametrize("tampering", ["UPDATE audit SET facts = 'none' WHERE number = 2", "DELETE FROM audit_head"])
def test_what_cannot_even_be_read_is_the_databases_fault(database: Database, tampering: str) -> None:
    noted(database)
    database.execute(tampering)
    with pytest.raises(EnvironmentFault, match="restore a backup"):
        judged(database)


def cut(database: Database, head: Head) -> None:
    """Take entries off the end, and set the head back to fit."""
    database.execute(f"DELETE FROM audit WHERE number > {head.number}")
    database.execute(f"UPDATE audit_head SET number = {head.number}, hash = '{head.hash}'")


def rewrite(store: SqlStore) -> list[str]:
    """Every entry anew under another name, each hash right."""
    script, at = [], Head()
    for entry in list(store.audit()):
        forged = sealed(at, replace(entry, actor="mallory"))
        at = Head(forged.number, forged.hash)
        script.append(f"UPDATE audit SET actor = 'mallory', hash = '{forged.hash}' WHERE number = {forged.number}")
    return [*script, f"UPDATE audit_head SET hash = '{at.hash}'"]


def test_only_a_head_noted_elsewhere_shows_a_chain_that_was_cut_or_rewritten_as_a_whole(database: Database) -> None:
    heads = noted(database)
    assert [judged(database, head.hash) for head in heads] == ["whole"] * 5
    with closing(open_store(database.url, create=False)) as store:
        script = rewrite(store)
    cut(database, heads[2])
    assert (judged(database), judged(database, heads[1].hash)) == ("whole", "whole")
    assert "rewritten or cut" in judged(database, heads[4].hash)
    for statement in script[:3]:
        database.execute(statement)
    database.execute("UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE number = 3)")
    assert judged(database) == "whole"
    assert "rewritten or cut" in judged(database, heads[1].hash)


def test_the_commands(tmp_path: Path) -> None:
    database = Database("sqlite", str(tmp_path / "inventory.db"))
    heads = noted(database)
    assert lanward(tmp_path, "audit", "head").stdout == f"5 {heads[4].hash}\n"
    assert lanward(tmp_path, "audit", "verify", "--head", heads[3].hash).stdout == "the audit chain is whole\n"
    for no_head in ("4 " + heads[3].hash, 64 * "0"):
        assert lanward(tmp_path, "audit", "verify", "--head", no_head).returncode == 2
    listed = json.loads(
        lanward(tmp_path, "audit", "list", "--since", "2026-11-23T01:00", "--actor", "bob", "--json").stdout
    )
    assert [(entry["number"], entry["actor"]) for entry in listed] == [(3, "bob"), (5, "bob")]
    assert "2026-11-22 23:00:00" in lanward(tmp_path, "audit", "list").stdout, "people read Taipei's time"
    assert lanward(tmp_path, "audit", "list", "--since", "yesterday").returncode == 2
    database.execute("DELETE FROM audit WHERE number = 2")
    broken = lanward(tmp_path, "audit", "verify", "--json")
    assert broken.returncode == 1
    assert json.loads(broken.stdout)["intact"] is False
