"""The greetings of servers that speak first; nothing is sent after the handshake."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.banner import decode_banner
from collectors.known import listening
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.greeting import greeting

GREETING = (21, 23, 2323)


def listen(question: Question) -> Observations:
    """What one server says first."""
    address, port = question.address, question.port
    return decode_banner(greeting(address, port), address, port, question.sighting)


class BannerCollector:
    """Listens on FTP and Telnet for what the device says of itself before any login."""

    name = "banner"
    phase = "identify"
    produces: tuple[str, ...] = ("banner.", SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = tuple(Port("tcp", n) for n in GREETING)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        return in_turn(job, report, Inquiry("banner", "banner", listen, payload=False), listening(job, GREETING))


collector = BannerCollector()
