"""Questions to SNMP agents that may answer badly: portions, tables, and what to do where an agent cannot follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.model.errors import DeviceFault, DeviceRefused, DeviceUnreachable
from collectors.decode.snmp_message import Arcs, Malformed
from collectors.decode.varbind import SnmpValue, Varbind, dotted, numbers
from collectors.wire.snmp import Answer, Ask, Kind, Permit, SnmpTarget, Walk, Wire
from collectors.wire.snmp_datagram import DatagramWire
from collectors.wire.snmp_pysnmp import PysnmpWire

GET_SIZE = 12
"""Varbinds of one GET at most; small agents have small buffers."""

REPETITIONS = 25
"""Rows that one GETBULK asks for."""

SHARED_ROOTS, SHARED_ROWS = 6, 4
"""Columns that share a first GETBULK, and the rows that it asks of each: 24 varbinds, some 1,000 octets."""

_NO_SUCH_NAME, _TOO_BIG, _GEN_ERROR = 2, 1, 5


class Table:
    """A walk that grows: rows under `root` behind `after` in increasing order, at most `limit`."""

    def __init__(self, root: str, limit: int, after: str = "") -> None:
        self._base = numbers(root)
        self.last = numbers(after) or self._base
        self._limit = limit
        self._rows: list[Varbind] = []
        self._fault = ""
        self.ended = False

    @property
    def missing(self) -> int:
        """How many rows it still takes."""
        return self._limit - len(self._rows)

    def take(self, rows: Iterable[tuple[Arcs, SnmpValue | None]]) -> None:
        """The next rows; the first that is not below the root, or not greater than the last, ends it."""
        before = self.last
        for oid, value in rows:
            if value is None or oid[: len(self._base)] != self._base:
                self.end()
                return
            if oid <= self.last:
                self.end(f"the table does not increase at {dotted(oid)}")
                return
            if self.missing:
                self._rows.append((dotted(oid), value))
                self.last = oid
        if self.last == before:
            self.end()
        elif not self.missing:
            self.end(f"stopped at {len(self._rows)} rows")

    def end(self, fault: str = "") -> None:
        """No more rows are wanted; a fault says why before the end of the table."""
        self.ended = True
        self._fault = fault

    def __len__(self) -> int:
        return len(self._rows)

    def walk(self) -> Walk:
        """What there is."""
        return Walk(tuple(self._rows), self._fault)


class Client:
    """SnmpClient over two wires; `permit` is asked before every request. Without `quick`, pysnmp carries all."""

    def __init__(self, permit: Permit, *, quick: bool = True) -> None:
        self._permit = permit
        self._pysnmp: Wire = PysnmpWire()
        self._quick: Wire = DatagramWire() if quick else self._pysnmp
        self._no_bulk: set[tuple[str, int]] = set()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        for wire in {self._quick, self._pysnmp}:
            wire.close()

    async def get(self, target: SnmpTarget, oids: Sequence[str]) -> tuple[Varbind, ...]:
        """See SnmpClient; asks in portions, and again without what an SNMPv1 agent does not have."""
        found: list[Varbind] = []
        arcs = [numbers(oid) for oid in oids]
        for at in range(0, len(arcs), GET_SIZE):
            found += await self._portion(target, tuple(arcs[at : at + GET_SIZE]))
        return tuple(found)

    async def _portion(self, target: SnmpTarget, oids: tuple[Arcs, ...]) -> list[Varbind]:
        if not oids:
            return []
        answer = await self._ask(target, Ask(Kind.GET, oids))
        if answer.status == 0:
            return [(dotted(oid), value) for oid, value in answer.varbinds[: len(oids)] if value is not None]
        if answer.status == _NO_SUCH_NAME and 0 < answer.index <= len(oids):
            return await self._portion(target, oids[: answer.index - 1] + oids[answer.index :])
        if answer.status in (_TOO_BIG, _GEN_ERROR) and len(oids) > 1:
            half = len(oids) // 2
            return await self._portion(target, oids[:half]) + await self._portion(target, oids[half:])
        if answer.status in (_NO_SUCH_NAME, _GEN_ERROR):
            return []
        raise DeviceRefused(str(target.address), "SNMP GET", f"error status {answer.status}")

    async def walk(self, target: SnmpTarget, root: str, limit: int, after: str = "") -> Walk:
        """See SnmpClient; an agent that falls silent in the middle ends the walk with a fault."""
        table = Table(root, limit, after)
        await self._follow(target, table)
        return table.walk()

    async def columns(self, target: SnmpTarget, roots: Sequence[str], limit: int) -> tuple[Walk, ...]:
        """See SnmpClient; what a shared request leaves open is walked alone."""
        tables = [Table(root, limit) for root in roots]
        for at in range(0, len(tables), SHARED_ROOTS):
            await self._share(target, tables[at : at + SHARED_ROOTS])
        for table in tables:
            if not table.ended:
                await self._follow(target, table)
        return tuple(table.walk() for table in tables)

    async def _share(self, target: SnmpTarget, tables: Sequence[Table]) -> None:
        """The first rows of several tables by one request; an agent that cannot leaves them as they are."""
        if len(tables) == 1 or target.version == "1" or _peer(target) in self._no_bulk:
            return
        try:
            answer = await self._ask(target, Ask(Kind.BULK, tuple(table.last for table in tables), SHARED_ROWS))
        except DeviceFault:
            return
        if answer.status == 0:
            for at, table in enumerate(tables):
                if rows := answer.varbinds[at :: len(tables)]:
                    table.take(rows)

    async def _follow(self, target: SnmpTarget, table: Table) -> None:
        while not table.ended:
            try:
                answer = await self._rows(target, table.last, min(REPETITIONS, table.missing))
            except DeviceUnreachable as silent:
                if not table:
                    raise
                table.end(f"{silent.detail} after {len(table)} rows")
                return
            if answer.status in (0, _NO_SUCH_NAME):
                table.take(answer.varbinds if answer.status == 0 else ())
            else:
                table.end(f"error status {answer.status} after {len(table)} rows")

    async def _rows(self, target: SnmpTarget, after: Arcs, repetitions: int) -> Answer:
        """The next rows by GETBULK; one row by GETNEXT from an agent that does not understand that."""
        if target.version != "1" and _peer(target) not in self._no_bulk:
            try:
                answer = await self._ask(target, Ask(Kind.BULK, (after,), repetitions))
                if answer.status not in (_TOO_BIG, _GEN_ERROR):
                    return answer
            except DeviceUnreachable:
                pass
            self._no_bulk.add(_peer(target))
        return await self._ask(target, Ask(Kind.NEXT, (after,)))

    async def _ask(self, target: SnmpTarget, request: Ask) -> Answer:
        """The quick wire where it can; pysnmp for SNMPv3, and for a second opinion on noise."""
        self._permit(target)
        if target.version == "3":
            return await self._pysnmp.ask(target, request)
        try:
            return await self._quick.ask(target, request)
        except Malformed:
            self._permit(target)
            return await self._pysnmp.ask(target, request)


def _peer(target: SnmpTarget) -> tuple[str, int]:
    return str(target.address), target.port
