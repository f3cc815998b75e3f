"""Observations indexed for identification: the latest word of each attribute, cleaned of what says nothing."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from agent.model.address import Mac
from agent.model.device import DeviceClass, Evidence, Port
from agent.model.errors import BadInput, BadMac
from agent.model.observation import ADMIN, MAC, PORT, SNMP, Observation

ENTERPRISES = "1.3.6.1.4.1."
ALIASES = {
    "sysDescr": "snmp.1.3.6.1.2.1.1.1.0",
    "sysObjectID": "snmp.1.3.6.1.2.1.1.2.0",
    "sysName": "snmp.1.3.6.1.2.1.1.5.0",
}
"""Names that definitions may use for SNMPv2-MIB's system group (RFC 3418)."""

_PLACEHOLDER = re.compile(
    r"<.*>|none|null|nil|n/?a|not.?(?:available|applicable|specified|set|present)|unknown|undefined|uninitiali[sz]ed"
    r"|default.?string|to be filled.*|o\.?e\.?m\.?|empty|invalid|no serial.*|.*\bsuch (?:file|object|instance).*|string"
    r"|serial.?(?:number|no)?|0x(?:[0-9a-f]{2}){4,}"
    r"|\(?none\)?|system.?name|model|test|[0x:. -]+|[f:.-]{4,}|[*?#=_-]+|0?123456789\d?",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """The text without quotes, escapes, control characters and repeated blanks; empty for a placeholder."""
    plain = re.sub(r"[\x00-\x1f\x7f\ufffd]+", " ", text).replace("\\", "")
    plain = re.sub(r"\s+", " ", plain).strip().strip('"').strip()
    return "" if _PLACEHOLDER.fullmatch(plain) else plain


@lru_cache(maxsize=8192)
def attribute_of(source: str) -> str:
    """The observation's attribute that a source names: an alias, an OID, arcs below enterprises, or itself."""
    if source in ALIASES:
        return ALIASES[source]
    if not source[:1].isdigit():
        return source
    return SNMP + (source if source.startswith("1.") else ENTERPRISES + source)


def place(index: str) -> tuple[int, ...]:
    """The arcs of an index, by which rows are sorted; empty for one that is not decimal throughout."""
    arcs = index.split(".")
    return tuple(map(int, arcs)) if all(arc.isascii() and arc.isdigit() for arc in arcs) else ()


@dataclass(frozen=True, slots=True)
class Clues:
    """The evidence about one device. `names` are the attributes in text order, for columns of tables."""

    latest: Mapping[str, Observation]
    names: tuple[str, ...]
    macs: tuple[Mac, ...]
    ports: frozenset[int]

    def text(self, source: str) -> str:
        """The cleaned value of a source, or an empty string; a source ending in `.*` is a column's first row."""
        if source.endswith(".*"):
            return next((value for _, value in self.column(source[:-2])), "")
        found = self.latest.get(attribute_of(source))
        return clean(found.value) if found else ""

    def column(self, source: str) -> Iterator[tuple[str, str]]:
        """The index and cleaned value of each row of a table's column that says something."""
        prefix = attribute_of(source) + "."
        for name in self.names[bisect_left(self.names, prefix) :]:
            if not name.startswith(prefix):
                return
            if value := clean(self.latest[name].value):
                yield name[len(prefix) :], value

    def seen(self, source: str) -> datetime | None:
        """When the source was last seen, or None."""
        found = self.latest.get(attribute_of(source))
        return found.seen if found else None

    def claim(self, attribute: str, value: str, confidence: int, source: str, detail: str = "") -> Evidence:
        """One reason for a value, dated by the source that it rests on."""
        return Evidence(attribute, value, confidence, source, detail, self.seen(source))


def gather(evidence: Iterable[Observation]) -> Clues:
    """Index the evidence; of equal times the greater text stands, so that order never matters."""
    latest: dict[str, Observation] = {}
    macs: set[Mac] = set()
    ports: set[int] = set()
    for seen in evidence:
        if seen.attribute == PORT:
            ports.update(_port(seen.value))
        macs.update(_macs(seen))
        held = latest.get(seen.attribute)
        if held is None or (held.seen, held.value) < (seen.seen, seen.value):
            latest[seen.attribute] = seen
    return Clues(latest, tuple(sorted(latest)), tuple(sorted(macs)), frozenset(ports))


def human(clues: Clues) -> Iterator[Evidence]:
    """What an administrator said; an empty value takes it back."""
    for attribute in ("class", "vendor", "model", "firmware", "serial"):
        said = clues.latest.get(ADMIN + attribute)
        if said and said.value and (attribute != "class" or said.value in set(DeviceClass)):
            yield Evidence(attribute, said.value, 100, said.source, "a human's word", said.seen)


def _port(text: str) -> tuple[int, ...]:
    try:
        return (Port.parse(text).port,)
    except BadInput:
        return ()


def _macs(seen: Observation) -> tuple[Mac, ...]:
    if isinstance(seen.address, Mac):
        return (seen.address,)
    if seen.attribute != MAC:
        return ()
    try:
        return (Mac.parse(seen.value),)
    except BadMac:
        return ()
