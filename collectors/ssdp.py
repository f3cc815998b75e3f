"""SSDP: which devices speak UPnP, and what their descriptions say of maker, model and serial number."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from agent.model.address import IpAddress, Mac
from agent.model.device import Port
from agent.model.observation import ALIVE, PORT, SCANNED, WARNING, Observation, Observations, about
from agent.ports import Job, Report
from collectors.decode.http import decode_http
from collectors.decode.sighting import Sighting
from collectors.decode.upnp import SSDP_PORT, decode_description, decode_ssdp, encode_search, location
from collectors.groups import GroupInquiry, ask_links
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.http import exchange, get_request

GROUP = IPv4Address("239.255.255.250")
SPREAD = 1
"""Seconds over which the devices of a link spread their answers (MX)."""

LISTEN = SPREAD + 0.5
SEARCH = GroupInquiry(
    name="ssdp",
    group=GROUP,
    port=SSDP_PORT,
    to_all=(encode_search(GROUP, SPREAD),),
    to_one=encode_search,
    listen=LISTEN,
    decode=decode_ssdp,
)
URLS = 2
"""Descriptions that are read of one device at most."""


class SsdpCollector:
    """Asks for root devices, and each that answers for its description."""

    name = "ssdp"
    phase = "sweep"
    produces: tuple[str, ...] = ("ssdp.", "upnp.", ALIVE, PORT, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("udp", SSDP_PORT, "ssdp"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        found: list[Observation] = []
        for seen in ask_links(job, report, SEARCH):
            found.append(seen)
            yield seen
        yield from _describe(job, report, about(found, "ssdp.location"))


def _describe(job: Job, report: Report, named: Observations) -> Iterator[Observation]:
    """The descriptions on the devices' own addresses; a URL that leads elsewhere is a warning and is not followed."""
    paths: dict[IpAddress, dict[int, str]] = {}
    for seen in named:
        if isinstance(seen.address, Mac):
            continue
        where = location(seen.value, seen.address)
        if where is None:
            sighting = Sighting("ssdp", job.clock.now(), job.site)
            yield sighting.warning(seen.address, f"its description would be elsewhere: {seen.value}")
        elif len(paths.setdefault(seen.address, {})) < URLS:
            paths[seen.address].setdefault(*where)

    def ask(question: Question) -> Observations:
        request = get_request(question.address, question.port, paths[question.address][question.port])
        reply = decode_http(exchange(question.address, question.port, request).octets)
        if reply.status != 200:
            why = f"tcp/{question.port} gives no UPnP description: HTTP status {reply.status}"
            return (question.sighting.warning(question.address, why),)
        return decode_description(reply.body, question.address, question.sighting)

    yield from in_turn(job, report, Inquiry("ssdp", "http", ask), {a: tuple(ports) for a, ports in paths.items()})


collector = SsdpCollector()
