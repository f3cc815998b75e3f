"""SIP OPTIONS and its answers (RFC 3261, 11)."""

from __future__ import annotations

import re

from agent.model.address import IpAddress
from agent.model.observation import ALIVE, PORT, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

HEADER_LIMIT = 100
_SHORT = {"i": "call-id", "f": "from", "t": "to", "v": "via"}
"""Compact forms (RFC 3261, 7.3.3)."""


def encode_options(address: IpAddress, port: int, own: tuple[IpAddress, int], token: str) -> bytes:
    """A request by UDP that registers nothing and rings nowhere; `token` is the Call-ID that its answer repeats."""
    here, there = f"{_host(own[0])}:{own[1]}", f"{_host(address)}:{port}"
    lines = (
        f"OPTIONS sip:{there} SIP/2.0",
        f"Via: SIP/2.0/UDP {here};rport;branch=z9hG4bK{token}",
        "Max-Forwards: 1",
        f"From: <sip:lanward@{here}>;tag={token}",
        f"To: <sip:{there}>",
        f"Call-ID: {token}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:lanward@{here}>",
        "Accept: application/sdp",
        "Content-Length: 0",
    )
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _host(address: IpAddress) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


def decode_sip(octets: bytes, address: IpAddress, port: int, token: str, sighting: Sighting) -> Observations:
    """`sip.user-agent`, `sip.server`, that it is alive and its port; nothing for what is no answer to `token`."""
    lines = octets.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    if not re.match(r"SIP/2\.0 \d{3}(?: |$)", lines[0]):
        return ()
    fields: dict[str, str] = {}
    for name, colon, value in (line.partition(":") for line in lines[1 : HEADER_LIMIT + 1]):
        key = name.strip().lower()
        if colon:
            fields.setdefault(_SHORT.get(key, key), clean(value))
    if fields.get("call-id") != token:
        return ()
    raw = f"udp/{port} {clean(lines[0], 64)}"
    said = [sighting.of(address, ALIVE, "sip"), sighting.of(address, PORT, f"udp/{port}/sip", confidence=95, raw=raw)]
    said += [
        sighting.of(address, f"sip.{key}", fields[key], raw=raw) for key in ("user-agent", "server") if fields.get(key)
    ]
    return tuple(said)
