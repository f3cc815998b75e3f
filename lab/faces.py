"""The SNMP values of made devices, from `faces.yaml` and a device's facts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lab.snmp_agent import Counter, Gauge, Integer, Octets, Oid, OidKey, TimeTicks, Value, Values

FACES = Path(__file__).with_name("faces.yaml")
SYS_UPTIME = (1, 3, 6, 1, 2, 1, 1, 3, 0)

TYPES: Mapping[str, Callable[[str], Value]] = {
    "s": Octets.text,
    "x": lambda text: Octets(bytes.fromhex(text.replace(":", ""))),
    "i": lambda text: Integer(int(text)),
    "o": Oid.parse,
    "g": lambda text: Gauge(int(text)),
    "c": lambda text: Counter(int(text)),
    "t": lambda text: TimeTicks(int(text)),
}


@cache
def document() -> Mapping[str, Any]:
    """The parsed file."""
    loaded: dict[str, Any] = yaml.safe_load(FACES.read_text())
    return loaded


def face(name: str, facts: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """OID to type and text, facts filled in."""
    return filled(document()["faces"][name], facts)


def filled(chosen: Mapping[str, Any], facts: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The same of a face that stands elsewhere: the `parts` that it includes, and its `values`."""
    texts: dict[str, str] = {}
    for part in (*(document()["parts"][one] for one in chosen["parts"]), chosen["values"]):
        texts |= part
    return {oid: typed(text.format(**facts)) for oid, text in texts.items()}


def typed(text: str) -> tuple[str, str]:
    """Split a value into its type and its text."""
    kind, _, value = text.partition(" ")
    return kind, value


def values(name: str, facts: Mapping[str, str]) -> Values:
    """The tree of a face, with sysUpTime counted from now."""
    tree: dict[OidKey, Value] = {Oid.parse(o).value: TYPES[kind](text) for o, (kind, text) in face(name, facts).items()}
    started = time.monotonic()
    return Living(tree, lambda: TimeTicks(int((time.monotonic() - started) * 100)))


class Living(dict[OidKey, Value]):
    """A tree whose sysUpTime runs."""

    def __init__(self, tree: Mapping[OidKey, Value], uptime: Callable[[], Value]) -> None:
        super().__init__({**tree, SYS_UPTIME: uptime()})
        self._uptime = uptime

    def __getitem__(self, oid: OidKey) -> Value:
        return self._uptime() if oid == SYS_UPTIME else super().__getitem__(oid)

    def get(self, oid: OidKey, default: Any = None) -> Any:
        """A value, or the default."""
        return self._uptime() if oid == SYS_UPTIME else super().get(oid, default)
