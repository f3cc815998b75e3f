"""One GET of the front page of each open web port: title, server, realm, and the certificate's names."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.certificate import decode_certificate
from collectors.decode.http import decode_page
from collectors.known import listening
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.http import exchange, get_request

PLAIN = (80, 8080, 8000, 8008, 8081, 8088, 81, 5000)
SECURED = (443, 8443, 9443, 5001)


def ask(question: Question) -> Observations:
    """One request, one answer."""
    address, port, sighting = question.address, question.port, question.sighting
    answer = exchange(address, port, get_request(address, port), tls=port in SECURED)
    return (
        *decode_certificate(answer.certificate, address, port, sighting),
        *decode_page(answer.octets, address, port, sighting),
    )


class HttpCollector:
    """Reads the front page that each web server shows to anybody."""

    name = "http"
    phase = "identify"
    produces: tuple[str, ...] = ("http.", "tls.", SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = tuple(Port("tcp", n, "http") for n in PLAIN) + tuple(
        Port("tcp", n, "https") for n in SECURED
    )

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        return in_turn(job, report, Inquiry("http", "http", ask), listening(job, PLAIN + SECURED))


collector = HttpCollector()
