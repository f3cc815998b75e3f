"""The register as columns: what the devices screen shows, sorts and exports; pure, long, for threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from agent.language import Language
from agent.model.device import Device
from agent.model.finding import Finding
from agent.register_columns import COLUMNS, STANDARD, Fails, Value, failing
from agent.register_filter import DEVICES, parse
from tui.desk import moment
from tui.patience import column, matching
from tui.words import N_, term

TITLES: Mapping[str, str] = {
    "id": N_("id"),
    "class": N_("class"),
    "address": N_("address"),
    "status": N_("status"),
    "fails": N_("fails"),
    "vendor": N_("vendor"),
    "model": N_("model"),
    "firmware": N_("firmware"),
    "edge": N_("edge port"),
    "mac": N_("MAC"),
    "hostname": N_("host name"),
    "serial": N_("serial"),
    "ports": N_("open ports"),
    "place": N_("place"),
    "manager": N_("manager"),
    "purpose": N_("purpose"),
    "last_seen": N_("last seen"),
}
"""What the columns are called (message ids)."""


def _shown(value: Value, words: Language) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, StrEnum):
        return words(term(value))
    return str(value or "")


def _address_order(device: Device) -> str:
    return f"{device.ips[0].version}{int(device.ips[0]):039d}" if device.ips else ""


def cells(devices: Sequence[Device], fails: Fails, name: str, words: Language) -> pa.ChunkedArray:
    """One column of the register, made by the chunk."""
    value = COLUMNS[name]
    return column(devices, lambda device: _shown(value(device, fails), words))


def ranks(devices: Sequence[Device], fails: Fails, name: str, words: Language) -> pa.ChunkedArray:
    """What a column sorts by: its text, but for addresses and numbers."""
    if name == "fails":
        return column(devices, lambda device: fails.get(device.id, 0))
    if name == "address":
        return column(devices, _address_order)
    return cells(devices, fails, name, words)


def ordered(rank: pa.ChunkedArray, places: pa.Array, *, backwards: bool) -> pa.Array:
    """Places sorted by their ranks; what is empty stands last, equals by their place."""
    wanted = rank.take(places)
    empty = pc.equal(wanted, "") if pa.types.is_string(wanted.type) else pc.equal(wanted, pa.scalar(-1, wanted.type))
    table = pa.table({"empty": empty, "rank": wanted, "place": places})
    direction = "descending" if backwards else "ascending"
    keys = [("empty", "ascending"), ("rank", direction), ("place", "ascending")]
    return places.take(pc.sort_indices(table, sort_keys=keys))


@dataclass(frozen=True, slots=True)
class View:
    """How the register is shown: a filter, columns, what it is sorted by."""

    wanted: str = ""
    columns: tuple[str, ...] = STANDARD
    order: str = "id"
    backwards: bool = False


class Register:
    """The register in memory, its columns made when they are first shown; for one thread at a time."""

    def __init__(self, devices: Iterable[Device], findings: Iterable[Finding], words: Language) -> None:
        self.devices = list(devices)
        self.words = words
        self._fails = failing(findings)
        self._cells: dict[str, pa.ChunkedArray] = {}
        self._ranks: dict[str, pa.ChunkedArray] = {}
        self.known = {
            "vendor": _distinct(d.vendor for d in self.devices),
            "model": _distinct(d.model for d in self.devices),
            "switch": _distinct(d.attachment.switch for d in self.devices if d.attachment),
            "place": _distinct(d.place for d in self.devices),
            "manager": _distinct(d.manager for d in self.devices),
        }

    def arranged(self, view: View) -> tuple[pa.Array, pa.Table]:
        """The ids and the cells that a view shows; raise BadInput for a filter that is wrong."""
        places = pa.array(matching(self.devices, parse(view.wanted, DEVICES)), pa.int64())
        if view.order != "id" or view.backwards:
            rank = _kept(self._ranks, view.order, lambda: ranks(self.devices, self._fails, view.order, self.words))
            places = ordered(rank, places, backwards=view.backwards)
        titles = [self.words(TITLES[name]) for name in view.columns]
        table = pa.table([self._column(name).take(places) for name in view.columns], names=titles)
        return self._column("id").take(places).combine_chunks(), table

    def _column(self, name: str) -> pa.ChunkedArray:
        return _kept(self._cells, name, lambda: cells(self.devices, self._fails, name, self.words))


def _kept(kept: dict[str, pa.ChunkedArray], name: str, make: Callable[[], pa.ChunkedArray]) -> pa.ChunkedArray:
    if name not in kept:
        kept[name] = make()
    return kept[name]


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))
