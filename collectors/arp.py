"""ARP sweep of the agent's own links, never faster than the guard's pace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address

from agent.model.device import Port
from agent.model.observation import ALIVE, MAC, SCANNED, WARNING, Observation
from agent.model.probe import Probe
from agent.ports import Job, Progress, Report
from collectors.decode.arp import decode_arp
from collectors.decode.sighting import Sighting
from collectors.known import refusal, with_mac
from collectors.wire.frames import ArpLink, arp_link
from collectors.wire.links import Link, own_links

LISTEN = 1.5
"""Seconds to wait for late replies after the last request of a round."""


def wanted(job: Job, link: Link) -> tuple[IPv4Address, ...]:
    """The job's addresses on this link that nobody has a MAC for yet, less the agent's own."""
    known = with_mac(job)
    return tuple(
        target
        for target in job.targets
        if isinstance(target, IPv4Address) and target in link.network and target != link.address and target not in known
    )


def worth_a_retry(job: Job, silent: Iterable[IPv4Address]) -> tuple[IPv4Address, ...]:
    """Those silent addresses that somebody has said something about."""
    mentioned = frozenset(o.address for o in job.known if o.attribute not in (WARNING, SCANNED))
    return tuple(address for address in silent if address in mentioned)


class ArpCollector:
    """One broadcast for each address of a link, and one more for the silent ones of which something is known."""

    name = "arp"
    phase = "sweep"
    produces: tuple[str, ...] = (MAC, ALIVE, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = ()

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; a link whose interface cannot be opened raises EnvironmentFault."""
        work = [(link, targets) for link in own_links() if (targets := wanted(job, link))]
        total = sum(len(targets) for _, targets in work)
        done = 0
        for link, targets in work:
            with arp_link(link) as wire:
                for seen in _sweep(job, link, wire, targets):
                    if isinstance(seen, Observation):
                        yield seen
                        continue
                    done += seen
                    report(Progress(self.name, done, total, link.interface))


def _sweep(job: Job, link: Link, wire: ArpLink, targets: tuple[IPv4Address, ...]) -> Iterator[Observation | int]:
    """Observations, and a 1 for each address asked."""
    answered: set[IPv4Address] = set()
    for target in targets:
        if job.stop():
            return
        yield from _ask(job, link, wire, target)
        yield 1
        yield from _hear(job, link, wire, answered, 0.0)
    yield from _listen(job, link, wire, answered)
    again = worth_a_retry(job, (t for t in targets if t not in answered))
    for target in again:
        if job.stop():
            return
        yield from _ask(job, link, wire, target)
        yield from _hear(job, link, wire, answered, 0.0)
    if again:
        yield from _listen(job, link, wire, answered)


def _ask(job: Job, link: Link, wire: ArpLink, target: IPv4Address) -> Iterator[Observation]:
    sighting = Sighting("arp", job.clock.now(), job.site)
    job.guard.pace("arp", link.interface)
    if why := refusal(job, Probe(target, "arp")):
        yield sighting.warning(target, why)
        return
    wire.ask(target)
    yield sighting.of(target, SCANNED, "arp", interface=link.interface)


def _listen(job: Job, link: Link, wire: ArpLink, answered: set[IPv4Address]) -> Iterator[Observation]:
    for _ in range(round(LISTEN / 0.1)):
        if job.stop():
            return
        yield from _hear(job, link, wire, answered, 0.1)


def _hear(job: Job, link: Link, wire: ArpLink, answered: set[IPv4Address], seconds: float) -> Iterator[Observation]:
    """What the frames say about the job's targets; each (address, MAC) once, other addresses never."""
    for frame in wire.heard(seconds):
        said = decode_arp(frame, job.clock.now(), job.site, link.interface)
        address = said[0].address if said else None
        if not isinstance(address, IPv4Address) or address not in job.targets or address == link.address:
            continue
        if address in answered and all(o.attribute != WARNING for o in said):
            continue
        answered.add(address)
        yield from said


collector = ArpCollector()
