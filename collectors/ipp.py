"""IPP Get-Printer-Attributes to printers with an open port 631: the only octets that 631 ever gets."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.http import decode_http
from collectors.decode.ipp import decode_ipp, decode_printer, encode_get_printer_attributes
from collectors.known import listening
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.http import exchange, post_request

IPP_PORT = 631
PATH = "/ipp/print"
"""The path that PWG 5100.12 (IPP Everywhere) makes every printer have."""


def ask(question: Question) -> Observations:
    """One request, one answer; one that is no IPP is a warning."""
    address, sighting = question.address, question.sighting
    host = f"[{address}]" if address.version == 6 else str(address)
    body = encode_get_printer_attributes(f"ipp://{host}{PATH}", request=1)
    request = post_request(address, IPP_PORT, PATH, "application/ipp", body)
    reply = decode_http(exchange(address, IPP_PORT, request).octets)
    if reply.status != 200:
        said = f"HTTP status {reply.status}" if reply.status else "nothing or no HTTP"
        return (sighting.warning(address, f"tcp/{IPP_PORT} answers Get-Printer-Attributes with {said}"),)
    return decode_printer(decode_ipp(reply.body), address, sighting)


class IppCollector:
    """Asks each printer once what it is."""

    name = "ipp"
    phase = "identify"
    produces: tuple[str, ...] = ("ipp.", SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("tcp", IPP_PORT, "ipp"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        return in_turn(job, report, Inquiry("ipp", "ipp", ask), listening(job, (IPP_PORT,)))


collector = IppCollector()
