"""Database addresses, engines, and whose fault it is when one does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
    TimeoutError,
)

from agent.model.errors import BadInput, EnvironmentFault, LanwardError
from agent.sqlite_file import make_file

BUSY_SECONDS = 10
"""How long a writer waits for another one; transactions here are far shorter."""

_SQLITE_MAGIC = b"SQLite format 3\0"


def parse_url(text: str) -> URL:
    """A PostgreSQL or SQLite URL, or a path; raise BadInput for anything else, or for a password in it."""
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        shown = text.rpartition("@")[2]
        raise BadInput(f"'{shown}' is no database", hint="give a path or postgresql://host/name") from None
    if url.password or "password" in url.query:
        raise BadInput(f"{name_of(url)}: a password stands in the database URL", hint="put it in ~/.pgpass")
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise BadInput(f"'{backend}' is no database that lanward knows", hint="use SQLite or PostgreSQL")
    return url if backend == "sqlite" else url.set(drivername="postgresql+psycopg")


def name_of(url: URL) -> str:
    """How errors call a database: a file by its path, a server by its URL without the password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def file_of(url: URL) -> Path | None:
    """The SQLite file, or None for a server; raise BadInput for a database in memory."""
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise BadInput("the inventory needs a file", hint="give a path such as inventory.db")
    return Path(url.database)


def check_file(path: Path, *, create: bool) -> None:
    """Make an empty file where there is none; BadInput where none may be made, EnvironmentFault for something else."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_MAGIC))
    except FileNotFoundError:
        if not create:
            raise BadInput(f"{path}: there is no inventory yet", hint="run lanward discover") from None
        if not path.absolute().parent.is_dir():
            raise EnvironmentFault(f"{path}: its directory does not exist", hint="make it first") from None
        make_file(path)
        return
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be read: {error.strerror}") from None
    if head != _SQLITE_MAGIC and not (create and not head):
        raise no_database(str(path))


def no_database(name: str) -> EnvironmentFault:
    """The error for something that holds no inventory."""
    return EnvironmentFault(f"{name} is no lanward database", hint="name another with --db, or move it away")


def make_engine(url: URL) -> Engine:
    """An engine; SQLite gets WAL, foreign keys, a busy timeout and explicit BEGIN (IMMEDIATE to write)."""
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"PostgreSQL needs the Python module {error.name}", hint="install lanward with its extra postgres"
        ) from None
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # sqlite3 would begin by itself, late and without IMMEDIATE
    for pragma in (f"busy_timeout={BUSY_SECONDS * 1000}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if connection.execute("PRAGMA page_count").fetchone() == (0,):
        connection.execute("PRAGMA journal_mode=WAL")  # stays with the file; one that is not ours is left as it is


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def snapshot(engine: Engine) -> Connection:
    """A connection whose reads all see the state of the first one."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
    return connection  # a SQLite transaction sees one state by itself


def compact(engine: Engine, table: str) -> None:
    """Give room back: a SQLite file is written anew, a server's table is swept."""
    raw = engine.raw_connection()  # no transaction may be open around it
    try:
        driver: Any = raw.driver_connection
        if engine.dialect.name == "sqlite":
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        else:
            driver.autocommit = True
            driver.execute(f'VACUUM (ANALYZE) "{table}"')
            driver.autocommit = False
    except engine.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(None, None, error) from error
    finally:
        raw.close()


def size(engine: Engine, table: str) -> int:
    """The octets of a SQLite file, or of a server's table with its indexes."""
    sqlite = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            return int(connection.exec_driver_sql(sqlite).scalar() or 0)
        return int(connection.exec_driver_sql(f"SELECT pg_total_relation_size('{table}')").scalar() or 0)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn a database's errors into EnvironmentFault, and a row that it will not have into our own fault; one line."""
    try:
        yield
    except (DBAPIError, TimeoutError) as error:
        text = _first_line(error)
        if isinstance(error, IntegrityError | DataError | ProgrammingError):
            raise LanwardError(f"{name}: the database refused a row: {text}") from error
        raise EnvironmentFault(f"{name}: {text}", hint=_advice(text)) from error
    except SQLAlchemyError as error:
        raise LanwardError(f"{name}: {_first_line(error)}") from error


@contextmanager
def undamaged(name: str) -> Iterator[None]:
    """Turn a row that is no value of the model into EnvironmentFault."""
    try:
        yield
    except ValueError as error:
        raise EnvironmentFault(f"{name}: a row is damaged: {error}", hint="restore a backup") from error


def _first_line(error: SQLAlchemyError) -> str:
    text = str(error.orig) if hasattr(error, "orig") and error.orig else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


_ADVICE = (
    ("locked", "another process holds it; try again when it is done"),
    ("malformed", "the file is damaged; restore a backup"),
    ("not a database", "name another with --db, or move it away"),
    ("readonly", "run as the user who owns it"),
    ("unable to open", "check the path and its permissions"),
    ("full", "free some space"),
    ("connection", "check that the server runs and lets this user in"),
)


def _advice(text: str) -> str:
    return next((advice for word, advice in _ADVICE if word in text), "")
