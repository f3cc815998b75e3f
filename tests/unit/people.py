"""A site with an inventory, people in groups and a clock that a test turns, for the tests of what people do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.config import Roles
from agent.model.switch import Switch
from agent.operations.context import Context
from agent.ports import Session
from agent.store.repository import SqlStore, open_store
from agent.wiring import Wiring

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TODAY = NOW.date()
ROLES = Roles(("netops",), ("security",))
CONFIGURATION = """
site = "here"
[scope]
subnets = ["10.0.0.0/24"]
"""


@dataclass
class Hand:
    """A clock that stands still until a test turns it."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class OneSwitch:
    """Opens the one session that there is, with whatever switch is named."""

    session: Session

    @contextmanager
    def open(self, switch: Switch) -> Iterator[Session]:
        yield self.session


@dataclass
class Office:
    """A directory with `lanward.toml` and an inventory, and the people who work on it."""

    home: Path
    store: SqlStore
    base: Context
    clock: Hand = field(default_factory=Hand)

    def person(self, name: str, *groups: str, roles: Roles = ROLES) -> Context:
        """The surroundings of somebody in these groups."""
        config = replace(self.base.config, roles=roles)
        return replace(
            self.base, actor=name, groups=frozenset(groups), config=config, clock=self.clock, store=lambda: self.store
        )

    def days(self, count: int) -> None:
        """Let time pass."""
        self.clock.moment += timedelta(days=count)

    def deeds(self) -> list[tuple[str, str]]:
        """Who did what, from the audit chain."""
        return [(entry.actor, entry.action) for entry in self.store.audit()]


def office(home: Path, configuration: str = CONFIGURATION) -> Office:
    """A new office, its inventory empty."""
    (home / "lanward.toml").write_text(configuration)
    store = open_store(str(home / "inventory.db"), create=True)
    return Office(home, store, Wiring({}, {}, home).context())
