"""Opening, creating and upgrading an inventory, and refusing what is none."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from agent.model.errors import BadInput, EnvironmentFault, NewerSchema
from agent.store import schema
from agent.store.engine import make_engine, parse_url
from agent.store.repository import SqlStore, open_store
from tests.databases import Database

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

FURTHER = """
import sqlalchemy as sa
from alembic import op
revision = "0999"
down_revision = "{before}"
def upgrade():
    op.add_column("vendor", sa.Column("website", sa.Text()))
    {more}
"""


def test_a_missing_file_is_made_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    with pytest.raises(BadInput, match=r"inventory\.db: there is no inventory yet; run lanward discover"):
        open_store(str(path), create=False)
    assert not path.exists()
    open_store(f"sqlite:///{path}", create=True).close()
    assert open_store(str(path), create=False).devices() == ()
    with pytest.raises(EnvironmentFault, match="its directory does not exist"):
        open_store(str(tmp_path / "no" / "x.db"), create=True)


def test_what_is_no_inventory_is_refused_and_left_alone(tmp_path: Path) -> None:
    text, empty, strange = tmp_path / "a.db", tmp_path / "b.db", tmp_path / "c.db"
    text.write_text("this is a letter, not a database\n" * 99)
    empty.touch()
    with sqlite3.connect(strange) as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    before = {path: path.read_bytes() for path in (text, strange)}
    for path, create in ((text, True), (text, False), (empty, False), (strange, True), (strange, False)):
        with pytest.raises(EnvironmentFault, match=rf"{path.name} is no lanward database; name another"):
            open_store(str(path), create=create)
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(EnvironmentFault, match="Is a directory"):
        open_store(str(tmp_path), create=True)


def test_a_corrupt_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    open_store(str(path), create=True).close()
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000)
    with pytest.raises(EnvironmentFault) as caught:
        open_store(str(path), create=False).devices()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u@h/x", "'mysql' is no database that lanward knows"),
        ("postgresql://u:hunter2@h/x", "a password stands in the database URL; put it in ~/.pgpass"),
        (":memory:", "the inventory needs a file"),
        ("sqlite://", "the inventory needs a file"),
    ],
)
def test_a_wrong_url_is_bad_input(url: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        open_store(url, create=True)
    assert message in str(caught.value)
    assert "hunter2" not in repr(caught.value)


def test_a_server_that_is_not_there_is_the_environment(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"postgresql\+psycopg://u@/x\?host=.*: connection") as caught:
        open_store(f"postgresql://u@/x?host={tmp_path}", create=True)
    assert "\n" not in str(caught.value)


def test_a_newer_schema_names_both_revisions_and_is_left_alone(database: Database) -> None:
    open_store(database.url, create=True).close()
    database.execute("UPDATE lanward_schema SET version_num = '0999'")
    with pytest.raises(NewerSchema, match=rf"its schema 0999 is newer than {schema.SHIPPED.head}.*; upgrade lanward"):
        open_store(database.url, create=True)
    assert database.execute("SELECT version_num FROM lanward_schema") == [("0999",)]


def test_tables_of_somebody_else_are_refused(database: Database) -> None:
    open_store(database.url, create=True).close()
    database.execute("DROP TABLE lanward_schema")
    with pytest.raises(EnvironmentFault, match="is no lanward database"):
        open_store(database.url, create=True)


def test_an_empty_server_database_is_filled_only_when_asked(new_database: Callable[[str], Database]) -> None:
    database = new_database("postgresql")
    with pytest.raises(BadInput, match="there is no inventory yet"):
        open_store(database.url, create=False)
    open_store(database.url, create=True).close()
    open_store(database.url, create=False).close()


def older(tmp_path: Path, more: str = "") -> tuple[Path, SqlStore, schema.Schema]:
    """A database of the shipped revision with an entry, and a lanward that knows 0999."""
    location = tmp_path / "with%percent"
    shutil.copytree(schema.SHIPPED.location, location)
    (location / "versions" / "r0999_further.py").write_text(FURTHER.format(before=schema.SHIPPED.head, more=more))
    path = tmp_path / "x.db"
    store = open_store(str(path), create=True)
    store.record("alice", "a", "s", {}, NOW)
    return path, store, schema.Schema(location, "0999")


def test_an_older_schema_is_upgraded_after_a_backup(tmp_path: Path) -> None:
    path, store, newer = older(tmp_path)
    schema.prepare(store._engine, str(path), create=False, file=path, schema=newer)
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT version_num FROM lanward_schema").fetchone() == ("0999",)
        raw.execute("SELECT website FROM vendor")
    backup = open_store(str(tmp_path / f"x.db.bak-{schema.SHIPPED.head}"), create=False)
    assert [entry.actor for entry in backup.audit()] == ["alice"]
    assert not list(tmp_path.glob("*.partial"))
    with pytest.raises(NewerSchema):
        open_store(str(path), create=False)


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    path, store, newer = older(tmp_path, more='op.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(Exception, match="no such table: nowhere"):
        schema.prepare(store._engine, str(path), create=False, file=path, schema=newer)
    store.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT version_num FROM lanward_schema").fetchone() == (schema.SHIPPED.head,)
        assert "website" not in str(raw.execute("PRAGMA table_info(vendor)").fetchall())
    assert len(list(open_store(str(path), create=False).audit())) == 1


def test_the_migrations_make_what_the_tables_say(database: Database) -> None:
    store = open_store(database.url, create=True)
    with store._engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, SQLModel.metadata) == []
    store.close()


def test_the_shipped_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.SHIPPED.location))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.SHIPPED.head]


def test_an_open_of_a_current_database_does_without_alembic(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    open_store(str(path), create=True).close()
    program = (
        "import sys; from agent.store.repository import open_store\n"
        "open_store(sys.argv[1], create=False).devices(); print('alembic' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=root, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_exceptions_and_vendors_of_the_first_schema_are_carried_up(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    first = schema.Schema(schema.SHIPPED.location, "0001")
    engine = make_engine(parse_url(str(path)))
    schema.prepare(engine, "x", create=True, schema=first)
    engine.dispose()
    with sqlite3.connect(path) as raw:
        raw.execute(
            "INSERT INTO waiver VALUES "
            "('w', 'd', 'unpatchable', '[\"A7-2\"]', '[]', 'ann', 'approved', '2027-01-01', 'bob', NULL, 'old')"
        )
        label = '[{"certificate":"1","expires":null,"level":"basic","scheme":"TW"}]'
        raw.execute("INSERT INTO vendor VALUES ('HP', '', NULL, NULL, '', '', NULL, '', ?)", (label,))
    raw.close()
    store = open_store(str(path), create=False)
    (waiver,), (vendor,) = store.waivers(), store.vendors()
    assert (waiver.reason, waiver.requested, waiver.note, waiver.follows) == ("old", None, "", "")
    assert (vendor.labels[0].model, vendor.tests) == ("", ())
