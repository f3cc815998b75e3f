"""DHCP messages (RFC 2131, 2132, 4702) as observations about the client that they speak of."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from agent.model.address import Mac
from agent.model.observation import ALIVE, HOSTNAME, MAC, Observation, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import name_text, octets_text

SERVER_PORT, CLIENT_PORT = 67, 68

_COOKIE = b"\x63\x82\x53\x63"
_HEADER = 236
_HOST_NAME, _REQUESTED, _TYPE, _SERVER, _PARAMETERS, _VENDOR, _USER, _FQDN = 12, 50, 53, 54, 55, 60, 77, 81
_REQUEST, _DECLINE, _ACK, _INFORM = 3, 4, 5, 8


@dataclass(frozen=True, slots=True)
class DhcpMessage:
    """One message: its type (RFC 2132, 9.6), the client, the addresses that it holds and is given, its options."""

    kind: int
    client: Mac
    held: IPv4Address
    given: IPv4Address
    options: dict[int, bytes]


def parse_dhcp(payload: bytes) -> DhcpMessage | None:
    """Read a message for an Ethernet client; None for BOOTP without options and all else."""
    if len(payload) < _HEADER + 4 or payload[1:3] != b"\x01\x06" or payload[_HEADER : _HEADER + 4] != _COOKIE:
        return None
    options = _options(payload[_HEADER + 4 :])
    client = Mac.from_bytes(payload[28:34])
    kind = options.get(_TYPE, b"")
    if len(kind) != 1 or client.value == 0 or client.is_group:
        return None
    return DhcpMessage(kind[0], client, IPv4Address(payload[12:16]), IPv4Address(payload[16:20]), options)


def _options(octets: bytes) -> dict[int, bytes]:
    """By code; one that comes in pieces is put together (RFC 3396)."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 1 < len(octets) and octets[at] != 255:
        if octets[at] == 0:
            at += 1
            continue
        code, size = octets[at], octets[at + 1]
        found[code] = found.get(code, b"") + octets[at + 2 : at + 2 + size]
        at += 2 + size
    return found


def decode_dhcp(payload: bytes, sighting: Sighting, *, interface: str = "", vlan: int | None = None) -> Observations:
    """What a client says of itself, and the address that it holds or was just given.

    An address that it only wishes for is evidence, no binding: the server may refuse it.
    """
    message = parse_dhcp(payload)
    if message is None or message.kind == _DECLINE:
        return ()

    def of(attribute: str, value: str, confidence: int) -> Observation:
        return sighting.of(message.client, attribute, value, confidence=confidence, interface=interface, vlan=vlan)

    said = [of(name, value, confidence) for name, value, confidence in _own_words(message, payload[0]) if value]
    address = _bound(message, payload[0])
    if address:
        said.append(sighting.of(address, MAC, str(message.client), confidence=85, interface=interface, vlan=vlan))
    return tuple(said)


def _own_words(message: DhcpMessage, operation: int) -> tuple[tuple[str, str, int], ...]:
    """Attribute, value and confidence of what a request carries; a reply shows no sign of life of the client."""
    if operation != 1:
        return ()
    options = message.options
    wished = options.get(_REQUESTED, b"")
    return (
        (ALIVE, "dhcp", 90),
        (HOSTNAME, name_text(options.get(_HOST_NAME, b"")), 60),
        (HOSTNAME, _fqdn(options.get(_FQDN, b"")), 60),
        ("dhcp.vendor-class", octets_text(options.get(_VENDOR, b"")), 60),
        ("dhcp.user-class", octets_text(options.get(_USER, b"")), 50),
        ("dhcp.parameter-list", ",".join(map(str, options.get(_PARAMETERS, b""))), 60),
        ("dhcp.requested-address", str(IPv4Address(wished)) if len(wished) == 4 else "", 50),
    )


def _fqdn(octets: bytes) -> str:
    """The name of option 81: three octets of flags, then ASCII, or labels where its E bit is set (RFC 4702)."""
    if len(octets) < 4 or not octets[0] & 4:
        return name_text(octets[3:])
    labels, rest = [], octets[3:]
    while rest and 0 < rest[0] < 64:
        labels.append(rest[1 : 1 + rest[0]])
        rest = rest[1 + rest[0] :]
    return name_text(b".".join(labels))


def _bound(message: DhcpMessage, operation: int) -> IPv4Address | None:
    """The address that the client has: acknowledged, in use, or chosen out of a named server's offer."""
    if operation == 2:
        address = message.given if message.kind == _ACK else IPv4Address(0)
    elif message.kind in (_REQUEST, _INFORM) and int(message.held):
        address = message.held
    elif message.kind == _REQUEST and _SERVER in message.options and len(message.options.get(_REQUESTED, b"")) == 4:
        address = IPv4Address(message.options[_REQUESTED])
    else:
        address = IPv4Address(0)
    return None if address.is_unspecified or address.is_multicast else address
