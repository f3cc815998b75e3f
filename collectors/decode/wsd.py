"""WS-Discovery (OASIS 1.1, in the 2005/04 form that devices speak), ONVIF's scopes, and DPWS metadata."""

from __future__ import annotations

from urllib.parse import unquote
from xml.sax.saxutils import escape

from agent.model.address import IpAddress
from agent.model.observation import ALIVE, PORT, Observation, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.upnp import location
from collectors.decode.xml import BadXml, first, leaves

WSD_PORT = 3702
_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><soap:Header>'
    "<wsa:To>{to}</wsa:To><wsa:Action>{action}</wsa:Action><wsa:MessageID>urn:uuid:{token}</wsa:MessageID>"
    "<wsa:ReplyTo><wsa:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:Address>"
    "</wsa:ReplyTo></soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
)
"""With the prefixes that everybody uses: some devices (and Debian's wsdd2) look for these, not for their namespaces."""

_PROBE = "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe"
_GET = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
_ANYBODY = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
CAMERA = "dn:NetworkVideoTransmitter"
"""What ONVIF (Core, 7.3) makes cameras answer; some answer nothing else."""

SCOPES = {"name": "onvif.name", "hardware": "onvif.hardware", "location": "onvif.location"}
"""ONVIF scopes (Core, 7.3.2), `onvif://www.onvif.org/hardware/...`, and their observations."""

METADATA = {
    "ThisModel/Manufacturer": "wsd.manufacturer",
    "ThisModel/ModelName": "wsd.model-name",
    "ThisModel/ModelNumber": "wsd.model-number",
    "ThisDevice/FriendlyName": "wsd.friendly-name",
    "ThisDevice/FirmwareVersion": "wsd.firmware",
    "ThisDevice/SerialNumber": "wsd.serial",
}
"""DPWS 1.1, 5.1 and 5.2."""


def encode_probe(token: str, types: str = "") -> bytes:
    """A search for devices, of all types or of one; answers repeat `token`, a UUID."""
    body = f"<wsd:Probe><wsd:Types>{types}</wsd:Types></wsd:Probe>" if types else "<wsd:Probe/>"
    return _ENVELOPE.format(action=_PROBE, token=token, to=_ANYBODY, body=body).encode()


def encode_get(token: str, endpoint: str) -> bytes:
    """A request for a device's metadata (WS-Transfer), which changes nothing."""
    return _ENVELOPE.format(action=_GET, token=token, to=escape(endpoint), body="").encode()


def decode_matches(datagrams: tuple[bytes, ...], token: str, address: IpAddress, sighting: Sighting) -> Observations:
    """That it is alive, its port, `wsd.types`, `wsd.endpoint`, `wsd.xaddrs` and ONVIF's scopes.

    Nothing for datagrams that do not answer `token`, a warning for malformed ones.
    """
    said: list[Observation] = []
    for octets in datagrams:
        try:
            found = leaves(octets)
        except BadXml as error:
            said.append(sighting.warning(address, f"malformed WS-Discovery answer: {error}"))
            continue
        if first(found, "Header/RelatesTo").lower().removeprefix("urn:uuid:") == token:
            said += _match(found, address, sighting)
    return tuple(dict.fromkeys(said))


def _match(found: tuple[tuple[str, str], ...], address: IpAddress, sighting: Sighting) -> list[Observation]:
    told = {
        "wsd.types": " ".join(sorted({name.rpartition(":")[2] for name in first(found, "ProbeMatch/Types").split()})),
        "wsd.endpoint": first(found, "ProbeMatch/EndpointReference/Address"),
        "wsd.xaddrs": first(found, "ProbeMatch/XAddrs"),
    }
    for scope in first(found, "ProbeMatch/Scopes").split()[:64]:
        kind, slash, value = scope.removeprefix("onvif://www.onvif.org/").partition("/")
        if slash and kind.lower() in SCOPES and scope.startswith("onvif:"):
            told.setdefault(SCOPES[kind.lower()], unquote(value))
    alive = [
        sighting.of(address, ALIVE, "wsd"),
        sighting.of(address, PORT, f"udp/{WSD_PORT}/ws-discovery", confidence=95),
    ]
    return alive + [sighting.of(address, name, value) for name, value in told.items() if value.strip()]


def metadata_location(xaddrs: str, address: IpAddress) -> tuple[int, str] | None:
    """Port and path of the first transport address that is on the device itself."""
    return next((where for url in xaddrs.split()[:8] if (where := location(url, address))), None)


def decode_metadata(octets: bytes, address: IpAddress, sighting: Sighting) -> Observations:
    """`wsd.manufacturer`, `wsd.model-name`, ...; a warning for what is no metadata."""
    try:
        found = leaves(octets)
    except BadXml as error:
        return (sighting.warning(address, f"malformed device metadata: {error}"),)
    told = {name: first(found, path) for path, name in METADATA.items()}
    return tuple(sighting.of(address, name, value) for name, value in told.items() if value)
