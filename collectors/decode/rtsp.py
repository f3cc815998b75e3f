"""RTSP OPTIONS and its answers (RFC 2326, 10.1; RFC 7826, 13.1)."""

from __future__ import annotations

import re

from agent.model.address import IpAddress
from agent.model.observation import Observations
from collectors.decode.http import REALM
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean

HEADER_LIMIT = 60


def encode_options(address: IpAddress, port: int) -> bytes:
    """A request that sets nothing up and plays nothing."""
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"OPTIONS rtsp://{host}:{port}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: lanward\r\n\r\n".encode("ascii")


def decode_rtsp(octets: bytes, address: IpAddress, port: int, sighting: Sighting) -> Observations:
    """`rtsp.server`, `rtsp.realm`, `rtsp.public`; nothing for silence, a warning for something that is no RTSP."""
    lines = octets.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    status = re.match(r"RTSP/[12]\.0 (\d{3})(?: |$)", lines[0])
    if not status:
        return (
            (sighting.warning(address, f"tcp/{port} answers OPTIONS with something that is no RTSP"),) if octets else ()
        )
    fields: dict[str, str] = {}
    for name, colon, value in (line.partition(":") for line in lines[1 : HEADER_LIMIT + 1]):
        if colon:
            fields.setdefault(name.strip().lower(), clean(value))
    realm = REALM.search(fields.get("www-authenticate", ""))
    said = {
        "rtsp.server": fields.get("server", ""),
        "rtsp.realm": clean(realm[1]) if realm else "",
        "rtsp.public": fields.get("public", ""),
    }
    raw = f"tcp/{port} {status[1]}"
    return tuple(sighting.of(address, name, value, raw=raw) for name, value in said.items() if value)
