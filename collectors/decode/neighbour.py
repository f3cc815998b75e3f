"""Neighbour discovery that nobody asked for (RFC 4861, RFC 4862): who solicits, advertises and tests an address."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address

from agent.model.address import Mac
from agent.model.observation import ALIVE, MAC, Observation, Observations
from collectors.decode.frame import Frame, Icmp6
from collectors.decode.sighting import Sighting

ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT = 133, 134, 135, 136
KINDS = (ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT)

_SAME_LINK = 255
"""The hop limit of each such message: what still has it has passed no router (RFC 4861, 7.1)."""

_OPTIONS_AT = {ROUTER_SOLICITATION: 8, ROUTER_ADVERTISEMENT: 16, SOLICITATION: 24, ADVERTISEMENT: 24}
_SOURCE_LINK, _TARGET_LINK = 1, 2
_SPOKEN_FOR = 40
"""Confidence where another station answered on the owner's behalf: a proxy, or a lie."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Who says where an address is: the frame's sender, and the MAC that is named. `tested` is one not yet in use."""

    address: IPv6Address
    mac: Mac
    tested: bool = False


def parse_neighbour(frame: Frame, message: Icmp6) -> Neighbour | None:
    """Read one message; None for what a host must not heed: another hop limit or code, cut off, a target of many."""
    at = _OPTIONS_AT.get(message.kind, 0)
    if not at or message.code or message.hops != _SAME_LINK or len(message.octets) < at:
        return None
    options = _options(message.octets[at:])
    target = IPv6Address(message.octets[8:24]) if message.kind in (SOLICITATION, ADVERTISEMENT) else None
    if options is None or (target is not None and _is_nobodys(target)):
        return None
    if message.kind == ADVERTISEMENT and target:
        return _named(target, options.get(_TARGET_LINK), frame)
    if message.source.is_unspecified and target:
        return Neighbour(target, frame.source, tested=True)
    return _named(message.source, options.get(_SOURCE_LINK), frame)


def _named(address: IPv6Address, octets: bytes | None, frame: Frame) -> Neighbour | None:
    mac = frame.source if octets is None else Mac.from_bytes(octets)
    return Neighbour(address, mac) if mac.value and not mac.is_group else None


def _options(octets: bytes) -> dict[int, bytes] | None:
    """The Ethernet addresses among the options, by type; None where a length is 0 or runs over (RFC 4861, 4.6)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(octets):
        size = 8 * octets[at + 1] if at + 1 < len(octets) else 0
        if not size or at + size > len(octets):
            return None
        if octets[at] in (_SOURCE_LINK, _TARGET_LINK) and size == 8:
            found[octets[at]] = octets[at + 2 : at + 8]
        at += size
    return found


def _is_nobodys(address: IPv6Address) -> bool:
    return address.is_multicast or address.is_unspecified or address.is_loopback


def decode_neighbour(frame: Frame, message: Icmp6, sighting: Sighting, *, interface: str = "") -> Observations:
    """That the sender is alive, and the MAC of an address that reaches beyond the link.

    A link-local address names nobody elsewhere, so what it says is said of the MAC; of a local one nothing is, for
    bridges and virtual machines speak so beside the device that they are in. An address that is tested for duplicates
    is evidence, no binding: somebody else may have it.
    """
    found = parse_neighbour(frame, message)
    if found is None:
        return ()

    def of(subject: Mac | IPv6Address, attribute: str, value: str, confidence: int = 95) -> Observation:
        return sighting.of(subject, attribute, value, confidence=confidence, interface=interface, vlan=frame.vlan)

    own_word = found.mac == frame.source
    if found.tested or found.address.is_link_local or found.address.is_unspecified:
        if not own_word or not found.mac.is_universal:
            return ()
        tested = (str(found.address),) if found.tested and not found.address.is_link_local else ()
        return (of(found.mac, ALIVE, "ndp", 90), *(of(found.mac, "ndp.tested-address", one, 50) for one in tested))
    if _is_nobodys(found.address):
        return ()
    sure = 95 if own_word else _SPOKEN_FOR
    said = (of(found.address, MAC, str(found.mac), sure), of(found.address, ALIVE, "ndp", sure))
    return said if own_word else (*said, sighting.warning(found.address, f"{frame.source} answered for {found.mac}"))
