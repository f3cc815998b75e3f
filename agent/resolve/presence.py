"""When a device was there: first and last seen, its status, its current addresses and its open ports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from agent.model.address import IpAddress, Mac
from agent.model.device import Port, Status
from agent.model.errors import BadInput
from agent.model.observation import OWN_IP, PORT, SCANNED, Observation
from agent.resolve.timeline import Binding, Holders, Runs, ip_of, is_sighting

PORT_SCAN = "nmap"
"""The value of SCANNED that marks a port scan of the address."""


def lifetime(evidence: Iterable[Observation]) -> tuple[datetime, datetime]:
    """First and last sighting; for a device that was only registered, when it was first and last spoken of."""
    listed = tuple(evidence)
    times = [seen.seen for seen in listed if is_sighting(seen)] or [seen.seen for seen in listed]
    return min(times), max(times)


def status(evidence: tuple[Observation, ...], asked: Iterable[datetime], runs: Runs, *, retired: bool) -> Status:
    """Present if the last run saw it, missing if a later run than that which saw it asked, else not scanned."""
    if retired:
        return Status.RETIRED
    seen = max((runs.of(o.seen) for o in evidence if is_sighting(o)), default=-1)
    if seen == runs.last:
        return Status.PRESENT
    return Status.MISSING if any(runs.of(moment) > seen for moment in asked) else Status.NOT_SCANNED


def current_ips(
    nodes: Iterable[IpAddress | Mac],
    bound: tuple[Binding, ...],
    evidence: Iterable[Observation],
    holders: Holders,
    runs: Runs,
) -> tuple[IpAddress, ...]:
    """The addresses that a device holds: its MACs' in their last run, those without a MAC, and its own-ip ones.

    `bound` are the bindings of the device's MACs.
    """
    macs = {node for node in nodes if isinstance(node, Mac)}
    found = {node for node in nodes if not isinstance(node, Mac)}
    last: dict[tuple[Mac, int], int] = {}
    for binding in bound:
        key = (binding.mac, binding.ip.version)
        last[key] = max(last.get(key, 0), runs.of(binding.seen))
    for binding in bound:
        held = holders.now(binding.ip)
        fresh = runs.of(binding.seen) == last[binding.mac, binding.ip.version]
        if fresh and held == binding.mac:
            found.add(binding.ip)
    found |= _stated(evidence, macs, holders, runs)
    return tuple(sorted(found, key=lambda ip: (ip.version, int(ip))))


def _stated(evidence: Iterable[Observation], macs: set[Mac], holders: Holders, runs: Runs) -> set[IpAddress]:
    stated = [seen for seen in evidence if seen.attribute == OWN_IP]
    newest = max((runs.of(seen.seen) for seen in stated), default=0)
    ips = {ip for seen in stated if runs.of(seen.seen) == newest and (ip := ip_of(seen.value))}
    return {ip for ip in ips if holders.now(ip) in macs}


def open_ports(
    evidence: Iterable[Observation],
    whereabouts: Collection[IpAddress | Mac],
    left: Collection[IpAddress | Mac],
    runs: Runs,
) -> tuple[Port, ...]:
    """The ports that each address showed in its last port scan or since.

    Those of an address that it `left` are not the device's any more, once one of its `whereabouts` was scanned later.
    """
    listed = tuple(evidence)
    scanned: dict[IpAddress | Mac, set[datetime]] = defaultdict(set)
    for seen in listed:
        if seen.attribute == SCANNED and seen.value == PORT_SCAN:
            scanned[seen.address].add(seen.seen)
    here = max((runs.of(moment) for address in whereabouts for moment in scanned.get(address, ())), default=-1)
    gone = {address for address in left if here > max((runs.of(m) for m in scanned.get(address, ())), default=-1)}
    listed = tuple(seen for seen in listed if seen.address not in gone)
    found: dict[tuple[str, int], Port] = {}
    for seen in listed:
        if seen.attribute == PORT and _is_current(seen, sorted(scanned.get(seen.address, ())), runs):
            port = _parsed(seen.value)
            if port:
                found[port.proto, port.port] = max(port, found.get((port.proto, port.port), port))
    return tuple(sorted(found.values()))


def _is_current(seen: Observation, scanned: list[datetime], runs: Runs) -> bool:
    if not scanned:
        return True
    after_former = len(scanned) < 2 or seen.seen > scanned[-2]
    return after_former and runs.of(seen.seen) >= runs.of(scanned[-1])


def _parsed(text: str) -> Port | None:
    try:
        return Port.parse(text)
    except BadInput:
        return None
