"""Backups: a whole inventory in one file, checked after it was written and before it is put back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from agent.audit import Entry, Head, verify
from agent.model.errors import BadInput, EnvironmentFault
from agent.store import postgres_backup, schema, sqlite_backup
from agent.store.contents import Contents
from agent.store.engine import file_of, make_engine, name_of, parse_url
from agent.store.repository import SqlStore, open_store


@dataclass(frozen=True, slots=True)
class Backup:
    """A checked file: its database's kind, its schema, the end of its audit chain and its own SHA-256 in hex."""

    file: Path
    kind: str
    schema: str
    head: Head
    sha256: str


def write(url_or_path: str, file: Path) -> Backup:
    """Copy the inventory, live as it may be, into a new file of mode 0600 and check what was written.

    Raise BadInput where the file is there already, EnvironmentFault where it cannot be written or is not whole.
    """
    url = parse_url(url_or_path)
    with _beside(file) as partial:
        if source := file_of(url):
            sqlite_backup.copy(source, partial)
        else:
            postgres_backup.dump(url, partial)
        checked = _checked(partial, file)
        _put(partial, file)
    return checked


def check(file: Path) -> Backup:
    """Read a backup through; raise BadInput for what is none, NewerSchema, or EnvironmentFault for a damaged one."""
    return _checked(file, file)


def restore(url_or_path: str, backup: Backup, kept: Path, note: Callable[[SqlStore], None]) -> None:
    """Put a checked backup in the place of the inventory, whole or not at all; the present one goes to `kept`.

    An older schema is upgraded on the way. `note` writes the audit entry: on SQLite before the files are swapped.
    """
    url = parse_url(url_or_path)
    target = file_of(url)
    wanted = "sqlite" if target else "postgresql"
    if backup.kind != wanted:
        raise BadInput(f"{backup.file} is a backup of {backup.kind}, {name_of(url)} is {wanted}")
    if target:
        _restore_file(target, backup, kept, note)
    else:
        _restore_server(url, backup, kept, note)


def _restore_file(target: Path, backup: Backup, kept: Path, note: Callable[[SqlStore], None]) -> None:
    with _beside(target, free=False) as partial:
        sqlite_backup.copy_back(backup.file, partial)
        engine = make_engine(parse_url(str(partial)))
        try:
            schema.prepare(engine, str(target), create=False)
            note(SqlStore(engine, str(target)))
        finally:
            engine.dispose()
        sqlite_backup.swap(partial, target, kept)


def _restore_server(url: URL, backup: Backup, kept: Path, note: Callable[[SqlStore], None]) -> None:
    if not postgres_backup.is_empty(url):
        with _beside(kept) as partial:
            postgres_backup.dump(url, partial)
            _put(partial, kept)
    postgres_backup.load(url, backup.file)
    with closing(open_store(url.render_as_string(), create=False)) as store:
        note(store)


def _checked(file: Path, shown: Path) -> Backup:
    """`shown` is how errors call the file."""
    kind, contents = _contents(file, shown)
    with contents as found:
        schema.refuse_newer(str(shown), found.revision, schema.SHIPPED.head)
        _whole_chain(found.audit, found.head, shown)
        return Backup(shown, kind, found.revision, found.head, _sha256(file))


def _contents(file: Path, shown: Path) -> tuple[str, Contents]:
    try:
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError as error:
        raise BadInput(f"{shown} cannot be read: {error.strerror}") from None
    if start.startswith(sqlite_backup.MAGIC):
        return "sqlite", sqlite_backup.contents(file, str(shown))
    if start.startswith(postgres_backup.MAGIC):
        return "postgresql", postgres_backup.contents(file, str(shown))
    raise BadInput(f"{shown} is no backup of an inventory", hint="name a file that lanward backup wrote")


def _whole_chain(audit: Iterable[Entry], head: Head, shown: Path) -> None:
    if broken := verify(audit, head):
        raise EnvironmentFault(f"{shown}: its audit chain breaks: {broken.reason}", hint="take another backup")


@contextmanager
def _beside(file: Path, *, free: bool = True) -> Iterator[Path]:
    """A new, empty file of mode 0600 in the directory of another, gone at the end; `free` wants that one's name."""
    if free and file.exists():
        raise BadInput(f"{file} is there already", hint="name another file")
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise EnvironmentFault(f"{file} cannot be written: {error.strerror}") from None
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _put(partial: Path, file: Path) -> None:
    """Give the finished file its name; a file that came there meanwhile is not overwritten."""
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    try:
        os.link(partial, file)
    except FileExistsError:
        raise BadInput(f"{file} is there already", hint="name another file") from None
    except OSError as error:
        raise EnvironmentFault(f"{file} cannot be written: {error.strerror}") from None


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
