"""Greetings of servers that speak first: FTP (RFC 959), SSH (RFC 4253, 4.2), Telnet (RFC 854)."""

from __future__ import annotations

import re

from agent.model.address import IpAddress
from agent.model.observation import Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

_TELNET = re.compile(rb"\xff(?:\xfa.*?\xff\xf0|[\xfb-\xfe].|[\xf0-\xf9])", re.DOTALL)
"""IAC with a subnegotiation, an option or a lone command (RFC 854)."""

LINES = 40


def lines(octets: bytes) -> tuple[str, ...]:
    """The printable lines of a greeting, without telnet's commands and what is empty."""
    text = _TELNET.sub(b"", octets).decode("utf-8", "replace")
    return tuple(line for raw in re.split(r"[\r\n\0]+", text)[:LINES] if (line := clean(raw)))


def decode_banner(octets: bytes, address: IpAddress, port: int, sighting: Sighting) -> Observations:
    """`banner.<port>`, its lines one after another with semicolons between them; nothing for silence."""
    said = "; ".join(lines(octets))
    return (sighting.of(address, f"banner.{port}", said, confidence=70, raw=f"tcp/{port}"),) if said else ()
