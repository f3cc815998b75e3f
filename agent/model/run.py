"""One discovery run: what it was asked, what it found, what it could not look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PASSIVE = "passive"
"""The profile of a run in which nobody was asked."""


class RunState(StrEnum):
    """Where a run stands; an interrupted run goes on with the next one."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """`finished` names the phases that are complete, so that a resumed run does not repeat them.

    `errors` are one-line texts; `scopes` and `not_scanned` are subnets or addresses as text.
    """

    id: str
    site: str
    profile: str
    scopes: tuple[str, ...]
    state: RunState
    started: datetime
    ended: datetime | None = None
    finished: tuple[str, ...] = ()
    hosts: int = 0
    not_scanned: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def looks(runs: Iterable[Run]) -> tuple[datetime, ...]:
    """When the network was looked at anew: each run's start; runs that only listened count where there are no others.

    Who was silent while somebody listened is as present as the last question found him.
    """
    listed = tuple(runs)
    asking = tuple(run.started for run in listed if run.profile != PASSIVE)
    return asking or tuple(run.started for run in listed)
