"""What a listener takes its frames from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Hearing:
    """An interface for so many seconds, or a capture file."""

    interface: str = ""
    seconds: float = 0.0
    capture: Path | None = None
