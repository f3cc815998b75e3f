"""Questions that a whole link hears: once a link where that is safe, else each device by itself at its own pace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from agent.model.address import IpAddress
from agent.model.errors import Refused
from agent.model.observation import PORT, SCANNED, Observation, Observations, about
from agent.ports import Job, Report
from collectors.decode.sighting import Sighting
from collectors.known import present
from collectors.turns import Inquiry, Question, in_turn, understood
from collectors.wire.datagram import always, ask_datagram
from collectors.wire.group import GroupSocket
from collectors.wire.links import Link, link_of, own_links

CROWD = 40
"""Known addresses of a link above which each is asked by itself: all would answer, and ask for us by ARP, at once."""

ANSWER_LIMIT = 16
"""Datagrams that are kept of one sender: SSDP and mDNS answers come in several."""

Answers = Mapping[IpAddress, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class GroupInquiry:
    """A discovery protocol: its group and port, what is sent to all and to one, and how long a link is listened to.

    `decode` is pure and reads the datagrams of one sender.
    """

    name: str
    group: IpAddress
    port: int
    to_all: tuple[bytes, ...]
    to_one: Callable[[IpAddress], bytes]
    listen: float
    decode: Callable[[tuple[bytes, ...], IpAddress, Sighting], Observations]


def ask_links(job: Job, report: Report, inquiry: GroupInquiry) -> Iterator[Observation]:
    """What each answering device says: of own links, and of others in the profile `deep` or where the port is known."""
    own = own_links()
    links = tuple(link for link in own if _may_be_asked(job, inquiry, link))
    for link in links:
        yield from _ask_link(job, inquiry, link)
    alone = _alone(job, inquiry, own, links)

    def ask(question: Question) -> Observations:
        octets = ask_datagram(
            question.address, question.port, always(inquiry.to_one(question.address)), tries=question.tries
        )
        return inquiry.decode((octets,), question.address, question.sighting) if octets else ()

    one = Inquiry(inquiry.name, inquiry.name, ask, transport="udp", at_once=32)
    yield from in_turn(job, report, one, dict.fromkeys(alone, (inquiry.port,)))


def _may_be_asked(job: Job, inquiry: GroupInquiry, link: Link) -> bool:
    """True for a link that this run covers as a whole, that is not crowded, and where the guard permits it."""
    here = [target for target in job.targets if target in link.network]
    if len(here) < link.network.num_addresses - 2 or len([a for a in present(job) if a in link.network]) > CROWD:
        return False
    try:
        job.guard.permit_group(inquiry.group, inquiry.port, link.network)
    except Refused:
        return False
    return True


def _alone(job: Job, inquiry: GroupInquiry, own: tuple[Link, ...], asked: tuple[Link, ...]) -> tuple[IpAddress, ...]:
    """Present addresses that no group's question reached: of own links all, of others as the profile says."""
    port = f"udp/{inquiry.port}/"
    known = {o.address for o in about(job.known, PORT) if o.value.startswith(port)}
    left = (a for a in present(job) if link_of(a, asked) is None)
    return tuple(a for a in left if job.profile == "deep" or a in known or link_of(a, own))


def _ask_link(job: Job, inquiry: GroupInquiry, link: Link) -> Iterator[Observation]:
    sighting = Sighting(inquiry.name, job.clock.now(), job.site)
    heard = _hear(job, inquiry, link)
    for address in sorted(target for target in job.targets if target in link.network):
        if address in heard:
            yield sighting.of(address, SCANNED, inquiry.name, interface=link.interface)
            read = partial(inquiry.decode, heard[address], address, sighting)
            yield from understood(read, address, sighting)


def _hear(job: Job, inquiry: GroupInquiry, link: Link) -> Answers:
    """The datagrams of each in-scope sender on the link; a stopped run hears no more."""
    targets, found = frozenset(job.targets), defaultdict[IpAddress, list[bytes]](list)
    with GroupSocket(link) as wire:
        for octets in inquiry.to_all:
            job.guard.pace("arp", link.interface)
            wire.ask(inquiry.group, inquiry.port, octets)
        end = job.clock.now() + timedelta(seconds=inquiry.listen)
        while not job.stop() and (left := (end - job.clock.now()).total_seconds()) > 0:
            if answer := wire.heard(min(left, 0.1)):
                sender, octets = answer
                if sender in targets and sender in link.network and len(found[sender]) < ANSWER_LIMIT:
                    found[sender].append(octets)
    return {address: tuple(octets) for address, octets in found.items()}
