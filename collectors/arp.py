"""ARP sweep of the agent's own links, never faster than the guard's pace."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from agent.model.address import Scope
from agent.model.device import Port
from agent.model.errors import Refused
from agent.model.observation import ALIVE, MAC, SCANNED, WARNING, Observation
from agent.ports import Job, Progress, Report
from collectors.decode.arp import decode_arp
from collectors.decode.sighting import Sighting
from collectors.fan import POLL
from collectors.known import with_mac
from collectors.wire.frames import ArpLink, arp_link
from collectors.wire.links import Link, own_links

LISTEN = 0.5
"""A round ends so many seconds after its last request or answer."""

LISTEN_LIMIT = 3.0
"""Seconds to wait for late answers at most."""

MOST_TOLD = 3
"""Frames about one address that are told of at most: a device that floods fills no log."""


def wanted(job: Job, link: Link) -> tuple[IPv4Address, ...]:
    """The job's addresses on this link that nobody has a MAC for yet, less the agent's own."""
    there = Scope((link.network,), (IPv4Network(link.address),))
    targets = there.within([target for target in job.targets if isinstance(target, IPv4Address)])
    known = with_mac(job)
    return tuple(target for target in targets if target not in known) if known else targets


def worth_a_retry(job: Job, silent: Iterable[IPv4Address]) -> tuple[IPv4Address, ...]:
    """Those silent addresses that somebody has said something about."""
    mentioned = frozenset(o.address for o in job.known if o.attribute not in (WARNING, SCANNED))
    return tuple(address for address in silent if address in mentioned) if mentioned else ()


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
                for seen in _Sweep(job, link, wire).all(targets):
                    if isinstance(seen, Observation):
                        yield seen
                        continue
                    done += seen
                    report(Progress(self.name, done, total, link.interface))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A burst: what was sent of it, and why the rest was not."""

    sighting: Sighting
    sent: Sequence[IPv4Address]
    burst: Sequence[IPv4Address]
    why: str = "outside the scope"

    def told(self, link: Link) -> Iterator[Observation]:
        """That each was asked, or a warning."""
        for target in self.sent:
            yield self.sighting.of(target, SCANNED, "arp", interface=link.interface)
        if len(self.sent) < len(self.burst):
            for target in sorted({*self.burst} - {*self.sent}):
                yield self.sighting.warning(target, self.why)


@dataclass(slots=True)
class _Sweep:
    """One link that is being asked, and who has answered so far."""

    job: Job
    link: Link
    wire: ArpLink
    targets: frozenset[int] = field(init=False)
    answered: Counter[IPv4Address] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.targets = frozenset(int(target) for target in self.job.targets if isinstance(target, IPv4Address))

    def all(self, targets: Sequence[IPv4Address]) -> Iterator[Observation | int]:
        """Observations, and how many addresses were asked since the last number."""
        yield from self._round(targets)
        again = worth_a_retry(self.job, (t for t in targets if t not in self.answered))
        if again:
            yield from (seen for seen in self._round(again) if isinstance(seen, Observation))

    def _round(self, targets: Sequence[IPv4Address]) -> Iterator[Observation | int]:
        """Ask in bursts as the guard allows, then listen; where bursts leave no time, they are told of at the end.

        A stop ends the asking; who was asked has his time to answer, or he would pass for missing.
        """
        size, late, begun = self.job.guard.burst("arp"), list[_Asked](), False
        for start in range(0, len(targets), size):
            if self.job.stop():
                break
            asked, begun = self._ask(targets[start : start + size]), True
            if size > 1:
                late.append(asked)
            else:
                self._sent(asked)
                yield from asked.told(self.link)
            yield len(asked.burst)
            yield from self._hear(0.0)
        self.wire.until_sent()
        since = time.monotonic()
        for asked in late:
            yield from asked.told(self.link)
        if begun:
            yield from self._listen(since)

    def _ask(self, burst: Sequence[IPv4Address]) -> _Asked:
        """Wait for a burst's turn and have what the guard permits of it sent; it need not be sent when this returns."""
        self.job.guard.pace("arp", self.link.interface, len(burst))
        sighting = Sighting("arp", self.job.clock.now(), self.job.site)
        try:
            permitted = self.job.guard.permit_sweep(burst)
        except Refused as refused:
            return _Asked(sighting, (), burst, refused.message)
        if permitted:
            self.wire.ask(permitted)
        return _Asked(sighting, permitted, burst)

    def _sent(self, asked: _Asked) -> None:
        """A single request is on the wire: the next one's turn counts from here."""
        if asked.sent:
            self.wire.until_sent()
            self.job.guard.sent("arp", self.link.interface)

    def _listen(self, since: float) -> Iterator[Observation]:
        """Until nobody has answered for a while, from a moment of the monotonic clock on."""
        yield from self._hear(0.0)
        end = since + LISTEN
        while (now := time.monotonic()) < min(end, since + LISTEN_LIMIT):
            before = len(self.answered)
            yield from self._hear(min(end - now, POLL))
            if len(self.answered) > before:
                end = time.monotonic() + LISTEN

    def _hear(self, seconds: float) -> Iterator[Observation]:
        """What frames say about the job's targets: the first of each, and some in which others speak for it."""
        for frame in self.wire.heard(seconds):
            said = decode_arp(frame, self.job.clock.now(), self.job.site, self.link.interface)
            address = said[0].address if said else None
            if not isinstance(address, IPv4Address) or int(address) not in self.targets or address == self.link.address:
                continue
            if (told := self.answered[address]) and (told >= MOST_TOLD or all(o.attribute != WARNING for o in said)):
                continue
            self.answered[address] += 1
            yield from said


collector = ArpCollector()
