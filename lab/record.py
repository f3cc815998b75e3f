"""What a lab remembers on disk, so that every process sees the same: its seed, and what was moved since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """`plugs` maps a machine or hub that was moved to its switch and port, or to None where it is unplugged.

    `cards` are the MACs of network cards that were put in since, by role.
    """

    name: str
    seed: int
    plugs: Mapping[str, tuple[str, int] | None] = field(default_factory=dict)
    guests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cards: Mapping[str, str] = field(default_factory=dict)


def load(state: Path) -> Record | None:
    """The record of a lab, or None where none is up."""
    path = state / "lab.json"
    if not path.exists():
        return None
    document = json.loads(path.read_text())
    plugs = {role: (place[0], place[1]) if place else None for role, place in document.pop("plugs", {}).items()}
    return Record(**document, plugs=plugs)


def save(state: Path, record: Record) -> None:
    """Write in one step."""
    fresh = state / "lab.json.new"
    fresh.write_text(json.dumps(asdict(record), indent=1))
    fresh.replace(state / "lab.json")
