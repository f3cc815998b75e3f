"""Certificates of TLS ports that are no web pages: whom they name, and their fingerprints."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.certificate import decode_certificate
from collectors.known import listening
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.http import certificate

SECURED = {636: "ldaps", 989: "ftps-data", 990: "ftps", 993: "imaps", 995: "pop3s", 5061: "sips", 5986: "wsmans",
           8089: "https", 8883: "secure-mqtt"}  # fmt: skip
"""TLS from the first octet, by IANA's registry; web ports are the http collector's."""


def ask(question: Question) -> Observations:
    """One handshake, closed when it is through."""
    address, port = question.address, question.port
    return decode_certificate(certificate(address, port), address, port, question.sighting)


class TlsCollector:
    """Looks at each certificate that a server shows to everybody."""

    name = "tls"
    phase = "identify"
    produces: tuple[str, ...] = ("tls.", SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = tuple(Port("tcp", n, name) for n, name in SECURED.items())

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        return in_turn(job, report, Inquiry("tls", "tls", ask), listening(job, tuple(SECURED)))


collector = TlsCollector()
