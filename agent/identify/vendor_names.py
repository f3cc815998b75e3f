"""A vendor as people write it, under the one name that lanward has for it; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

import yaml

from agent.identify.definition import Definitions, load

_PARTS = re.compile(r"[\s()/,、]+")


def vendor_named(text: str) -> str:
    """The vendor that a text names, in another language or twice too: `京瓷`, `Canon(佳能)`; else the text as it is."""
    names = _names()
    if known := names.get(_plain(text)):
        return known
    parts = {names.get(_plain(part), "") for part in _PARTS.split(unicodedata.normalize("NFKC", text)) if part}
    only = parts.pop() if len(parts) == 1 else ""
    return only or text


@lru_cache(maxsize=1)
def aliases() -> Mapping[str, tuple[str, ...]]:
    """What vendor_names.yaml holds: vendor to its other names."""
    document = yaml.safe_load((files("agent.identify") / "vendor_names.yaml").read_text(encoding="utf-8"))
    return {vendor: tuple(names) for vendor, names in document.items()}


def lint_aliases(definitions: Definitions) -> tuple[str, ...]:
    """What is wrong with vendor_names.yaml, one line each: a vendor that is none, a name that two have."""
    vendors = {one.vendor for one in definitions.vendors}
    owners: dict[str, set[str]] = {}
    for vendor, name in _pairs(definitions):
        owners.setdefault(_plain(name), set()).add(vendor)
    return (
        *(f"{vendor} is no vendor of the definitions" for vendor in aliases() if vendor not in vendors),
        *(f"'{name}' names {' and '.join(sorted(found))}" for name, found in owners.items() if len(found) > 1),
    )


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    return {_plain(name): vendor for vendor, name in _pairs(load())}


def _pairs(definitions: Definitions) -> Iterator[tuple[str, str]]:
    """Each vendor with each of its names."""
    for one in definitions.vendors:
        yield from ((one.vendor, name) for name in (one.vendor, *one.names))
    for vendor, names in aliases().items():
        yield from ((vendor, name) for name in names)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
