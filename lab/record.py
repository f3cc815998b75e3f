"""What a lab remembers on disk, so that every process sees the same: its seed, and what was moved since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lab.world import World, draw_card


@dataclass(frozen=True, slots=True)
class Record:
    """`plugs` maps a machine or hub that was moved to its switch and port, or to None where it is unplugged.

    `cards` are the MACs of network cards that were put in since, by role, and `swaps` how many each role has had.
    """

    name: str
    seed: int
    plugs: Mapping[str, tuple[str, int] | None] = field(default_factory=dict)
    guests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cards: Mapping[str, str] = field(default_factory=dict)
    swaps: Mapping[str, int] = field(default_factory=dict)


def with_next_card(record: Record, world: World, role: str) -> Record:
    """The record of a lab in which a device got another network card, which it never had before."""
    count = record.swaps.get(role, 0)
    fresh = str(draw_card(world, role, count))
    return replace(record, cards={**record.cards, role: fresh}, swaps={**record.swaps, role: count + 1})


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
