"""Both databases for tests of the store: SQLite files, and a real PostgreSQL (Debian's) that the tests start."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

KINDS = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Database:
    """An empty database of its own; `url` is what `--db` takes."""

    kind: str
    url: str

    def execute(self, script: str) -> list[tuple[Any, ...]]:
        """Run SQL behind lanward's back; the rows of the last statement."""
        return _sqlite(self.url, script) if self.kind == "sqlite" else _postgres(self.url, script)

    def load(self, dump: str) -> None:
        """Run a whole dump, whose texts may hold anything."""
        if self.kind == "sqlite":
            with closing(sqlite3.connect(self.url)) as raw:
                raw.executescript(dump)
        else:
            _postgres(self.url, dump)


def _sqlite(path: str, script: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as raw, raw:
        *before, last = [part for part in script.split(";") if part.strip()]
        for part in before:
            raw.execute(part)
        return raw.execute(last).fetchall()


def _postgres(url: str, script: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url) as raw:
        done = raw.execute(script.encode())
        while done.nextset():
            pass
        return done.fetchall() if done.description else []


class PostgresServer:
    """A server in a temporary directory, on a Unix socket there; fsync is off, for it lives minutes."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._numbers = count(1)

    def database(self) -> Database:
        """A fresh, empty database."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as raw:
            raw.execute(f"CREATE DATABASE {name}".encode())
        return Database("postgresql", self._url(name))

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._home}"


def programs() -> Path | None:
    """The directory of the newest PostgreSQL server that Debian installed, or None."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server; as root it runs under Debian's user `postgres`, for it refuses to be root's."""
    binaries = programs()
    assert binaries is not None
    home = Path(tempfile.mkdtemp(prefix="lanward-pg-"))
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if prefix:
        shutil.chown(home, "postgres")

    def run(program: str, *words: str) -> None:
        command = [*prefix, str(binaries / program), "-D", f"{home}/data", *words]
        subprocess.run(command, check=True, cwd=home, stdout=subprocess.DEVNULL, timeout=120)

    run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
    off = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    try:
        run("pg_ctl", "-l", f"{home}/log", "-o", f"-c listen_addresses='' -k {home} {off}", "-w", "start")
        yield PostgresServer(home)
    finally:
        run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(home)
