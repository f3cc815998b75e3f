"""RTSP OPTIONS to the open streaming ports: what a camera's server calls itself; no stream is set up."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.rtsp import decode_rtsp, encode_options
from collectors.known import listening
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.http import exchange

STREAMING = (554, 8554, 10554)


def ask(question: Question) -> Observations:
    """One request, one answer on one connection."""
    address, port = question.address, question.port
    answer = exchange(address, port, encode_options(address, port), until=b"\r\n\r\n")
    return decode_rtsp(answer.octets, address, port, question.sighting)


class RtspCollector:
    """Asks each streaming server once what it can do."""

    name = "rtsp"
    phase = "identify"
    produces: tuple[str, ...] = ("rtsp.", SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = tuple(Port("tcp", n, "rtsp") for n in STREAMING)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        return in_turn(job, report, Inquiry("rtsp", "rtsp", ask), listening(job, STREAMING))


collector = RtspCollector()
