"""How rows are written and put in order, on either database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, insert
from sqlmodel import SQLModel, col

from agent.model.observation import Observation


def insert_rows(connection: Connection, made: Sequence[SQLModel], *, numbered: str | None = None) -> None:
    """Insert rows of one table; `numbered` is the column that the database itself counts."""
    if made:
        left_out = {numbered} if numbered else None
        connection.execute(insert(type(made[0])), [row.model_dump(exclude=left_out) for row in made])


def upsert(connection: Connection, row: SQLModel) -> None:
    """Insert a row, or put it in the place of the one with its key."""
    table = type(row).__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes, untyped
    keys = [column.name for column in table.primary_key]
    given = _insert(connection.dialect.name)(table).values(row.model_dump())
    fresh = {name: given.excluded[name] for name in row.model_dump() if name not in keys}
    connection.execute(given.on_conflict_do_update(index_elements=keys, set_=fresh))


def _insert(dialect: str) -> Any:
    """A dialect's INSERT ... ON CONFLICT; the other one's is not loaded."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert


def in_code_points(engine: Engine, column: str) -> ColumnElement[str]:
    """An order by text as Python has it: the database sorts without holding back the interpreter's other threads."""
    return col(column).collate("C" if engine.dialect.name == "postgresql" else "BINARY")


def take(source: Iterator[Observation], most: int) -> tuple[list[Observation], BaseException | None]:
    """The next items, and what the source raised after them."""
    taken: list[Observation] = []
    try:
        taken.extend(islice(source, most))
    except BaseException as fault:  # kept, and raised again once what came before it is written
        return taken, fault
    return taken, None
