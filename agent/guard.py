"""The guard stands under every packet: what may never be sent, where, how fast, when.

Whoever sends asks `PacketGuard.permit` first and waits in `PacketGuard.pace`. Its rules are DESIGN section 3, 1 to 4.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone
from ipaddress import IPv4Address
from math import inf

from agent.model.address import IpAddress, IpNetwork, Scope
from agent.model.errors import BadInput, OutOfScope, Refused
from agent.model.probe import Probe
from agent.ports import Clock

RAW_PRINT_PORTS = frozenset({515, *range(9100, 9117), 9999})
"""LPD, AppSocket/JetDirect and their like: whatever arrives is printed (RFC 1179 for 515)."""

IPP_PORT = 631
"""RFC 8010: takes valid IPP only; anything else ends as a page on some printers."""

CONTROL_PORTS = frozenset({102, 502, 47808, 10001, *range(4001, 4017)})
"""S7 102, Modbus 502, BACnet 47808, Lantronix 10001, Moxa NPort 4001-4016: octets reach a machine behind them."""

SAFE_SCRIPTS = frozenset({"ssl-cert", "ssh-hostkey", "http-title", "http-server-header"})
"""nmap scripts that ask one bounded, standard question on the port that they are given."""

GROUPS = frozenset({("224.0.0.251", 5353), ("239.255.255.250", 1900), ("239.255.255.250", 3702), ("ff02::1", 0)})
"""Multicast groups and UDP ports that may be asked: mDNS, SSDP, WS-Discovery, and IPv6's all nodes (ICMPv6 echo)."""

TAIPEI = timezone(timedelta(hours=8), "Asia/Taipei")
"""Taiwan keeps UTC+8 all year."""

ROUTED_RETRIES = 3
"""ARP requests that a router may send for one routed packet to a silent host (Linux: mcast_solicit)."""

SLACK = 1.02
"""A slot is so much longer than its share: packets do not leave the machine as evenly as they leave the guard."""

BURST = 0.02
"""Seconds' worth of packets that may go at once where a rate of 100 a second or more says that the port is trusted."""

BURST_LIMIT = 8000
"""Packets that go at once at most: between two bursts a stop is seen."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BLACKOUT = re.compile(r"(\w{3})(?:-(\w{3}))? (\d{2}):(\d{2})-(\d{2}):(\d{2})")


def payload_forbidden(port: int, protocol: str) -> bool:
    """True where no octet of this protocol may be sent to the port, on TCP or UDP."""
    if port == IPP_PORT:
        return protocol != "ipp"
    return port in RAW_PRINT_PORTS or port in CONTROL_PORTS


@dataclass(frozen=True, slots=True)
class Blackout:
    """A weekly time in which nothing is sent: days by number (Monday 0), local times in Asia/Taipei."""

    days: frozenset[int]
    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Blackout:
        """Read `Mon-Fri 08:30-13:45` or `Sat 00:00-06:00`; raise BadInput otherwise."""
        found = _BLACKOUT.fullmatch(text.strip())
        if not found or found[1] not in _DAYS or (found[2] or found[1]) not in _DAYS:
            raise BadInput(f"'{text}' is no blackout time", hint="write it as 'Mon-Fri 08:30-13:45'")
        first, last = _DAYS.index(found[1]), _DAYS.index(found[2] or found[1])
        days = frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
        try:
            start, end = time(int(found[3]), int(found[4])), time(int(found[5]), int(found[6]))
        except ValueError as error:
            raise BadInput(f"'{text}' is no blackout time: {error}") from None
        return cls(days, start, end)

    def covers(self, moment: datetime) -> bool:
        """True within the blackout; its last minute is exclusive, and it may run past midnight."""
        local = moment.astimezone(TAIPEI)
        if self.start <= self.end:
            return local.weekday() in self.days and self.start <= local.time() < self.end
        if local.time() >= self.start:
            return local.weekday() in self.days
        return local.time() < self.end and (local.weekday() - 1) % 7 in self.days


@dataclass(slots=True)
class PacketGuard:
    """Decides on every probe and paces every class of packets; safe to share between threads.

    `rates` are packets a second by pace name (`arp`, `icmp`, ...); a name that is not there is not paced.
    `management` are the switches and routers of the configuration: only sessions marked so may reach them out of scope.
    """

    scope: Scope
    clock: Clock
    rates: dict[str, float] = field(default_factory=lambda: {"arp": 10.0})
    blackouts: tuple[Blackout, ...] = ()
    management: frozenset[IpAddress] = frozenset()
    _next: dict[tuple[str, str], datetime] = field(default_factory=dict, repr=False)
    _turns: dict[tuple[str, str], threading.Lock] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def permit(self, probe: Probe) -> None:
        """Return if the probe may be sent now; raise OutOfScope or Refused otherwise."""
        if probe.address not in self.scope and not (probe.management and probe.address in self.management):
            raise OutOfScope(f"{probe.address} is outside the scope")
        if probe.payload and payload_forbidden(probe.port, probe.protocol):
            raise Refused(f"{probe.protocol} to {probe.address} port {probe.port} could print a page or move a machine")
        if not probe.management:
            self.permit_now()

    def permit_sweep(self, addresses: Sequence[IPv4Address]) -> tuple[IPv4Address, ...]:
        """Those that may be asked now by ARP: what `permit` says of each, for many; raise Refused within a blackout."""
        self.permit_now()
        return self.scope.within(addresses)

    def permit_group(self, group: IpAddress, port: int, network: IpNetwork) -> None:
        """Return if a question may go to every machine on the link of a subnet; raise OutOfScope or Refused otherwise.

        It reaches whoever is there: the whole subnet must be in scope, and no address of it excluded.
        """
        if (str(group), port) not in GROUPS:
            raise Refused(f"{group} port {port} is not on the guard's list of groups")
        excluded = any(e.version == network.version and e.overlaps(network) for e in self.scope.exclude)
        if not self.scope.covers(network) or excluded:
            raise OutOfScope(f"{network} is not in scope as a whole")
        self.permit_now()

    def permit_now(self) -> None:
        """Raise Refused within a blackout."""
        now = self.clock.now()
        for blackout in self.blackouts:
            if blackout.covers(now):
                raise Refused(f"blackout until {blackout.end:%H:%M} Asia/Taipei: nothing is sent")

    def version_ports(self, ports: Iterable[int]) -> tuple[int, ...]:
        """Those ports to which nmap's version probes may write, sorted."""
        return tuple(sorted(p for p in set(ports) if not payload_forbidden(p, "nmap-version")))

    def permit_scripts(self, scripts: Iterable[str]) -> None:
        """Raise Refused for an nmap script that is not on the list of harmless ones."""
        for script in scripts:
            if script not in SAFE_SCRIPTS:
                raise Refused(f"nmap script '{script}' is not on the guard's list")

    def burst(self, kind: str) -> int:
        """How many packets of this kind may go at once: one at rates below 100 a second."""
        return max(1, int(min(self.rates.get(kind, inf) * BURST, BURST_LIMIT)))

    def pace(self, kind: str, link: str = "", packets: int = 1) -> None:
        """Wait until a packet, or a burst of them, may go on this link; slots never pile up while nobody sends.

        The slot of a single packet begins when its caller wakes, or when it says that it has `sent`, so that a late one
        never makes room for two; a late burst may make up for one slot, so that many keep the rate.
        """
        rate = self.rates.get(kind)
        if not rate:
            return
        slot = timedelta(seconds=packets * SLACK / rate)
        with self._turn(kind, link):
            now = self.clock.now()
            due = self._next.get((kind, link), now)
            if due > now:
                self.clock.sleep((due - now).total_seconds())
            woke = self.clock.now()
            begun = max(due, woke - slot) if packets > 1 else woke
            self._next[kind, link] = begun + slot

    def sent(self, kind: str, link: str = "") -> None:
        """A single packet that was paced is on the wire only now: the next slot counts from here."""
        if rate := self.rates.get(kind):
            with self._turn(kind, link):
                self._next[kind, link] = self.clock.now() + timedelta(seconds=SLACK / rate)

    def _turn(self, kind: str, link: str) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault((kind, link), threading.Lock())


class SilentGuard:
    """The guard of what only listens: it refuses every probe, wherever and whenever."""

    def permit(self, probe: Probe) -> None:
        """Raise Refused."""
        raise Refused(f"nothing is sent while listening: no {probe.protocol} to {probe.address}")

    def permit_sweep(self, addresses: Sequence[IPv4Address]) -> tuple[IPv4Address, ...]:
        """Raise Refused."""
        raise Refused("nothing is sent while listening: no ARP")

    def permit_group(self, group: IpAddress, port: int, network: IpNetwork) -> None:
        """Raise Refused."""
        raise Refused(f"nothing is sent while listening: nothing to {group} port {port}")

    def permit_now(self) -> None:
        """Raise Refused."""
        raise Refused("nothing is sent while listening")

    def version_ports(self, ports: Iterable[int]) -> tuple[int, ...]:
        """None."""
        return ()

    def permit_scripts(self, scripts: Iterable[str]) -> None:
        """Raise Refused."""
        self.permit_now()

    def burst(self, kind: str) -> int:
        """One, which `pace` refuses."""
        return 1

    def sent(self, kind: str, link: str = "") -> None:
        """Nothing was."""

    def pace(self, kind: str, link: str = "", packets: int = 1) -> None:
        """Raise Refused: who would have to wait wants to send."""
        self.permit_now()
