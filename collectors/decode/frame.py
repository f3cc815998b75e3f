"""Ethernet frames and what listening needs of the packets in them (IEEE 802.3, 802.1Q; RFC 791, 8200, 4443)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from agent.model.address import IpAddress, Mac

ARP, IPV4, IPV6, LLDP = 0x0806, 0x0800, 0x86DD, 0x88CC
CDP = 0x00_00_0C_20_00
"""Cisco's organisation code and protocol in a SNAP header, as one number."""

_TAGS = (0x8100, 0x88A8)
_SNAP = b"\xaa\xaa\x03"
_UDP, _ICMP6 = 17, 58


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame without its tags. `kind` is the EtherType, or the SNAP protocol; `vlan` the outermost tag's."""

    source: Mac
    destination: Mac
    kind: int
    payload: bytes
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram; `hops` is the time to live or hop limit that is left."""

    source: IpAddress
    destination: IpAddress
    sport: int
    dport: int
    hops: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Icmp6:
    """An ICMPv6 message; `octets` is all of it, from the type on, and `hops` the hop limit that is left."""

    source: IPv6Address
    destination: IPv6Address
    kind: int
    code: int
    hops: int
    octets: bytes


def parse_frame(octets: bytes, vlan: int | None = None) -> Frame | None:
    """Read an Ethernet II or SNAP frame; None for what is too short or of another kind.

    `vlan` is the tag that a network card took off before.
    """
    at = 12
    while len(octets) >= at + 4 and int.from_bytes(octets[at : at + 2], "big") in _TAGS:
        tag = int.from_bytes(octets[at + 2 : at + 4], "big") & 0xFFF
        vlan, at = (tag or None) if vlan is None else vlan, at + 4
    kind = int.from_bytes(octets[at : at + 2], "big")
    payload = octets[at + 2 :]
    if kind <= 1500:
        payload = payload[:kind]
        if payload[:3] != _SNAP or len(payload) < 8:
            return None
        kind, payload = int.from_bytes(payload[3:8], "big"), payload[8:]
    if not payload:
        return None
    return Frame(Mac.from_bytes(octets[6:12]), Mac.from_bytes(octets[:6]), kind, payload, vlan)


def parse_datagram(frame: Frame) -> Datagram | None:
    """The UDP datagram of an IP packet; None for fragments, extension headers and all else."""
    if frame.kind == IPV4:
        return _ipv4(frame.payload)
    return _ipv6(frame.payload) if frame.kind == IPV6 else None


def _ipv4(packet: bytes) -> Datagram | None:
    head = (packet[0] & 0x0F) * 4
    whole = len(packet) >= 20 and packet[0] >> 4 == 4 and head >= 20
    if not whole or packet[9] != _UDP or int.from_bytes(packet[6:8], "big") & 0x3FFF:
        return None
    body = packet[head : int.from_bytes(packet[2:4], "big")]
    return _udp(IPv4Address(packet[12:16]), IPv4Address(packet[16:20]), packet[8], body)


def _ipv6(packet: bytes) -> Datagram | None:
    body = _ipv6_body(packet, _UDP)
    if not body:
        return None
    return _udp(IPv6Address(packet[8:24]), IPv6Address(packet[24:40]), packet[7], body)


def parse_icmp6(frame: Frame) -> Icmp6 | None:
    """The ICMPv6 message of an IPv6 packet; None behind extension headers, which neighbour discovery does not use."""
    packet = frame.payload
    body = _ipv6_body(packet, _ICMP6) if frame.kind == IPV6 else b""
    if len(body) < 8:
        return None
    return Icmp6(IPv6Address(packet[8:24]), IPv6Address(packet[24:40]), body[0], body[1], packet[7], body)


def _ipv6_body(packet: bytes, protocol: int) -> bytes:
    """What follows the header of an IPv6 packet of this protocol; nothing for any other."""
    if len(packet) < 40 or packet[0] >> 4 != 6 or packet[6] != protocol:
        return b""
    return packet[40 : 40 + int.from_bytes(packet[4:6], "big")]


def _udp(source: IpAddress, destination: IpAddress, hops: int, body: bytes) -> Datagram | None:
    if len(body) < 8:
        return None
    sport, dport, length = (int.from_bytes(body[at : at + 2], "big") for at in (0, 2, 4))
    return Datagram(source, destination, sport, dport, hops, body[8:length])
