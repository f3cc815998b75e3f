"""A site's log for resolution: read in parts, from one snapshot of the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Select, Text, func, select, type_coerce
from sqlalchemy.sql import ColumnElement
from sqlmodel import col

from agent.log import Address
from agent.model.observation import Observation
from agent.store import rows
from agent.store.engine import translated, undamaged
from agent.store.tables import AnyText, ObservationRow

AT_ONCE = 5000
"""Rows fetched, and addresses asked for, at a time; SQLite takes some 32,000 parameters."""

LOGGED = tuple(
    type_coerce(column, Text()) if isinstance(column.type, AnyText) else column
    for column in (getattr(ObservationRow, name) for name in rows.OBSERVATION_COLUMNS)
)
"""What rows.observation_value reads; it unescapes texts itself, equal ones once."""


@dataclass(frozen=True, slots=True)
class SqlLog:
    """`agent.log.Log` on a connection whose transaction sees one state; raises EnvironmentFault as the store does."""

    connection: Connection
    name: str
    site: str
    until: datetime

    def sizes(self) -> Mapping[Address, int]:
        """How many observations there are about each address."""
        address = col(ObservationRow.address)
        query = select(address, func.count()).where(*self._mine()).group_by(address)
        with translated(self.name), undamaged(self.name):
            return {rows.address_value(text): count for text, count in self.connection.execute(query)}

    def stating(self, attributes: Collection[str]) -> Iterator[Observation]:
        """Those that state one of these attributes."""
        return self._read(select(*LOGGED).where(*self._mine(), col(ObservationRow.attribute).in_(sorted(attributes))))

    def about(self, addresses: Collection[Address]) -> Iterator[Observation]:
        """Those about one of these addresses."""
        wanted = map(str, addresses)
        while some := list(islice(wanted, AT_ONCE)):
            yield from self._read(select(*LOGGED).where(*self._mine(), col(ObservationRow.address).in_(some)))

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return col(ObservationRow.site) == self.site, col(ObservationRow.seen) <= self.until

    def _read(self, query: Select[tuple[object, ...]]) -> Iterator[Observation]:
        with translated(self.name), undamaged(self.name):
            for row in self.connection.execute(query, execution_options={"yield_per": AT_ONCE}):
                yield rows.observation_value(row)
