"""NetBIOS node status of each device that is there: its name, its workgroup, its MAC also behind a router."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import ALIVE, HOSTNAME, OWN_MAC, PORT, SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.netbios import decode_node_status, encode_node_status
from collectors.known import open_ports, present
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.datagram import always, ask_datagram

NETBIOS_PORT = 137
HINTS = frozenset({139, 445, 515, 9100})
"""File and print servers, which the `gentle` profile asks alone."""

AT_ONCE = 32


def ask(question: Question) -> Observations:
    """One request, one answer; most devices know nothing of NetBIOS."""
    number = secrets.randbelow(1 << 16)
    answer = ask_datagram(question.address, NETBIOS_PORT, always(encode_node_status(number)), tries=question.tries)
    return decode_node_status(answer, question.address, number, question.sighting)


class NetbiosCollector:
    """Asks each device once for its NetBIOS names."""

    name = "netbios"
    phase = "identify"
    produces: tuple[str, ...] = ("netbios.", ALIVE, HOSTNAME, OWN_MAC, PORT, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("udp", NETBIOS_PORT, "netbios-ns"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        opened = open_ports(job)
        asked = [a for a in present(job) if job.profile != "gentle" or HINTS & opened.get(a, frozenset())]
        inquiry = Inquiry("netbios", "netbios", ask, transport="udp", at_once=AT_ONCE)
        return in_turn(job, report, inquiry, dict.fromkeys(asked, (NETBIOS_PORT,)))


collector = NetbiosCollector()
