"""IPv6 neighbours of the agent's own links: all nodes are asked once, known addresses each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv6Address

from agent.model.device import Port
from agent.model.errors import Refused
from agent.model.observation import ALIVE, MAC, SCANNED, WARNING, Observation
from agent.model.probe import Probe
from agent.ports import Job, Progress, Report
from collectors.decode.ndp import decode_neighbours, parse_neighbours
from collectors.decode.sighting import Sighting
from collectors.known import refusal
from collectors.wire.links import Link6, own_links6
from collectors.wire.ping6 import ALL_NODES, Echo6Socket, neighbours

LISTEN = 1.5
"""Seconds to wait for replies after the last request of a link."""


class NdpCollector:
    """Finds IPv6 addresses in scope on own links; a link whose prefix is not in scope is not asked at all."""

    name = "ndp"
    phase = "sweep"
    produces: tuple[str, ...] = (MAC, ALIVE, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = ()

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; raise EnvironmentFault where this process may not send echo requests."""
        links = own_links6()
        for done, link in enumerate(links, 1):
            known = _known(job, link)
            if known or _all_may_be_asked(job, link):
                yield from _ask_link(job, link, known)
            report(Progress(self.name, done, len(links), link.interface))


def _known(job: Job, link: Link6) -> tuple[IPv6Address, ...]:
    """Addresses of the link that the run has heard of and that may be asked."""
    named = {o.address for o in job.known if isinstance(o.address, IPv6Address) and o.address in link.network}
    return tuple(sorted(a for a in named if a != link.address and not refusal(job, Probe(a, "ndp"))))


def _all_may_be_asked(job: Job, link: Link6) -> bool:
    try:
        job.guard.permit_group(ALL_NODES, 0, link.network)
    except Refused:
        return False
    return True


def _ask_link(job: Job, link: Link6, known: tuple[IPv6Address, ...]) -> Iterator[Observation]:
    """One request to all nodes where that is permitted, then one to each address that kept silent or has no MAC."""
    sighting = Sighting("ndp", job.clock.now(), job.site)
    answered: set[IPv6Address] = set()
    with Echo6Socket(link) as wire:
        if _all_may_be_asked(job, link):
            job.guard.pace("arp", link.interface)
            wire.send(ALL_NODES, 0)
            answered |= _listen(job, link, wire)
        unresolved = answered - set(parse_neighbours(neighbours(link)))
        alone = tuple(sorted({*known} - answered | unresolved))
        for sequence, address in enumerate(alone, 1):
            if job.stop():
                return
            job.guard.pace("arp", link.interface)
            if why := refusal(job, Probe(address, "ndp")):
                yield sighting.warning(address, why)
                continue
            wire.send(address, sequence)
        answered |= _listen(job, link, wire) if alone else set()
    for address in sorted({*answered, *alone}):
        yield sighting.of(address, SCANNED, "ndp", interface=link.interface)
    cache = parse_neighbours(neighbours(link))
    yield from decode_neighbours(cache, answered, alone, sighting, link.interface)


def _listen(job: Job, link: Link6, wire: Echo6Socket) -> set[IPv6Address]:
    """Who replied from an address of the link that is in scope."""
    found: set[IPv6Address] = set()
    end = job.clock.now() + timedelta(seconds=LISTEN)
    while not job.stop() and (left := (end - job.clock.now()).total_seconds()) > 0:
        sender = wire.answered(min(left, 0.1))
        if sender and sender in link.network and sender != link.address and not refusal(job, Probe(sender, "ndp")):
            found.add(sender)
    return found


collector = NdpCollector()
