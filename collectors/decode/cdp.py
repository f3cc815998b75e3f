"""Cisco Discovery Protocol frames as observations about their sender."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from agent.model.observation import ALIVE, HOSTNAME, Observation, Observations
from collectors.decode.frame import Frame
from collectors.decode.sighting import Sighting
from collectors.decode.text import name_text

_CAPABILITIES = ((0x01, "router"), (0x0A, "bridge"), (0x10, "station"), (0x80, "telephone"))
_TEXTS = {1: "cdp.device-id", 3: "cdp.port-id", 5: "cdp.version", 6: "cdp.platform"}
_ADDRESSES, _CAPABILITY, _MANAGEMENT = 2, 4, 22
_IPV4 = b"\x01\x01\xcc\x00\x04"
"""Head of an IPv4 address in an address element: NLPID, one octet, 0xcc, four octets."""


def tlvs(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of each whole element behind the four octets of version, time to live and checksum."""
    at = 4
    while at + 4 <= len(payload):
        kind, size = (int.from_bytes(payload[n : n + 2], "big") for n in (at, at + 2))
        if size < 4 or at + size > len(payload):
            return
        yield kind, payload[at + 4 : at + size]
        at += size


def decode_cdp(frame: Frame, sighting: Sighting, *, interface: str = "") -> Observations:
    """What a neighbour says of itself, on the frame's source; spoofable, so it weighs little."""
    said: dict[str, str] = {}
    for kind, value in tlvs(frame.payload):
        said.update(_words(kind, value))
    if not said.get("cdp.device-id"):
        return ()

    def of(name: str, value: str, confidence: int) -> Observation:
        return sighting.of(frame.source, name, value, confidence=confidence, interface=interface, vlan=frame.vlan)

    name = said["cdp.device-id"].partition("(")[0]  # NX-OS puts its serial behind the name in brackets
    words = tuple(of(attribute, value, 60) for attribute, value in said.items() if value)
    return (of(ALIVE, "cdp", 90), of(HOSTNAME, name, 55), *words)


def _words(kind: int, value: bytes) -> dict[str, str]:
    if kind in _TEXTS:
        return {_TEXTS[kind]: name_text(value)}
    if kind == _CAPABILITY and len(value) == 4:
        flags = int.from_bytes(value, "big")
        return {"cdp.capabilities": " ".join(sorted(name for mask, name in _CAPABILITIES if flags & mask))}
    if kind in (_ADDRESSES, _MANAGEMENT) and value[4:9] == _IPV4 and len(value) >= 13:
        return {"cdp.address": str(IPv4Address(value[9:13]))}
    return {}
