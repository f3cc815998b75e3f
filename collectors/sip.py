"""SIP OPTIONS by UDP to each device that is there: what a phone or exchange calls itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import ALIVE, PORT, SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.sip import decode_sip, encode_options
from collectors.known import open_ports, present
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.datagram import ask_datagram

SIP_PORT = 5060
AT_ONCE = 32


def ask(question: Question) -> Observations:
    """One request, one answer; many phones answer by UDP only, and most devices not at all."""
    address, token = question.address, secrets.token_hex(8)
    answer = ask_datagram(
        address, SIP_PORT, lambda own: encode_options(address, SIP_PORT, own, token), tries=question.tries
    )
    return decode_sip(answer, address, SIP_PORT, token, question.sighting)


class SipCollector:
    """Asks each device once what it can do (`gentle`: only those that are open by TCP)."""

    name = "sip"
    phase = "identify"
    produces: tuple[str, ...] = ("sip.", ALIVE, PORT, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("udp", SIP_PORT, "sip"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        opened = open_ports(job)
        asked = [a for a in present(job) if job.profile != "gentle" or SIP_PORT in opened.get(a, ())]
        inquiry = Inquiry("sip", "sip", ask, transport="udp", at_once=AT_ONCE)
        return in_turn(job, report, inquiry, dict.fromkeys(asked, (SIP_PORT,)))


collector = SipCollector()
