"""SSDP announcements that nobody asked for (UPnP Device Architecture 2.0, 1.2)."""

from __future__ import annotations

import re

from agent.model.address import IpAddress
from agent.model.observation import ALIVE, Observation, Observations
from collectors.decode.sighting import Sighting

_HEADERS = {"server": "ssdp.server", "location": "ssdp.location"}
_START = b"NOTIFY * HTTP/1."
_UUID = re.compile(r"uuid:([0-9A-Za-z-]{8,64})", re.IGNORECASE)
_LIMIT = 8192


def is_notify(payload: bytes) -> bool:
    """True for an announcement; searches and answers begin otherwise."""
    return payload.startswith(_START)


def decode_notify(payload: bytes, source: IpAddress, sighting: Sighting) -> Observations:
    """That it is alive, and `ssdp.server`, `ssdp.location`, `upnp.device-type` and `upnp.uuid` unless it says goodbye.

    The uuid is the root device's: embedded ones have their own.
    """
    lines = payload[:_LIMIT].decode("utf-8", "replace").splitlines()[1:]
    headers = {name.strip().lower(): value.strip() for name, sign, value in (o.partition(":") for o in lines) if sign}

    def of(name: str, value: str) -> tuple[Observation, ...]:
        return (sighting.of(source, name, value),) if value else ()

    said = of(ALIVE, "ssdp")
    if headers.get("nts", "") == "ssdp:byebye":
        return said
    for header, attribute in _HEADERS.items():
        said += of(attribute, headers.get(header, ""))
    kind, uuid = headers.get("nt", ""), _UUID.match(headers.get("usn", ""))
    said += of("upnp.device-type", kind if ":device:" in kind else "")
    return said + of("upnp.uuid", uuid[1].lower() if uuid and kind == "upnp:rootdevice" else "")
