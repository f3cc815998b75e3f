"""What earlier collectors of the run found, as later ones ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, ip_network

from agent.model.address import IpAddress, IpNetwork, Mac
from agent.model.device import Port
from agent.model.errors import BadInput, Refused
from agent.model.observation import ALIVE, MAC, OWN_NETWORK, PORT, about
from agent.model.probe import Probe
from agent.ports import Job

UNKNOWN_SUBNET = 24
"""Prefix by which routed IPv4 addresses are grouped where no router told its subnets."""


def refusal(job: Job, probe: Probe) -> str:
    """Why the guard does not permit a probe now, or an empty string where it does."""
    try:
        job.guard.permit(probe)
    except Refused as refused:
        return refused.message
    return ""


def with_mac(job: Job) -> frozenset[IpAddress]:
    """Addresses that something was seen to answer ARP for, here or in a router's table."""
    return frozenset(o.address for o in about(job.known, MAC) if not isinstance(o.address, Mac))


def present(job: Job) -> tuple[IpAddress, ...]:
    """Those targets that answered something in this run or that a router has resolved, in the job's order."""
    alive = frozenset(o.address for o in about(job.known, ALIVE)) | with_mac(job)
    return tuple(target for target in job.targets if target in alive)


def open_ports(job: Job) -> dict[IpAddress, frozenset[int]]:
    """Open TCP ports by target."""
    found: dict[IpAddress, set[int]] = defaultdict(set)
    targets = frozenset(job.targets)
    for seen in about(job.known, PORT):
        port = _port(seen.value)
        if port and port.proto == "tcp" and not isinstance(seen.address, Mac) and seen.address in targets:
            found[seen.address].add(port.port)
    return {address: frozenset(ports) for address, ports in found.items()}


def listening(job: Job, ports: Sequence[int]) -> dict[IpAddress, tuple[int, ...]]:
    """Those of some TCP ports that are open, in their order, by target; targets with none are left out."""
    found = {a: tuple(n for n in ports if n in opened) for a, opened in open_ports(job).items()}
    return {address: numbers for address, numbers in found.items() if numbers}


def _port(text: str) -> Port | None:
    try:
        return Port.parse(text)
    except BadInput:
        return None


def networks(job: Job) -> tuple[IpNetwork, ...]:
    """The subnets that routers said they have, the longest prefix first."""
    found = {ip_network(o.value) for o in about(job.known, OWN_NETWORK)}
    return tuple(sorted(found, key=lambda n: (-n.prefixlen, str(n))))


def by_subnet(job: Job, addresses: tuple[IpAddress, ...]) -> dict[IpNetwork, tuple[IpAddress, ...]]:
    """IPv4 addresses grouped by the subnet that they are in, as far as it is known."""
    known = networks(job)
    groups: dict[IpNetwork, list[IpAddress]] = defaultdict(list)
    for address in addresses:
        if isinstance(address, IPv4Address):
            fallback = IPv4Network((address, UNKNOWN_SUBNET), strict=False)
            groups[next((n for n in known if address in n), fallback)].append(address)
    return {network: tuple(members) for network, members in groups.items()}
