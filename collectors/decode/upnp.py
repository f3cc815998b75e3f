"""SSDP answers and device descriptions (UPnP Device Architecture 2.0, 1.3.3 and 2.3)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from agent.model.address import IpAddress, parse_ip
from agent.model.errors import BadAddress
from agent.model.observation import ALIVE, PORT, Observation, Observations
from collectors.decode.http import HttpReply, decode_http
from collectors.decode.sighting import Sighting
from collectors.decode.text import uuid_text
from collectors.decode.xml import BadXml, first, leaves

SSDP_PORT = 1900
TARGET = "upnp:rootdevice"
"""One answer a device; `ssdp:all` would bring one for each of its services."""

FIELDS = {
    "manufacturer": "manufacturer",
    "modelName": "model-name",
    "modelNumber": "model-number",
    "modelDescription": "model-description",
    "serialNumber": "serial-number",
    "friendlyName": "friendly-name",
    "deviceType": "device-type",
}
"""Elements of a description and the names of their observations after `upnp.`."""

_PATH = re.compile(r"/[!-~]{0,500}")


def encode_search(host: IpAddress, seconds: int = 0) -> bytes:
    """A search for root devices; `seconds` spread the answers of many, 0 is for a single device."""
    name = f"[{host}]" if host.version == 6 else str(host)
    lines = ["M-SEARCH * HTTP/1.1", f"HOST: {name}:{SSDP_PORT}", 'MAN: "ssdp:discover"', f"ST: {TARGET}"]
    lines += [f"MX: {seconds}"] if seconds else []
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def location(url: str, address: IpAddress) -> tuple[int, str] | None:
    """Port and path of a URL on the device itself; None for another host, a name, another scheme or nonsense."""
    try:
        parts = urlsplit(url)
        own = parts.scheme == "http" and parse_ip(parts.hostname or "") == address
        port = parts.port or 80
    except (ValueError, BadAddress):
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (port, path) if own and _PATH.fullmatch(path) else None


def _reply(octets: bytes) -> HttpReply | None:
    found = decode_http(octets)
    return found if found.status == 200 and found.header("st") else None


def locations(datagrams: tuple[bytes, ...]) -> tuple[str, ...]:
    """The URLs of descriptions that a device names, each once."""
    found = (reply.header("location") for octets in datagrams if (reply := _reply(octets)))
    return tuple(dict.fromkeys(url for url in found if url))


def decode_ssdp(datagrams: tuple[bytes, ...], address: IpAddress, sighting: Sighting) -> Observations:
    """That it is alive, its port, `ssdp.server`, `ssdp.location` and `upnp.uuid`; nothing for what is no answer."""
    replies = [reply for octets in datagrams if (reply := _reply(octets))]
    if not replies:
        return ()
    said = [sighting.of(address, ALIVE, "ssdp"), sighting.of(address, PORT, f"udp/{SSDP_PORT}/ssdp", confidence=95)]
    for reply in replies:
        said += _some(sighting, address, "ssdp.server", reply.header("server"))
        said += _some(sighting, address, "ssdp.location", reply.header("location"))
        said += _some(sighting, address, "upnp.uuid", uuid_text(reply.header("usn")))
    return tuple(dict.fromkeys(said))


def decode_description(octets: bytes, address: IpAddress, sighting: Sighting) -> Observations:
    """`upnp.<field>` of the root device; a warning for what is no description."""
    try:
        found = leaves(octets)
    except BadXml as error:
        return (sighting.warning(address, f"malformed UPnP description: {error}"),)
    said: list[Observation] = []
    for element, name in FIELDS.items():
        said += _some(sighting, address, f"upnp.{name}", first(found, f"root/device/{element}"))
    said += _some(sighting, address, "upnp.uuid", uuid_text(first(found, "root/device/UDN")))
    return tuple(said)


def _some(sighting: Sighting, address: IpAddress, name: str, value: str) -> list[Observation]:
    return [sighting.of(address, name, value)] if value else []
