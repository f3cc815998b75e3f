"""LLDP frames (IEEE 802.1AB; ANSI/TIA-1057 for LLDP-MED) as observations about their sender."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from agent.model.address import IpAddress, Mac
from agent.model.observation import ALIVE, HOSTNAME, OWN_MAC, Observations
from collectors.decode.frame import Frame
from collectors.decode.sighting import Sighting
from collectors.decode.text import name_text, octets_text

_CAPABILITIES = {2: "bridge", 3: "wlan-access-point", 4: "router", 5: "telephone", 7: "station"}
"""Bit numbers of the enabled capabilities, from the lowest (802.1AB, table 8-4)."""

_CHASSIS, _PORT, _END = 1, 2, 0
_TEXTS = {4: "lldp.port-description", 5: "lldp.system-name", 6: "lldp.system-description"}
_MED = b"\x00\x12\xbb"
_MED_TEXTS = {
    5: "lldp.med.hardware",
    6: "lldp.med.firmware",
    7: "lldp.med.software",
    8: "lldp.med.serial",
    9: "lldp.med.manufacturer",
    10: "lldp.med.model",
    11: "lldp.med.asset",
}
"""LLDP-MED's inventory (TIA-1057, 10.2.6)."""


def tlvs(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of each whole element up to the end mark."""
    at = 0
    while at + 2 <= len(payload):
        head = int.from_bytes(payload[at : at + 2], "big")
        kind, size = head >> 9, head & 0x1FF
        value = payload[at + 2 : at + 2 + size]
        if kind == _END or len(value) < size:
            return
        yield kind, value
        at += 2 + size


def decode_lldp(frame: Frame, sighting: Sighting, *, interface: str = "") -> Observations:
    """What a neighbour says of itself, on its chassis' MAC, else on the frame's source; spoofable, so it weighs little.

    The source is the chassis' own only where one maker numbered both: else anyone could pass for another's second card.
    """
    said, subject = dict[str, str](), frame.source
    for kind, value in tlvs(frame.payload):
        if kind == _CHASSIS and value[:1] == b"\x04" and len(value) == 7:
            subject = _interface(value[1:]) or subject
        said.update(_words(kind, value))
    if not said.keys() & {"lldp.chassis-id", "lldp.chassis"}:
        return ()

    def of(name: str, value: str, confidence: int) -> Observations:
        found = sighting.of(subject, name, value, confidence=confidence, interface=interface, vlan=frame.vlan)
        return (found,) if found.value else ()

    words = tuple(o for name, value in said.items() for o in of(name, value, 60))
    own = of(OWN_MAC, str(frame.source), 60) if _same_maker(subject, frame.source) else ()
    return (*of(ALIVE, "lldp", 90), *of(HOSTNAME, said.get("lldp.system-name", ""), 60), *own, *words)


def _chassis(value: bytes) -> str:
    """Only a MAC names one chassis in the world; addresses and names of one's own choice are others' too."""
    mac = _interface(value[1:]) if value[:1] == b"\x04" and len(value) == 7 else None
    return "lldp.chassis-id" if mac and mac.is_universal else "lldp.chassis"


def _interface(octets: bytes) -> Mac | None:
    mac = Mac.from_bytes(octets)
    return mac if mac.value and not mac.is_group else None


def _same_maker(one: Mac, other: Mac) -> bool:
    return one != other and one.is_universal and one.value >> 24 == other.value >> 24


def _words(kind: int, value: bytes) -> dict[str, str]:
    if kind == _CHASSIS:
        return {_chassis(value): identifier(value, mac=4, network=5)}
    if kind == _PORT:
        return {"lldp.port-id": identifier(value, mac=3, network=4)}
    if kind in _TEXTS:
        return {_TEXTS[kind]: name_text(value)}
    if kind == 7 and len(value) >= 4:
        enabled = int.from_bytes(value[2:4], "big")
        return {"lldp.capabilities": " ".join(sorted(n for bit, n in _CAPABILITIES.items() if enabled >> bit & 1))}
    if kind == 8 and value:
        address = network_address(value[1 : 1 + value[0]])
        return {"lldp.management-address": str(address)} if address else {}
    if kind == 127 and value[:3] == _MED and value[3:4] and value[3] in _MED_TEXTS:
        return {_MED_TEXTS[value[3]]: octets_text(value[4:])}
    return {}


def identifier(value: bytes, *, mac: int, network: int) -> str:
    """A chassis or port id as text; `mac` and `network` are the subtypes that these have there."""
    subtype, octets = value[:1], value[1:]
    if subtype == bytes([mac]) and len(octets) == 6:
        return str(Mac.from_bytes(octets))
    if subtype == bytes([network]) and (address := network_address(octets)):
        return str(address)
    return octets_text(octets)


def network_address(octets: bytes) -> IpAddress | None:
    """An address behind its family's number (IANA: 1 IPv4, 2 IPv6)."""
    if octets[:1] in (b"\x01", b"\x02") and len(octets) - 1 == (4 if octets[0] == 1 else 16):
        return ip_address(octets[1:])
    return None
