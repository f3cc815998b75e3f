"""Backups of PostgreSQL by its own programs: `pg_dump`'s custom format, read back by `pg_restore`, loaded by `psql`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import inspect
from sqlalchemy.engine import URL

from agent.audit import Entry, Head
from agent.model.errors import EnvironmentFault
from agent.store.codec import loads
from agent.store.contents import Found
from agent.store.engine import make_engine, name_of, translated
from agent.store.schema import VERSION_TABLE
from agent.store.tables import TABLES, unescaped

MAGIC = b"PGDMP"
_ESCAPES = {"\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
LOCK_SECONDS = 10
"""How long a restore waits for sessions that are reading the tables."""


def dump(url: URL, file: Path) -> None:
    """Write one moment of all our tables into a file; raise EnvironmentFault with what pg_dump says."""
    words = ("--format=custom", "--no-owner", "--no-privileges", f"--file={file}", f"--dbname={_address(url)}")
    tables = (f'--table="{table}"' for table in (VERSION_TABLE, *TABLES))  # others may share the database
    _run(name_of(url), ["pg_dump", *words, *tables])


def is_empty(url: URL) -> bool:
    """True where the database holds no inventory."""
    engine = make_engine(url)
    try:
        with translated(name_of(url)), engine.connect() as connection:
            return VERSION_TABLE not in inspect(connection).get_table_names()
    finally:
        engine.dispose()


def load(url: URL, file: Path) -> None:
    """Put a dump in the place of the inventory's tables in one transaction."""
    with NamedTemporaryFile(prefix="lanward-", suffix=".sql") as script:  # nobody else's to read or to foresee
        _run(str(file), ["pg_restore", "--no-owner", "--no-privileges", f"--file={script.name}", str(file)])
        tables = ", ".join(f'"{table}"' for table in (VERSION_TABLE, *TABLES))
        drop = f"SET lock_timeout = '{LOCK_SECONDS}s'; DROP TABLE IF EXISTS {tables} CASCADE"
        once = ("--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--command={drop}")
        _run(name_of(url), ["psql", *once, f"--file={script.name}", f"--dbname={_address(url)}"])


@contextmanager
def contents(file: Path, shown: str) -> Iterator[Found]:
    """The dump read through to its end; raise EnvironmentFault where it is damaged or is no inventory."""
    _run(shown, ["pg_restore", "--file=/dev/null", str(file)])
    revisions = _rows(file, VERSION_TABLE, shown)
    heads = _rows(file, "audit_head", shown)
    if not revisions or not heads:
        raise EnvironmentFault(f"{shown} is no lanward database")
    head = Head(int(heads[0]["number"]), heads[0]["hash"])
    entries = sorted((_entry(row) for row in _rows(file, "audit", shown)), key=lambda entry: entry.number)
    yield Found(revisions[0]["version_num"], entries, head)


def _entry(row: dict[str, str]) -> Entry:
    facts = loads(tuple[tuple[str, str], ...], row["facts"])
    actor, action, subject = (unescaped(row[name]) for name in ("actor", "action", "subject"))
    return Entry(int(row["number"]), datetime.fromisoformat(row["at"]), actor, action, subject, facts, row["hash"])


def _rows(file: Path, table: str, shown: str) -> list[dict[str, str]]:
    """One table's rows by column, from COPY's text format (PostgreSQL manual, COPY, "Text Format")."""
    text = _run(shown, ["pg_restore", "--data-only", f"--table={table}", "--file=-", str(file)])
    lines = iter(text.split("\n"))
    head = next((line for line in lines if line.startswith("COPY ")), "")
    columns = head.partition("(")[2].partition(")")[0].split(", ")
    found = []
    for line in lines:
        if line == "\\.":
            break
        found.append(dict(zip(columns, map(_unescape, line.split("\t")), strict=True)))
    return found


def _unescape(field: str) -> str:
    before, *rest = field.split("\\")
    made = [before]
    pending = iter(rest)
    for part in pending:
        if part:
            made.append(_ESCAPES.get(part[0], part[0]) + part[1:])
        else:  # an escaped backslash: what follows it stands as it is
            made.append("\\" + next(pending, ""))
    return "".join(made)


def _address(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _run(name: str, command: list[str]) -> str:
    """The program's output; its first line of complaint becomes the error's text."""
    environment = {**os.environ, "PGTZ": "UTC", "PGCLIENTENCODING": "UTF8", "LC_MESSAGES": "C"}
    try:
        done = subprocess.run(command, capture_output=True, env=environment, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise EnvironmentFault(f"{command[0]} is not installed", hint="apt-get install postgresql-client") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no word"]
        raise EnvironmentFault(f"{name}: {said[0]}")
    return done.stdout.decode()
