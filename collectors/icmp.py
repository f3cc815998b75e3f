"""ICMP echo: on a link only those that ARP found, behind routers every address, no faster than a router can resolve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from agent.model.device import Port
from agent.model.observation import ALIVE, SCANNED, WARNING, Observation
from agent.model.probe import Probe
from agent.ports import Job, Progress, Report
from collectors.decode.sighting import Sighting
from collectors.fan import Emit, Stopped, each, stream
from collectors.known import by_subnet, refusal, with_mac
from collectors.wire.links import Link, link_of, own_links
from collectors.wire.ping import EchoSocket

LISTEN = 2.5
"""Seconds to wait for late replies: a router needs up to a second to resolve a silent host's neighbour."""

SUBNETS_AT_ONCE = 16

FEWEST, FULL = 32, 0.9
"""Addresses of a subnet, and the part of them that answers, from which on a firewall may be answering for all."""

ROUTED = "routed"
"""The links behind routers, taken together: a router may ask by ARP for each new address, all on one trunk."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The addresses of one subnet in the order of asking, known ones first; `link` is the agent's own or empty."""

    subnet: str
    targets: tuple[IPv4Address, ...]
    known: frozenset[IPv4Address]
    link: str = ""


def sweeps(job: Job, links: tuple[Link, ...]) -> tuple[Sweep, ...]:
    """What to ask: on-link targets that have a MAC, routed targets all; never the agent's own addresses."""
    resolved = with_mac(job)
    own = frozenset(link.address for link in links)
    asked = [t for t in job.targets if isinstance(t, IPv4Address) and t not in own]
    here = tuple(t for t in asked if t in resolved and link_of(t, links))
    routed = tuple(t for t in asked if link_of(t, links) is None)
    local: dict[Link, list[IPv4Address]] = {}
    for target in here:
        link = link_of(target, links)
        if link:
            local.setdefault(link, []).append(target)
    known = frozenset(t for t in asked if t in resolved)
    found = [Sweep(str(k.network), tuple(v), known & set(v), k.interface) for k, v in local.items()]
    for network, members in by_subnet(job, routed).items():
        four = tuple(m for m in members if isinstance(m, IPv4Address))
        first = tuple(m for m in four if m in known)
        found.append(Sweep(str(network), first + tuple(m for m in four if m not in known), known & set(four)))
    return tuple(found)


class IcmpCollector:
    """One echo request for each address, one more for a silent one that a router has resolved."""

    name = "icmp"
    phase = "sweep"
    produces: tuple[str, ...] = (ALIVE, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = ()

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; raise EnvironmentFault where this process may not send echo requests."""
        work = sweeps(job, own_links())
        total, done = sum(len(s.targets) for s in work), 0

        def run(emit: Emit[Observation], stopped: Stopped) -> None:
            each(work, lambda one: _sweep(job, one, emit, stopped), max(1, min(SUBNETS_AT_ONCE, len(work))), stopped)

        for seen in stream(run, job.stop):
            yield seen
            if seen.attribute == SCANNED:
                done = min(done + 1, total)
                report(Progress(self.name, done, total))


def answered_for(sweep: Sweep, hops: Mapping[IPv4Address, int]) -> bool:
    """True where a firewall answers for a routed subnet: nearly every address that no router knows, all from as far.

    `hops` are what the replies of those addresses had left.
    """
    unknown = len(sweep.targets) - len(sweep.known)
    return not sweep.link and unknown >= FEWEST and len(hops) >= unknown * FULL and len(set(hops.values())) == 1


def _sweep(job: Job, sweep: Sweep, emit: Emit[Observation], stopped: Stopped) -> None:
    """Replies of routed addresses that no router knows are held back until it is clear whose they are."""
    silent, held = dict.fromkeys(sweep.targets), dict[IPv4Address, int]()

    def alive(address: IPv4Address) -> None:
        emit(Sighting("icmp", job.clock.now(), job.site).of(address, ALIVE, "icmp", confidence=90))

    with EchoSocket() as wire:

        def hear(seconds: float) -> None:
            for address, hops in wire.answered(seconds):
                if address not in silent:
                    continue
                del silent[address]
                if sweep.link or address in sweep.known:
                    alive(address)
                else:
                    held[address] = hops

        _round(job, sweep, tuple(sweep.targets), emit, stopped, wire, hear)
        again = tuple(t for t in silent if t in sweep.known)
        if again:
            _round(job, sweep, again, emit, stopped, wire, hear)
    if stopped():
        return
    if answered_for(sweep, held):
        emit(_phantoms(job, sweep, tuple(held)))
        return
    for address in held:
        alive(address)


def _phantoms(job: Job, sweep: Sweep, addresses: tuple[IPv4Address, ...]) -> Observation:
    """One warning for a subnet in which something answers for everybody."""
    why = f"{len(addresses)} addresses of {sweep.subnet} answer alike: something answers for them, none is registered"
    return Sighting("icmp", job.clock.now(), job.site).warning(addresses[0], why)


def _round(
    job: Job,
    sweep: Sweep,
    targets: tuple[IPv4Address, ...],
    emit: Emit[Observation],
    stopped: Stopped,
    wire: EchoSocket,
    hear: Callable[[float], None],
) -> None:
    for sequence, target in enumerate(targets):
        if stopped():
            return
        emit(_ask(job, sweep, target, sequence, wire))
        hear(0.0)
    for _ in range(round(LISTEN / 0.1)):
        if stopped():
            return
        hear(0.1)


def _ask(job: Job, sweep: Sweep, target: IPv4Address, sequence: int, wire: EchoSocket) -> Observation:
    """`scanned`, or why not; this machine's kernel or a router may have to ask by ARP first, so that is paced too."""
    sighting = Sighting("icmp", job.clock.now(), job.site)
    job.guard.pace("arp", sweep.link or ROUTED)
    job.guard.pace("icmp", sweep.subnet)
    why = refusal(job, Probe(target, "icmp")) or wire.send(target, sequence)
    return sighting.warning(target, why) if why else sighting.of(target, SCANNED, "icmp")


collector = IcmpCollector()
