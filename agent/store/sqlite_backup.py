"""Backups of SQLite: SQLite's own online copy, its integrity check, and the swap of two files."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL

from agent.model.errors import EnvironmentFault, Refused
from agent.store import schema
from agent.store.contents import Found
from agent.store.engine import make_engine, translated
from agent.store.repository import SqlStore

ANOTHER = "take or name another backup"
MAGIC = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file; a stale one would be read into another file of the same name."""


def copy(source: Path, target: Path) -> None:
    """Copy a database that others may be writing to: one moment of it, whole, in a file that needs none beside it."""
    _copy(f"{_address(source)}?mode=ro", source, target, "DELETE")


def copy_back(backup: Path, target: Path) -> None:
    """Copy a backup, which nobody writes to, into a database for many (WAL)."""
    _copy(f"{_address(backup)}?immutable=1", backup, target, "WAL")


def _address(file: Path) -> str:
    """The file as a URI (sqlite.org/uri.html), in which `?`, `#` and `%` of its name mean themselves."""
    return f"file:{quote(str(file.absolute()))}"


def _copy(address: str, source: Path, target: Path, journal: str) -> None:
    try:
        with closing(sqlite3.connect(address, uri=True)) as read, closing(sqlite3.connect(target)) as write:
            read.backup(write)
            write.execute(f"PRAGMA journal_mode={journal}")
    except sqlite3.Error as error:
        raise EnvironmentFault(f"{source} cannot be copied: {error}", hint="is it damaged? lanward restore") from None


@contextmanager
def contents(file: Path, shown: str) -> Iterator[Found]:
    """The file read through; raise EnvironmentFault where it is damaged or is no inventory.

    The file is not touched: a backup may lie on a medium that cannot be written.
    """
    _whole(file, shown)
    url = URL.create("sqlite", database=_address(file), query={"immutable": "1", "uri": "true"})
    engine = make_engine(url)
    try:
        with translated(shown):
            with engine.connect() as connection:
                said = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
                if said != "ok":
                    raise EnvironmentFault(f"{shown} is damaged: {str(said).splitlines()[-1]}", hint=ANOTHER)
                revision = schema.revision(connection, shown)
            if not revision:
                raise EnvironmentFault(f"{shown} is no lanward database")
            store = SqlStore(engine, shown)
            yield Found(revision, store.audit(), store.audit_head())
    except EnvironmentFault as error:
        if "restore a backup" not in error.hint:
            raise
        raise EnvironmentFault(
            f"{shown} is damaged: {error.message.removeprefix(f'{shown}: ')}", hint=ANOTHER
        ) from error
    finally:
        engine.dispose()


def _whole(file: Path, shown: str) -> None:
    """Raise EnvironmentFault for a file that is shorter than it says (SQLite file format, 1.3)."""
    with file.open("rb") as opened:
        page, pages = struct.unpack(">16xH10xI", opened.read(32).ljust(32, b"\0"))
    wanted, there = (65536 if page == 1 else page) * pages, file.stat().st_size
    if there < wanted:
        raise EnvironmentFault(f"{shown} is cut off: it has {there} of its {wanted} octets", hint=ANOTHER)


def swap(fresh: Path, target: Path, kept: Path) -> None:
    """Put `fresh` in the place of `target`, which keeps its content under the name `kept`; no moment is without one."""
    if not target.exists():
        fresh.replace(target)
        return
    _settle(target)
    try:
        former = target.stat()
        with suppress(PermissionError):  # who may not give a file away owned the former one
            os.chown(fresh, former.st_uid, former.st_gid)
        shutil.copymode(target, fresh)
        os.link(target, kept)
        for suffix in _BESIDE:
            if (stale := Path(f"{target}{suffix}")).exists():
                stale.replace(f"{kept}{suffix}")
        fresh.replace(target)
    except OSError as error:
        raise EnvironmentFault(f"{target} cannot be replaced: {error.strerror}") from None


def _settle(target: Path) -> None:
    """Put what is in the log file into the database; raise Refused where another process has it open."""
    try:
        with closing(sqlite3.connect(target, isolation_level=None, timeout=2)) as present:
            present.execute("PRAGMA journal_mode=DELETE").fetchone()
            present.execute("BEGIN EXCLUSIVE")
            present.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Refused(f"{target} is open in another process", hint="end lanward's agent and screens") from None
    except sqlite3.DatabaseError:
        return  # damaged, and a reason to restore: it is kept as it lies there
