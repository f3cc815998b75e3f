"""The switch itself: running and startup configuration, archive, rollback timer, lock, log and hardware in step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from lab.switch import config as tree
from lab.switch import family, spec
from lab.switch.config import Config
from lab.switch.dataplane import Learned, Link
from lab.switch.flows import IMPLICIT_DENY
from lab.switch.hardware import Hardware, bound, program
from lab.switch.spec import Faults, Spec
from lab.switch.syslog import Syslog


class DataPlane(Protocol):
    """What forwards: Open vSwitch, or a recorder in unit tests."""

    def apply(self, wanted: Hardware) -> None:
        """Program it."""
        ...

    def hits(self) -> dict[int, int]:
        """Packets by cookie."""
        ...

    def forwarding_table(self) -> tuple[Learned, ...]:
        """The live FDB."""
        ...

    def links(self) -> dict[str, Link]:
        """Ports by their names on the bridge."""
        ...

    def flush(self) -> None:
        """Forget what was learned."""
        ...


@dataclass(frozen=True, slots=True)
class Rollback:
    """A confirmed change that nobody has confirmed yet."""

    target: Config
    name: str
    minutes: int
    idle: bool
    user: str
    began: datetime
    due: float


@dataclass(frozen=True, slots=True)
class Lock:
    """Who holds the configuration."""

    user: str
    line: int


class NoArchive(Exception):
    """`archive` with a `path` is not configured."""


class Machine:
    """One switch; all changes go through `change`."""

    def __init__(self, described: Spec, plane: DataPlane) -> None:
        self.spec = described
        self.family = family.of(described.model)
        self.plane = plane
        self.log = Syslog(self.now)
        self.booted = time.monotonic()
        self.rollback: Rollback | None = None
        self.lock: Lock | None = None
        self.archives: list[tuple[str, Config]] = []
        self.lines: dict[int, tuple[str, str]] = {}
        self.line_uses: dict[int, int] = {}
        self.on_reboot: list[Callable[[], None]] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._hardware = Hardware((), ())
        self._ignored: frozenset[tuple[str, str]] = frozenset()
        self._base: dict[int, int] = {}
        self.running = Config()
        self.boot()

    @staticmethod
    def now() -> datetime:
        """The switch's clock."""
        return datetime.now(UTC)

    @property
    def faults(self) -> Faults:
        """What a test has switched on, read afresh."""
        return spec.faults(self.spec.state_dir)

    @property
    def hostname(self) -> str:
        """The prompt's name."""
        return next(iter(tree.headed(self.running, "hostname ")), "Switch")

    @property
    def hardware(self) -> Hardware:
        """What is programmed now."""
        return self._hardware

    @property
    def capacity(self) -> int:
        """The hardware's room for IPv4 access-list entries."""
        limit = self.faults.tcam_entries
        return self.spec.tcam_entries if limit is None else limit

    # IOS XE 16.12 and later print the numbers of named access lists in the running configuration, IOS 15 does not
    # ("IP Access List Entry Sequence Numbering", IOS XE 17 and IOS 15.2 editions).
    @property
    def numbered(self) -> bool:
        """Whether the running configuration shows sequence numbers."""
        return self.family.xe

    def text(self, config: Config) -> str:
        """A configuration in this release's form."""
        return tree.render(config, numbered=self.numbered)

    @property
    def startup(self) -> str:
        """NVRAM; empty where nothing was ever saved."""
        path = self.spec.state_dir / "startup-config"
        return path.read_text() if path.exists() else ""

    def save(self) -> None:
        """Running becomes startup."""
        path = self.spec.state_dir / "startup-config"
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(self.text(self.running))
        fresh.replace(path)

    def boot(self) -> None:
        """Start from the startup configuration (at first from the spec's): timer, lock and unsaved lines are gone."""
        self.cancel()
        self.lock = None
        if not self.startup:
            self.running = tree.parse(self.spec.configuration)
            self.save()
        self.booted = time.monotonic()
        self._base = {}
        self._hardware, self._ignored = Hardware((), ()), frozenset()
        self.change(tree.parse(self.startup))
        self.log.log("SYS-5-RESTART", "System restarted --")

    def change(self, new: Config) -> None:
        """Make a configuration the running one and program the hardware by it."""
        if self.faults.ignore_bind:
            self._ignored |= {pair for pair in self._bindings(new) if pair not in self._bindings(self.running)}
        self._ignored &= self._bindings(new)
        self.running = new
        before = self._hardware
        self._hardware = program(
            new, self.spec.ports, self.capacity, before.programmed, self._ignored, self.family.drops_unloaded
        )
        self.plane.apply(self._hardware)
        self._report(before)

    def _bindings(self, config: Config) -> frozenset[tuple[str, str]]:
        pairs = ((port.name, bound(config, port.name)) for port in self.spec.ports)
        return frozenset(pair for pair in pairs if pair[1])

    def _report(self, before: Hardware) -> None:
        for place, pairs in (
            (self.family.unloaded, set(self._hardware.unloaded) - set(before.unloaded)),
            (self.family.loaded, set(self._hardware.programmed) & set(before.unloaded)),
        ):
            for port, name in sorted(pairs):
                self.log.log(place[0], place[1].format(acl=name, port=port, label=1 + len(self._hardware.programmed)))

    def hits(self, name: str) -> dict[int, int]:
        """Matches of an access list's entries by sequence, over all ports, since they were last cleared."""
        number = {port.name: at for at, port in enumerate(self.spec.ports, 1)}
        ports = {number[port] for port, acl in self._hardware.programmed if acl == name}
        found: dict[int, int] = {}
        for cookie, packets in self.plane.hits().items():
            sequence = cookie & 0xFFFFFFFF
            if cookie >> 32 in ports and sequence != IMPLICIT_DENY:
                found[sequence] = found.get(sequence, 0) + max(packets - self._base.get(cookie, 0), 0)
        return found

    def clear_hits(self) -> None:
        """`clear access-list counters`."""
        self._base = self.plane.hits()

    def archive(self) -> str:
        """Put the running configuration into the archive; raises NoArchive."""
        path = next((line[5:] for line in tree.lines(self.running, "archive") if line.startswith("path ")), "")
        if not path:
            raise NoArchive
        at = self.now()
        # The name is the path, a dash, the date and a running number: see the transcripts cited in session.py.
        name = f"{path}-{at:%b}-{at.day:>2}-{at:%H-%M-%S}.{at.microsecond // 1000:03d}-{len(self.archives)}"
        name = name.replace(" ", "-")
        self.archives.append((name, self.running))
        return name

    def arm(self, name: str, minutes: int, user: str, idle: bool) -> None:
        """Start the rollback timer towards the archive just made; it survives the session."""
        self.cancel()
        seconds = minutes * self.spec.minute
        self.rollback = Rollback(self.running, name, minutes, idle, user, self.now(), time.monotonic() + seconds)
        loop = asyncio.get_running_loop()
        self._timers = [loop.call_later(seconds, self.fire)]
        warning = (
            'System will rollback to config {} in one minute. Enter "configure confirm" if you wish to keep'
            " what you've configured"
        )
        self._timers.append(
            loop.call_later(
                seconds - self.spec.minute,
                self.log.log,
                "ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_WARNING_ABSTIMER",
                warning.format(name),
            )
        )

    def restart_timer(self, minutes: int, user: str) -> None:
        """`configure revert timer N`: the same target, a new time."""
        if self.rollback:
            target = self.rollback.target
            self.arm(self.rollback.name, minutes, user, self.rollback.idle)
            self.rollback = Rollback(
                target, self.rollback.name, minutes, self.rollback.idle, user, self.now(), self.rollback.due
            )

    def cancel(self) -> None:
        """Stop the timer; what is configured stays."""
        for timer in self._timers:
            timer.cancel()
        self._timers = []
        self.rollback = None

    def fire(self) -> None:
        """Return to the configuration that was running when the timer was set."""
        pending = self.rollback
        self.cancel()
        if pending:
            self.log.log("ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START", f"Start rolling to: {pending.name}")
            self.change(pending.target)
            self.log.log("SYS-5-CONFIG_I", "Configured from console by vty0")

    def free_line(self) -> int | None:
        """The first free VTY."""
        if self.faults.no_vty:
            return None
        return next((line for line in range(self.spec.vtys) if line not in self.lines), None)

    def reboot(self) -> None:
        """`reload`: every session ends, running becomes what startup says."""
        for end in tuple(self.on_reboot):
            end()
        self.boot()
