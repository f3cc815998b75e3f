"""What every device of a site is read against, made from the few attributes that tie addresses together.

Addresses that no binding, no claim and no human's word ties to others are areas of their own: the evidence of one area
says nothing of another's devices, but for the strong keys that both may show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.log import Address, Log
from agent.model.address import Mac
from agent.model.observation import (
    ATTACHMENT,
    INFRASTRUCTURE_PORT,
    IP,
    LEASED_TO,
    MAC,
    OWN_IP,
    OWN_MAC,
    SCANNED,
    Observation,
)
from agent.resolve.attachment import Edges, edges
from agent.resolve.identity import MERGE, SPLIT, Groups, order
from agent.resolve.timeline import STORIES, Binding, Holders, Runs, bindings, ip_of, latest, mac_of, without_proxies

_CLAIMS = frozenset({OWN_MAC, OWN_IP, MERGE, SPLIT})


@dataclass(frozen=True, slots=True)
class Frame:
    """Who held which address when, where MACs are plugged in, when addresses were asked last; areas by their roots."""

    holders: Holders
    bound: Mapping[Mac, tuple[Binding, ...]]
    edges: Edges
    asked: Mapping[Address, datetime]
    roots: Groups
    areas: Mapping[Address, tuple[Address, ...]]
    sizes: Mapping[Address, int]

    @classmethod
    def of(cls, log: Log, runs: Runs) -> Frame:
        """Read the log's bindings, claims, forwarding tables and scans."""
        ties = bindings(log.stating({MAC, IP, LEASED_TO}))
        bound, proxied = without_proxies(ties, lambda: log.stating(STORIES), runs)
        last, sizes = latest(bound), log.sizes()
        roots = _areas(sizes, last.values(), log.stating(_CLAIMS))
        return cls(
            Holders.of(bound, runs, proxied),
            last,
            edges(log.stating({ATTACHMENT, INFRASTRUCTURE_PORT}), runs),
            _asked(log.stating({SCANNED})),
            roots,
            roots.sets(),
            sizes,
        )

    def around(self, nodes: Iterable[Address]) -> tuple[Address, ...]:
        """All addresses of the areas in which these lie."""
        wanted = {self.roots.root(node) for node in nodes}
        return tuple(address for root in sorted(wanted, key=order) for address in self.areas[root])

    def parts(self, most: int) -> Iterator[tuple[Address, ...]]:
        """All addresses, area by area, in parts of so many observations; a larger area is a part of its own."""
        part: list[Address] = []
        size = 0
        for area in self.areas.values():
            more = sum(self.sizes.get(address, 0) for address in area)
            if part and size + more > most:
                yield tuple(part)
                part, size = [], 0
            part += area
            size += more
        if part:
            yield tuple(part)


def _asked(observations: Iterable[Observation]) -> dict[Address, datetime]:
    found: dict[Address, datetime] = {}
    for seen in observations:
        found[seen.address] = max(seen.seen, found.get(seen.address, seen.seen))
    return found


def _areas(addresses: Iterable[Address], last: Iterable[tuple[Binding, ...]], claims: Iterable[Observation]) -> Groups:
    areas = Groups()
    for address in addresses:
        areas.root(address)
    for binding in (one for bindings_of_mac in last for one in bindings_of_mac):
        areas.join(binding.mac, binding.ip)
    for claim in claims:
        for named in (mac_of(claim.value), ip_of(claim.value)):
            if named is not None:
                areas.join(claim.address, named)
    return areas
