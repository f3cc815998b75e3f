"""What all screens share: the surroundings of the operations, and the command line that long works are done with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from threading import Lock

from agent.guard import TAIPEI
from agent.operations.context import Context


class Desk:
    """Makes the context once, for whichever thread asks first; `command` begins every child's command line."""

    def __init__(self, make: Callable[[], Context], command: Sequence[str]) -> None:
        self._make = make
        self._made: Context | None = None
        self._lock = Lock()
        self.command = tuple(command)

    def context(self) -> Context:
        """The context, its store opened; raise what opening raises, each time anew."""
        with self._lock:
            if self._made is None:
                made = self._make()
                made.store()
                self._made = made
            return self._made


def moment(value: datetime | None) -> str:
    """A time for people, `2026-11-22 16:03`, in Taipei; empty for None."""
    return value.astimezone(TAIPEI).strftime("%Y-%m-%d %H:%M") if value else ""


def day(value: date | None) -> str:
    """A day as `2026-11-22`; empty for None."""
    return value.isoformat() if value else ""
