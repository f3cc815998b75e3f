"""Which schema a database has, and how it comes to the one that this lanward knows."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from agent.model.errors import BadInput, EnvironmentFault, NewerSchema
from agent.store.engine import no_database

VERSION_TABLE = "lanward_schema"
"""Alembic's table of the revision; its presence says that a database is ours."""

_UPGRADE_LOCK = 0x4C41_4E57
"""PostgreSQL advisory lock ("LANW") that lets one process at a time upgrade."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A directory of Alembic migrations and its newest revision; revisions are four digits and only grow."""

    location: Path
    head: str


SHIPPED = Schema(Path(__file__).parent / "migrations", "0003")


def prepare(engine: Engine, name: str, *, create: bool, file: Path | None = None, schema: Schema = SHIPPED) -> None:
    """Create or upgrade the schema where needed; raise NewerSchema, or the fault of a database that is not ours."""
    with engine.connect() as connection:
        found = revision(connection, name)
    if found == schema.head:
        return
    refuse_newer(name, found, schema.head)
    if not found and not create:
        raise BadInput(f"{name}: there is no inventory yet", hint="run lanward discover")
    if found and file:
        back_up(file, found)
    with engine.execution_options(writing=True).begin() as connection:
        _upgrade(connection, name, schema)


def refuse_newer(name: str, found: str, head: str) -> None:
    """Raise NewerSchema for a revision that a later lanward made."""
    if found > head:
        raise NewerSchema(
            f"{name}: its schema {found} is newer than {head}, the newest that this lanward knows",
            hint="upgrade lanward",
        )


def revision(connection: Connection, name: str) -> str:
    """The database's revision, or an empty string for an empty database; raise EnvironmentFault for another's."""
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            raise no_database(name)
        return ""
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return str(found or "")


def back_up(file: Path, found: str) -> Path:
    """Copy a live SQLite file to `FILE.bak-REVISION`, whole or not at all; raise EnvironmentFault where it cannot."""
    target = file.with_name(f"{file.name}.bak-{found}")
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        shutil.copymode(file, partial)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise EnvironmentFault(f"{target}: the backup before the upgrade failed: {error}") from None
    return target


def _upgrade(connection: Connection, name: str, schema: Schema) -> None:
    """Run what is missing, in the connection's one transaction; a process that was faster leaves nothing to do."""
    from alembic import command  # heavy, and needed once in a database's life
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
    if revision(connection, name) >= schema.head:
        return
    config = Config()
    config.set_main_option("script_location", str(schema.location).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, schema.head)
