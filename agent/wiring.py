"""The one composition root: which implementation stands behind which port."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import config as configuration
from agent import plugins
from agent.config import Config
from agent.credentials import NamedCredentials, WithheldCredentials
from agent.door.caller import caller, came_by
from agent.guard import PacketGuard
from agent.model.errors import BadInput
from agent.model.policy import Policy
from agent.model.switch import Switch
from agent.operations import roles
from agent.operations.context import Context
from agent.ports import Asker, Collector, Credentials, Notifier, Report, Rule, Session
from agent.workflows.requester import groups_of

if TYPE_CHECKING:
    from agent.identify.definition import Definitions
    from agent.platforms.protocol import Platform
    from agent.store.repository import SqlStore


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class SwitchSessions:
    """Sessions over SSH, whose libraries are loaded with the first: that takes as long as all else of most commands."""

    platforms: Callable[[str], Platform]
    credentials: Credentials

    def open(self, switch: Switch) -> AbstractContextManager[Session]:
        """As `agent.enforce.session` does."""
        from agent.enforce.session import NetmikoEnforcer

        return NetmikoEnforcer(self.platforms, self.credentials).open(switch)


def operating_system_user(config: Config) -> tuple[str, frozenset[str]]:
    """Who asks, and the groups of that user; never what a flag says.

    Who came by the agent's socket, else the one behind sudo, else the process's own. Raise Refused for a false caller.
    """
    uid = caller(os.environ, config.agent.socket, config.database)
    if uid is None:
        uid = int(os.environ.get("SUDO_UID", "") or os.getuid()) if os.getuid() == 0 else os.getuid()
    return person(uid)


def person(uid: int) -> tuple[str, frozenset[str]]:
    """A user's name and groups."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return f"uid {uid}", frozenset()
    return user.pw_name, groups_of(user.pw_name)


@dataclass(slots=True)
class Wiring:
    """Makes each part when it is first asked for, so that a command pays for nothing that it does not use."""

    flags: Mapping[str, str | None]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    directory: Path = field(default_factory=Path.cwd)
    _parts: dict[str, Any] = field(default_factory=dict)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._parts:
            self._parts[name] = make()
        return self._parts[name]

    def config(self) -> Config:
        """The configuration; raise BadInput."""
        found: Config = self._once("config", lambda: configuration.load(self.flags, self.environment, self.directory))
        return found

    def inventory(self, *, create: bool = False) -> SqlStore:
        """The inventory; raise EnvironmentFault or BadInput."""

        def opened() -> SqlStore:
            from agent.store.repository import open_store

            return open_store(self.config().database, create=create)

        store: SqlStore = self._once("store", opened)
        return store

    def site_inventory(self, *, create: bool) -> SqlStore:
        """The inventory; where none may be made, raise BadInput for one that knows other sites alone."""
        store, site = self.inventory(create=create), self.config().site
        sites = () if create else self._once("sites", store.sites)
        if sites and site not in sites:
            hint = f'write site = "{sites[0]}" in lanward.toml, or name another database with --db'
            raise BadInput(f"the database has nothing of site '{site}'; it has {', '.join(sites)}", hint=hint)
        return store

    def policy(self) -> Policy:
        """The policy in force; raise BadInput with file, line and key."""
        policy: Policy = self._once("policy", lambda: plugins.load(plugins.POLICY, "default")(self.config().policy))
        return policy

    def platform(self, name: str) -> Platform:
        """A switch family by its name; raise BadInput."""
        platform: Platform = self._once(f"platform {name}", lambda: plugins.load(plugins.PLATFORMS, name))
        return platform

    def collectors(self) -> Mapping[str, Collector]:
        """All collectors by name."""
        found: dict[str, Collector] = plugins.load_all(plugins.COLLECTORS)
        return found

    def asker(self, name: str) -> Asker:
        """Who asks a device that the user names, by protocol; raise BadInput."""
        asker: Asker = plugins.load(plugins.ASKERS, name)
        return asker

    def rules(self) -> Mapping[str, Rule]:
        """All rules by name."""
        found: dict[str, Rule] = plugins.load_all(plugins.RULES)
        return found

    def definitions(self) -> Definitions:
        """The shipped device definitions, and the fingerprints that the configuration names; raise BadInput."""
        definitions: Definitions = self._once("definitions", lambda: _definitions(self.config().fingerprints))
        return definitions

    def notifiers(self) -> dict[str, Notifier]:
        """The configured ways to tell people, by name."""
        from agent.notify import notifiers

        return notifiers(self.config().notify, self.context().credentials)

    def context(self, report: Report | None = None, *, create: bool = False) -> Context:
        """Everything that a use case needs."""
        config, clock = self.config(), SystemClock()
        user, groups = operating_system_user(config)
        credentials = NamedCredentials(config.credentials, self.environment)
        made = Context(
            config=config,
            clock=clock,
            actor=user,
            groups=groups,
            credentials=credentials,
            guard=guard(config),
            enforcer=SwitchSessions(self.platform, credentials),
            prober=plugins.load(plugins.PROBERS, "tcp"),
            platforms=self.platform,
            store=lambda: self.site_inventory(create=create),
            policy=self.policy,
            collectors=self.collectors,
            rules=self.rules,
            definitions=self.definitions,
        )
        if came_by(os.environ) and not roles.held(made):
            withheld = WithheldCredentials(user)
            made = replace(made, credentials=withheld, enforcer=SwitchSessions(self.platform, withheld))
        return replace(made, report=report) if report else made


def _definitions(fingerprints: Path | None) -> Definitions:
    from agent.identify.definition import load
    from agent.identify.fingerprints import read

    return load().model_copy(update={"fingerprints": read(fingerprints)}) if fingerprints else load()


def guard(config: Config) -> PacketGuard:
    """The guard for a configuration: scope, pace, blackouts, and the switches and routers that may be managed."""
    managed = frozenset(ip_address(switch.host) for switch in (*config.switches, *config.routers))
    return PacketGuard(config.scope, SystemClock(), dict(config.rates), config.blackouts, managed)
