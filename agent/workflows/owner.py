"""One owner: exactly one process of a site executes workflows (DESIGN section 5)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from agent.config import Config
from agent.model.errors import Refused

AGENT = "the agent"
APPLYING = "applying changes"
DISCOVERING = "discovering devices"
QUALIFYING = "qualifying switches"
RESTORING = "restoring the inventory"
STOPPING = "stopping a run"
THINNING = "thinning the log"

TRIES, PAUSE = 10, 0.05
"""A process that only looks who owns a site holds its lock for an instant."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that executes a site's workflows; `since` is an ISO time in UTC, `version` that of its steps."""

    pid: int
    doing: str
    since: str
    version: str = ""
    host: str = ""

    @property
    def is_agent(self) -> bool:
        """True for the daemon, which takes requests of others."""
        return self.doing == AGENT

    def __str__(self) -> str:
        there = f" on {self.host}" if self.host and self.host != socket.gethostname() else ""
        return f"process {self.pid}{there} is {self.doing} of this site"


class Lock(Protocol):
    """What one process at a time holds, and the system takes from a process that dies."""

    def take(self, me: Owner) -> bool:
        """Hold it from now on; False where another process does."""
        ...

    def holder(self) -> Owner | None:
        """Who holds it now, where that can be read."""
        ...

    def free(self) -> bool:
        """True where nobody holds it; nobody is kept out by asking."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


@contextmanager
def ownership(config: Config, doing: str = APPLYING, version: str = "") -> Iterator[Owner]:
    """Hold the site's lock; raise Refused where another process does."""
    lock, since = _lock(config), datetime.now(UTC).isoformat(timespec="seconds")
    me = Owner(os.getpid(), doing, since, version, socket.gethostname())
    try:
        if not _taken(lock, me):
            other = lock.holder()
            hint = "lanward agent status shows what it does" if other and other.is_agent else "wait until it has ended"
            raise Refused(str(other) if other else "another process owns this site", hint=hint)
        yield me
    finally:
        lock.close()


def owner(config: Config) -> Owner | None:
    """Who owns the site now, or None."""
    lock = _lock(config, looking=True)
    try:
        return None if lock.free() else lock.holder()
    finally:
        lock.close()


def _taken(lock: Lock, me: Owner) -> bool:
    for attempt in range(TRIES):
        if lock.take(me):
            return True
        if attempt + 1 < TRIES:
            time.sleep(PAUSE)
    return False


def _lock(config: Config, *, looking: bool = False) -> Lock:
    """The lock of a database on a server is in that server, so that it holds on every machine."""
    if "://" in config.database:
        from agent.workflows.owner_server import ServerLock

        return ServerLock(config)
    from agent.workflows.owner_file import FileLock

    return FileLock(config, looking=looking)
