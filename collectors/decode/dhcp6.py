"""DHCPv6 messages (RFC 8415, 4704, 6939) as observations about the client that they speak of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address

from agent.model.address import Mac
from agent.model.observation import ALIVE, HOSTNAME, MAC, Observation, Observations
from collectors.decode.frame import Datagram, Frame
from collectors.decode.sighting import Sighting
from collectors.decode.text import name_text, octets_text

CLIENT_PORT, SERVER_PORT = 546, 547

_SOLICIT, _REQUEST, _CONFIRM, _RENEW, _REBIND, _REPLY, _RELEASE, _INFORM = 1, 3, 4, 5, 6, 7, 8, 11
_RELAY_FORWARD, _RELAY_REPLY = 12, 13
_FROM_CLIENTS = frozenset({_SOLICIT, _REQUEST, _CONFIRM, _RENEW, _REBIND, _RELEASE, _INFORM})
_BINDING = frozenset({_REQUEST, _RENEW, _REBIND, _REPLY})
"""Messages that hold addresses which the client has: chosen out of a named server's offer, kept, or given."""

_DUID, _SERVER, _IA_NA, _IA_TA, _ADDRESS, _WANTED, _RELAYED = 1, 2, 3, 4, 5, 6, 9
_USER_CLASS, _VENDOR_CLASS, _FQDN, _LINK_LAYER = 15, 16, 39, 79
_RELAY_HEAD = 34
_RELAYS = 32
"""HOP_COUNT_LIMIT is 8 (RFC 8415, 7.6); older ones allowed 32."""


@dataclass(frozen=True, slots=True)
class Dhcp6Message:
    """A client's or server's message; `client` is the client's MAC where a relay told it (RFC 6939)."""

    kind: int
    options: tuple[tuple[int, bytes], ...]
    relayed: bool = False
    client: Mac | None = None

    def first(self, code: int) -> bytes:
        """The first option of a code, or nothing."""
        return next((value for kind, value in self.options if kind == code), b"")


def options_of(octets: bytes) -> tuple[tuple[int, bytes], ...]:
    """Code and value of each whole option, up to the first that is cut off."""
    found = []
    at = 0
    while at + 4 <= len(octets):
        code, size = (int.from_bytes(octets[place : place + 2], "big") for place in (at, at + 2))
        value = octets[at + 4 : at + 4 + size]
        if len(value) < size:
            break
        found.append((code, value))
        at += 4 + size
    return tuple(found)


def parse_dhcp6(payload: bytes) -> Dhcp6Message | None:
    """Read a message, out of its relays' envelopes where it has any; None for what is cut off."""
    relayed, client = False, None
    for _ in range(_RELAYS):
        if len(payload) < 4 or payload[0] not in (_RELAY_FORWARD, _RELAY_REPLY):
            break
        envelope = Dhcp6Message(payload[0], options_of(payload[_RELAY_HEAD:]))
        relayed, payload = True, envelope.first(_RELAYED)
        client = _ethernet(envelope.first(_LINK_LAYER))
    if len(payload) < 4 or payload[0] in (_RELAY_FORWARD, _RELAY_REPLY):
        return None
    return Dhcp6Message(payload[0], options_of(payload[4:]), relayed, client)


def _ethernet(octets: bytes) -> Mac | None:
    """The MAC behind hardware type 1."""
    return _unicast(octets[2:]) if len(octets) == 8 and octets[:2] == b"\0\1" else None


def _unicast(octets: bytes) -> Mac | None:
    mac = Mac.from_bytes(octets)
    return mac if mac.value and not mac.is_group else None


def decode_dhcp6(frame: Frame, datagram: Datagram, sighting: Sighting, *, interface: str = "") -> Observations:
    """What a client says of itself, and the addresses that it holds or was just given.

    Its MAC is the frame's where link-local addresses show that no router lies between, or what a relay tells; never the
    one in its DUID, which may be another card's and is copied with disk images: a DUID is evidence, no identity.
    """
    message = parse_dhcp6(datagram.payload)
    client = _client(frame, datagram, message) if message else None
    if message is None or client is None:
        return ()

    def of(attribute: str, value: str, confidence: int) -> Observation:
        return sighting.of(client, attribute, value, confidence=confidence, interface=interface, vlan=frame.vlan)

    said = [of(name, value, confidence) for name, value, confidence in _own_words(message) if value]
    for address in _addresses(message) if message.kind in _BINDING else ():
        said.append(sighting.of(address, MAC, str(client), confidence=85, interface=interface, vlan=frame.vlan))
    return tuple(said)


def _client(frame: Frame, datagram: Datagram, message: Dhcp6Message) -> Mac | None:
    if message.relayed:
        return message.client
    if message.kind in _FROM_CLIENTS:
        return frame.source if datagram.source.is_link_local else None
    direct = message.kind == _REPLY and datagram.destination.is_link_local and not frame.destination.is_group
    return frame.destination if direct and frame.destination.value else None


def _own_words(message: Dhcp6Message) -> tuple[tuple[str, str, int], ...]:
    """Attribute, value and confidence of what a request carries; a reply shows no sign of life of the client."""
    if message.kind not in _FROM_CLIENTS:
        return ()
    vendor = message.first(_VENDOR_CLASS)
    wanted = message.first(_WANTED)
    wished = ",".join(map(str, _addresses(message))) if message.kind in (_SOLICIT, _CONFIRM) else ""
    return (
        (ALIVE, "dhcp", 90),
        (HOSTNAME, _fqdn(message.first(_FQDN)), 60),
        ("dhcp.vendor-class", _classes(vendor[4:]), 60),
        ("dhcp.enterprise", str(int.from_bytes(vendor[:4], "big")) if len(vendor) >= 4 else "", 60),
        ("dhcp.user-class", _classes(message.first(_USER_CLASS)), 50),
        ("dhcp.duid", message.first(_DUID)[:130].hex(), 50),
        ("dhcp.option-request", ",".join(str(a << 8 | b) for a, b in zip(wanted[::2], wanted[1::2], strict=False)), 60),
        ("dhcp.requested-address", wished, 50),
    )


def _classes(octets: bytes) -> str:
    """Texts with two octets of length before each (RFC 8415, 21.15 and 21.16)."""
    found = []
    while len(octets) >= 2 and (size := int.from_bytes(octets[:2], "big")) <= len(octets) - 2:
        found.append(octets_text(octets[2 : 2 + size]))
        octets = octets[2 + size :]
    return " ".join(text for text in found if text)


def _fqdn(octets: bytes) -> str:
    """An octet of flags, then labels, of which the last empty one may be missing (RFC 4704, 4.2); empty if cut off."""
    labels, rest = [], octets[1:]
    while rest and 0 < rest[0] < 64:
        if len(rest) <= rest[0]:
            return ""
        labels.append(rest[1 : 1 + rest[0]])
        rest = rest[1 + rest[0] :]
    return name_text(b".".join(labels))


def _addresses(message: Dhcp6Message) -> Iterator[IPv6Address]:
    """The addresses of its identity associations that have time left; a request has them of a server that it names."""
    if message.kind == _REQUEST and not message.first(_SERVER):
        return
    for code, head in ((_IA_NA, 12), (_IA_TA, 4)):
        for value in (value for kind, value in message.options if kind == code):
            for inner, octets in options_of(value[head:]):
                if inner == _ADDRESS and len(octets) >= 24 and _is_given(message, octets):
                    yield IPv6Address(octets[:16])


def _is_given(message: Dhcp6Message, octets: bytes) -> bool:
    """True for an address of one host; a server takes one back by a valid lifetime of 0, clients may write 0."""
    address, lifetime = IPv6Address(octets[:16]), int.from_bytes(octets[20:24], "big")
    nobodys = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_link_local
    return not nobodys and (lifetime > 0 or message.kind != _REPLY)
