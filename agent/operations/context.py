"""What every use case is given: the ports, the settings, and who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import Config
from agent.model.errors import UnknownName
from agent.model.policy import Policy
from agent.model.switch import Switch
from agent.platforms.protocol import Platform
from agent.ports import Clock, Collector, Credentials, Enforcer, Guard, Prober, Report, Rule, Store

if TYPE_CHECKING:
    from agent.identify.definition import Definitions


def silent(_: object) -> None:
    """A progress report that nobody reads."""


@dataclass(frozen=True, slots=True)
class Context:
    """One command's or workflow's surroundings; `actor` is the operating system's user, in `groups`."""

    config: Config
    clock: Clock
    actor: str
    credentials: Credentials = field(repr=False)
    guard: Guard = field(repr=False)
    enforcer: Enforcer = field(repr=False)
    prober: Prober = field(repr=False)
    platforms: Callable[[str], Platform] = field(repr=False)
    store: Callable[[], Store] = field(repr=False)
    policy: Callable[[], Policy] = field(repr=False)
    collectors: Callable[[], Mapping[str, Collector]] = field(repr=False)
    rules: Callable[[], Mapping[str, Rule]] = field(repr=False)
    definitions: Callable[[], Definitions] = field(repr=False)
    groups: frozenset[str] = frozenset()
    report: Report = silent
    stop: Callable[[], bool] = lambda: False

    def switch(self, name: str) -> Switch:
        """The configured switch of this name; raise UnknownName where there is none."""
        for switch in self.config.switches:
            if switch.name == name:
                return switch
        known = ", ".join(s.name for s in self.config.switches) or "none"
        raise UnknownName(f"no switch '{name}' in the configuration", hint=f"known: {known}")

    @property
    def undo_directory(self) -> Path:
        """Where undo files and receipts of the fire exit go."""
        return self.config.change.undo_directory
