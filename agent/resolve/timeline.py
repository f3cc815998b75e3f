"""Time as a register knows it: which run a moment belongs to, and who held an IP address when."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import itemgetter, or_

from agent.identify.registry import is_virtual
from agent.model.address import IpAddress, Mac, parse_ip
from agent.model.errors import BadAddress, BadMac
from agent.model.observation import (
    ADMIN,
    ALIVE,
    HOSTNAME,
    IP,
    LEASE,
    LEASED_TO,
    MAC,
    OWN_IP,
    OWN_MAC,
    SCANNED,
    WARNING,
    Observation,
)

_SILENT = frozenset({SCANNED, WARNING, HOSTNAME, LEASE, LEASED_TO})
"""Attributes that say nothing about a device being there: a scan, a name server's and a lease file's memory."""


_ASKED = frozenset({"arp", "ndp"})
"""Sources whose word on a MAC is a device's own answer, and no table's."""


def is_sighting(seen: Observation) -> bool:
    """True where the observation shows that something answered or sent."""
    return seen.attribute not in _SILENT and not seen.attribute.startswith(ADMIN)


def is_answer(seen: Observation) -> bool:
    """True for a sighting that is more than a router's memory of who holds an address, which lasts for hours."""
    return is_sighting(seen) and (seen.attribute not in (MAC, IP) or seen.source in _ASKED)


def is_arp(seen: Observation) -> bool:
    """True for what somebody else may say in a device's place: a MAC, and an answer to ARP or neighbour discovery."""
    return seen.attribute == MAC or (seen.attribute == ALIVE and seen.value in ("arp", "ndp"))


@dataclass(frozen=True, slots=True)
class Runs:
    """The start times of a site's runs, sorted; with none, all time is one run."""

    starts: tuple[datetime, ...]

    @classmethod
    def of_starts(cls, starts: Iterable[datetime]) -> Runs:
        """Those that began at these times, in any order."""
        return cls(tuple(sorted(set(starts))))

    def of(self, moment: datetime) -> int:
        """The number of the run that the moment lies in, 0 before the first."""
        return bisect_right(self.starts, moment)

    @property
    def last(self) -> int:
        """The number of the last run."""
        return len(self.starts)


def mac_of(text: str) -> Mac | None:
    """A MAC that can be one interface's; None for groups, zero, redundancy protocols' shared ones and nonsense."""
    try:
        mac = Mac.parse(text)
    except BadMac:
        return None
    return mac if is_interface(mac) else None


def is_interface(mac: Mac) -> bool:
    """True for a unicast MAC that a redundancy protocol does not share."""
    return mac.value != 0 and not mac.is_group and not is_virtual(mac)


def ip_of(text: str) -> IpAddress | None:
    """An address that a host can own on a network; None for loopback, link-local, multicast and nonsense."""
    try:
        ip = parse_ip(text.split("/")[0])
    except BadAddress:
        return None
    return None if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified else ip


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """An IP address was seen with a MAC."""

    seen: datetime
    mac: Mac
    ip: IpAddress


def bindings(observations: Iterable[Observation]) -> tuple[Binding, ...]:
    """Every statement that ties an IP address to an interface's MAC."""
    return tuple(bound for seen in observations if (bound := binding_of(seen)))


def binding_of(seen: Observation) -> Binding | None:
    """The tie of an IP address to an interface's MAC that an observation states, or None."""
    if seen.attribute in (MAC, LEASED_TO) and not isinstance(seen.address, Mac):
        mac = mac_of(seen.value)
        return Binding(seen.seen, mac, seen.address) if mac else None
    if seen.attribute == IP and isinstance(seen.address, Mac) and is_interface(seen.address):
        ip = ip_of(seen.value)
        return Binding(seen.seen, seen.address, ip) if ip else None
    return None


def latest(bound: Iterable[Binding]) -> dict[Mac, tuple[Binding, ...]]:
    """Under each MAC its last binding to each of its addresses."""
    last: dict[tuple[Mac, IpAddress], Binding] = {}
    for binding in bound:
        pair = (binding.mac, binding.ip)
        if pair not in last or last[pair].seen < binding.seen:
            last[pair] = binding
    found: dict[Mac, list[Binding]] = defaultdict(list)
    for binding in last.values():
        found[binding.mac].append(binding)
    return {mac: tuple(listed) for mac, listed in found.items()}


@dataclass(frozen=True, slots=True)
class Holders:
    """Who held each IP address, from when on, and in which runs: one streak for as long as nobody else did.

    `spoken_for` are the runs in which only a proxy answered for an address. Runs are bits of a number.
    """

    runs: Runs
    times: Mapping[IpAddress, tuple[datetime, ...]]
    macs: Mapping[IpAddress, tuple[Mac, ...]]
    held: Mapping[IpAddress, tuple[int, ...]]
    spoken_for: Mapping[IpAddress, int]

    @classmethod
    def of(cls, bound: Iterable[Binding], runs: Runs, proxied: Iterable[Binding] = ()) -> Holders:
        """Sort bindings into a timeline for each address; `proxied` are those by which others answered for it."""
        lines: dict[IpAddress, list[tuple[datetime, Mac]]] = defaultdict(list)
        for binding in bound:
            lines[binding.ip].append((binding.seen, binding.mac))
        streaks = {ip: _streaks(line, runs) for ip, line in lines.items()}
        spoken: dict[IpAddress, int] = defaultdict(int)
        for binding in proxied:
            spoken[binding.ip] |= 1 << runs.of(binding.seen)
        held = {ip: tuple(held for _, _, held in line) for ip, line in streaks.items()}
        return cls(
            runs,
            {ip: tuple(t for t, _, _ in line) for ip, line in streaks.items()},
            {ip: tuple(m for _, m, _ in line) for ip, line in streaks.items()},
            held,
            {ip: said & ~reduce(or_, held.get(ip, ()), 0) for ip, said in spoken.items()},
        )

    def at(self, ip: IpAddress, moment: datetime) -> Mac | None:
        """The latest holder at or before the moment, unless only a later one was seen in its run; None for nobody."""
        found = self._streak(ip, moment)
        return None if found is None else self.macs[ip][found]

    def within_run(self, ip: IpAddress, moment: datetime) -> Mac | None:
        """The holder at the moment, if it was seen to be that in the moment's run."""
        found = self._streak(ip, moment)
        return None if found is None or not self._was_held(ip, found, moment) else self.macs[ip][found]

    def _streak(self, ip: IpAddress, moment: datetime) -> int | None:
        times = self.times.get(ip, ())
        if not times:
            return None
        found = max(bisect_right(times, moment) - 1, 0)
        comes = found + 1 < len(times) and self.runs.of(times[found + 1]) == self.runs.of(moment)
        return found + 1 if comes and not self._was_held(ip, found, moment) else found

    def _was_held(self, ip: IpAddress, streak: int, moment: datetime) -> bool:
        return bool(self.held[ip][streak] >> self.runs.of(moment) & 1)

    def now(self, ip: IpAddress) -> Mac | None:
        """The last holder of the address, or None."""
        macs = self.macs.get(ip, ())
        return macs[-1] if macs else None

    def is_echo(self, seen: Observation) -> bool:
        """True where what is said of an address was a proxy's answer, so that it shows nothing there."""
        if isinstance(seen.address, Mac) or not is_arp(seen):
            return False
        return bool(self.spoken_for.get(seen.address, 0) >> self.runs.of(seen.seen) & 1)


def _streaks(line: Iterable[tuple[datetime, Mac]], runs: Runs) -> list[tuple[datetime, Mac, int]]:
    found = []
    for mac, same in groupby(sorted(line), itemgetter(1)):
        times = [seen for seen, _ in same]
        found.append((times[0], mac, reduce(or_, (1 << runs.of(seen) for seen in times))))
    return found


def without_proxies(
    bound: tuple[Binding, ...], stories: Callable[[], Iterable[Observation]], runs: Runs
) -> tuple[tuple[Binding, ...], tuple[Binding, ...]]:
    """The bindings less those by which a proxy-ARP router answers for others (RFC 1027), and the proxy's in such runs.

    A proxy is a MAC that holds three or more addresses in one run, where it says itself that they are not its own, or
    where what answers there tells different stories of itself. `stories` gives what states one of STORIES.
    """
    crowded = crowds(bound, runs)
    if not crowded:
        return bound, ()
    told = _Told.of(stories())
    foreign: set[tuple[Mac, IpAddress]] = set()
    for (mac, _), ips in crowded.items():
        foreign |= {(mac, ip) for ip in _foreign(mac, ips, told)}
    others = [binding for binding in bound if (binding.mac, binding.ip) in foreign]
    echoes = tuple(binding for binding in others if (binding.mac, runs.of(binding.seen)) in crowded)
    return tuple(binding for binding in bound if (binding.mac, binding.ip) not in foreign), echoes


def crowds(bound: Iterable[Binding], runs: Runs) -> dict[tuple[Mac, int], set[IpAddress]]:
    """The addresses of each MAC that held three or more in a run, under the MAC and the run."""
    held: dict[tuple[Mac, int], set[IpAddress]] = defaultdict(set)
    for binding in bound:
        held[binding.mac, runs.of(binding.seen)].add(binding.ip)
    return {key: ips for key, ips in held.items() if len(ips) >= 3}


_STORY = frozenset(
    {
        *(HOSTNAME, "netbios.name", "snmp.1.3.6.1.2.1.1.5.0", "snmp.1.3.6.1.2.1.43.5.1.1.17.1"),
        *("ipp.printer-uuid", "upnp.uuid"),
    }
)
STORIES = _STORY | {OWN_IP, OWN_MAC}
"""Attributes by which a proxy is known."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said at each address: whose MACs and addresses are its own, and how it is called."""

    macs: Mapping[IpAddress, set[Mac]]
    ips: Mapping[IpAddress, set[IpAddress]]
    stories: Mapping[IpAddress, dict[str, str]]

    @classmethod
    def of(cls, observations: Iterable[Observation]) -> _Told:
        told = cls(defaultdict(set), defaultdict(set), defaultdict(dict))
        for seen in observations:
            if isinstance(seen.address, Mac):
                continue
            if seen.attribute == OWN_MAC and (mac := mac_of(seen.value)):
                told.macs[seen.address].add(mac)
            if seen.attribute == OWN_IP and (ip := ip_of(seen.value)):
                told.ips[seen.address].add(ip)
            if seen.attribute in _STORY and seen.value:
                story = told.stories[seen.address]
                story[seen.attribute] = max(story.get(seen.attribute, ""), seen.value)
        return told


def _foreign(mac: Mac, ips: set[IpAddress], told: _Told) -> set[IpAddress]:
    """Those of a MAC's many addresses that are another's: all but what is said to be its own, by itself if it does."""
    itself = {ip for ip in ips if mac in told.macs.get(ip, ())} or {ip for ip in ips if told.ips.get(ip)}
    if itself:
        others = ips - itself - {own for ip in itself for own in told.ips.get(ip, ())}
        return others if len(others) >= 3 else set()
    attributes = {attribute for ip in ips for attribute in told.stories.get(ip, ())}
    heard = ({told.stories[ip][a] for ip in ips if a in told.stories.get(ip, {})} for a in attributes)
    return set(ips) if any(len(names) > 1 for names in heard) else set()
