"""Multicast DNS: the services that devices announce, and what their records say of maker, model and MAC."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from agent.model.address import IpAddress
from agent.model.device import Port
from agent.model.observation import ALIVE, HOSTNAME, OWN_MAC, PORT, SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.mdns import BROWSE, MDNS_PORT, announced, decode_mdns, encode_query, records
from collectors.decode.sighting import Sighting
from collectors.groups import GroupInquiry, ask_links
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.datagram import always, ask_datagram

GROUP = IPv4Address("224.0.0.251")
PAUSE = 0.1
"""Seconds between two questions to one device."""

LISTEN = 1.2
"""Seconds: shared records come within 120 ms, and those of truncated queries within half a second (RFC 6762, 6)."""


class MdnsCollector:
    """Asks for the services that tell what office devices are, and each device once for what is still missing."""

    name = "mdns"
    phase = "sweep"
    produces: tuple[str, ...] = (
        *("mdns.", "dnssd.services", "ipp.printer-uuid"),
        *(ALIVE, HOSTNAME, OWN_MAC, PORT, SCANNED, WARNING),
    )
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("udp", MDNS_PORT, "mdns"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        heard: dict[IpAddress, tuple[bytes, ...]] = {}

        def decode(datagrams: tuple[bytes, ...], address: IpAddress, sighting: Sighting) -> Observations:
            heard[address] = datagrams
            return decode_mdns(datagrams, address, sighting)

        query = encode_query(BROWSE)
        yield from ask_links(
            job, report, GroupInquiry("mdns", GROUP, MDNS_PORT, (query,), lambda _address: query, LISTEN, decode)
        )
        yield from _more(job, report, heard)


def _more(job: Job, report: Report, heard: dict[IpAddress, tuple[bytes, ...]]) -> Iterator[Observation]:
    """What each device says of the services that it listed, one question after another."""
    listed = {address: announced(records(octets), address).worth_asking() for address, octets in heard.items()}

    def ask(question: Question) -> Observations:
        address, told = question.address, [*heard[question.address]]
        for kind in listed[address]:
            told.append(ask_datagram(address, MDNS_PORT, always(encode_query(kind)), tries=1, seconds=0.5))
            job.clock.sleep(PAUSE)
        return decode_mdns(tuple(told), address, question.sighting)

    work = {address: (MDNS_PORT,) for address, kinds in listed.items() if kinds}
    yield from in_turn(job, report, Inquiry("mdns", "mdns", ask, transport="udp", at_once=32), work)


collector = MdnsCollector()
