"""Who asks for something to be shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """A session as far as show commands depend on it."""

    user: str
    line: int
    privilege: int
    length: int = 24
    width: int = 80
