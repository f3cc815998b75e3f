"""ARP frames (RFC 826, RFC 5227) as observations."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address

from agent.model.address import Mac
from agent.model.observation import ALIVE, MAC, Observations
from collectors.decode.sighting import Sighting

ETHERNET_ARP = struct.Struct("!6s6sH HHBBH 6s4s6s4s")
"""Ethernet II header and an ARP packet for IPv4 over Ethernet, 42 octets."""

_SPOKEN_FOR = 40
"""Confidence where another station answered on the owner's behalf: proxy ARP, or a lie."""


@dataclass(frozen=True, slots=True)
class ArpPacket:
    """The parts of an ARP packet that say who is where; `ethernet` is the frame's own source."""

    ethernet: Mac
    sender: Mac
    address: IPv4Address
    target: IPv4Address
    reply: bool


def parse_arp(frame: bytes) -> ArpPacket | None:
    """Read an untagged Ethernet frame; None for anything but a request or reply of IPv4 over Ethernet."""
    if len(frame) < ETHERNET_ARP.size:
        return None
    _, source, kind, hardware, protocol, hlen, plen, operation, sha, spa, _, tpa = ETHERNET_ARP.unpack_from(frame)
    if (kind, hardware, protocol, hlen, plen) != (0x0806, 1, 0x0800, 6, 4) or operation not in (1, 2):
        return None
    return ArpPacket(Mac.from_bytes(source), Mac.from_bytes(sha), IPv4Address(spa), IPv4Address(tpa), operation == 2)


def decode_arp(frame: bytes, seen: datetime, site: str, interface: str = "", vlan: int | None = None) -> Observations:
    """The sender's address and MAC, and that it is alive; nothing for probes (RFC 5227), groups or other frames."""
    packet = parse_arp(frame)
    if packet is None or packet.sender.value == 0 or packet.sender.is_group:
        return ()
    if packet.address.is_unspecified or packet.address.is_multicast or packet.address == IPv4Address("255.255.255.255"):
        return ()
    sighting = Sighting("arp", seen, site)
    own_word = packet.ethernet == packet.sender
    confidence = 95 if own_word else _SPOKEN_FOR
    raw = frame[: ETHERNET_ARP.size].hex()
    said = tuple(
        sighting.of(packet.address, name, value, confidence=confidence, raw=raw, vlan=vlan, interface=interface)
        for name, value in ((MAC, str(packet.sender)), (ALIVE, "arp"))
    )
    if own_word:
        return said
    why = f"{packet.ethernet} answered for {packet.sender}"
    return (*said, sighting.warning(packet.address, why))
