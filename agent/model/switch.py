"""A switch as lanward is told of it, and as it was qualified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from agent.model.address import IpAddress, Mac


@dataclass(frozen=True, slots=True, order=True)
class Switch:
    """One `[[switch]]` of the configuration.

    `credential` and `snmp_credential` are names, never values. `host_key` is the SHA-256 fingerprint
    (`SHA256:...`, as `ssh-keygen -l` prints it) that the administrator read on the switch's console.
    """

    name: str
    host: str
    platform: str
    credential: str
    host_key: str = ""
    port: int = 22
    snmp_credential: str = ""
    wave: int = 1
    revert: int = 0
    """Seconds after which an unconfirmed change takes itself back; 0 means the configuration's default."""
    spare_port: str = ""
    """A port with nothing on it, for `lanward switch qualify`."""


@dataclass(frozen=True, slots=True)
class SwitchFacts:
    """What a switch says it is: `model` and `release` are what a qualification holds for."""

    hostname: str
    model: str
    release: str
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Qualification:
    """That arm, timeout, revert, read-back and full-table behaviour were seen on a spare port.

    It holds for every switch of this platform, model and release. `results` are (check, what it showed).
    """

    platform: str
    model: str
    release: str
    switch: str
    passed: bool
    at: datetime
    results: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class LiveMac:
    """One row of a switch's forwarding table, in the switch's own full port name."""

    mac: Mac
    port: str
    vlan: int


@dataclass(frozen=True, slots=True)
class SwitchClock:
    """The switch's own time: `at` is None where its zone cannot be told, `synchronised` where it does not tell."""

    shown: str
    at: datetime | None = None
    synchronised: bool | None = None


@dataclass(frozen=True, slots=True, order=True)
class NetworkServer:
    """A server that the switch's configuration names: `role` is AAA, DHCP relay, NTP or syslog.

    `host` is an address in canonical text, or a name as it was configured.
    """

    role: str
    host: str

    @classmethod
    def named(cls, role: str, word: str) -> NetworkServer:
        """From a word of a configuration: an address in any spelling, or a name."""
        try:
            return cls(role, str(ip_address(word)))
        except ValueError:
            return cls(role, word)


@dataclass(frozen=True, slots=True)
class PortState:
    """One port as the running configuration and the hardware show it.

    `mode` is access, trunk or routed. `foreign` says in words what else filters or authenticates on the port;
    `infrastructure` says why the port is no edge port; both are empty on a plain access port.
    """

    name: str
    mode: str
    vlan: int | None = None
    acl_in: str = ""
    foreign: tuple[str, ...] = ()
    infrastructure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SwitchState:
    """What one reading of a switch showed; `running` and `startup` are configurations in canonical text.

    `acls` maps our own ACLs' names to the family's text. `vty_free` and `entries_free` are None where the family does
    not tell. `way_back` names the family's safety net in words, empty where there is none; `armed` is True while one
    is running. `obstacles` says in words why nothing may be written now. `arp` and `gateways` (the next hops of the
    default route) are the management plane's own, to tell by which port the `servers` are reached.
    """

    switch: str
    facts: SwitchFacts
    running: str
    startup: str
    ports: tuple[PortState, ...]
    macs: tuple[LiveMac, ...]
    acls: tuple[tuple[str, str], ...] = ()
    vty_free: int | None = None
    entries_free: int | None = None
    way_back: str = ""
    armed: bool = False
    obstacles: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    clock: SwitchClock | None = None
    servers: tuple[NetworkServer, ...] = ()
    arp: tuple[tuple[IpAddress, Mac], ...] = ()
    gateways: tuple[IpAddress, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical running configuration, in hex."""
        return hashlib.sha256(self.running.encode()).hexdigest()

    @property
    def dirty(self) -> bool:
        """True where running and startup differ: somebody's unsaved work."""
        return self.running != self.startup

    def port(self, name: str) -> PortState | None:
        """The port of this full name, or None."""
        return next((p for p in self.ports if p.name == name), None)

    def macs_on(self, port: str) -> frozenset[Mac]:
        """The MACs that are live on a port now."""
        return frozenset(row.mac for row in self.macs if row.port == port)

    def acl(self, name: str) -> str | None:
        """The text of one of our ACLs, or None where the switch has none of this name."""
        return dict(self.acls).get(name)
