"""IPP requests and answers (RFC 8010 for the encoding, RFC 8011 for the model)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.model.address import IpAddress
from agent.model.observation import Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import octets_text

GET_PRINTER_ATTRIBUTES = 0x000B
SIZE_LIMIT = 1 << 20
ATTRIBUTE_LIMIT = 2000

_OPERATION, _END = 0x01, 0x03
_KEYWORD, _URI, _CHARSET, _LANGUAGE = 0x44, 0x45, 0x47, 0x48
_WITH_LANGUAGE = (0x35, 0x36)
_TEXTS = range(0x40, 0x60)
_INTEGERS = (0x21, 0x23)

WANTED = (
    "printer-make-and-model",
    "printer-device-id",
    "printer-uuid",
    "printer-name",
    "printer-info",
    "printer-location",
    "printer-dns-sd-name",
    "printer-firmware-name",
    "printer-firmware-string-version",
    "printer-serial-number",
    "uri-authentication-supported",
    "uri-security-supported",
)
"""PWG 5100.13 names firmware and device id; `printer-serial-number` is PWG 5100.11's and shown by few."""


@dataclass(frozen=True, slots=True)
class IppReply:
    """Status code, request id and attributes as (name, values); `fault` says where the octets stopped making sense."""

    status: int = -1
    request: int = 0
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fault: str = ""


def _attribute(tag: int, name: str, values: Sequence[str]) -> bytes:
    first, *more = [value.encode() for value in values]
    whole = struct.pack("!BH", tag, len(name)) + name.encode() + struct.pack("!H", len(first)) + first
    return whole + b"".join(struct.pack("!BHH", tag, 0, len(value)) + value for value in more)


def encode_get_printer_attributes(uri: str, request: int, wanted: Sequence[str] = WANTED) -> bytes:
    """An IPP/1.1 Get-Printer-Attributes request (RFC 8011, 4.2.5); printers of all ages take 1.1."""
    operation = (
        _attribute(_CHARSET, "attributes-charset", ["utf-8"])
        + _attribute(_LANGUAGE, "attributes-natural-language", ["en"])
        + _attribute(_URI, "printer-uri", [uri])
        + _attribute(_KEYWORD, "requested-attributes", wanted)
    )
    header = struct.pack("!BBHI", 1, 1, GET_PRINTER_ATTRIBUTES, request)
    return header + bytes([_OPERATION]) + operation + bytes([_END])


def _value(tag: int, octets: bytes) -> str:
    if tag in _WITH_LANGUAGE and len(octets) >= 4:
        skip = 2 + int.from_bytes(octets[:2], "big")
        size = int.from_bytes(octets[skip : skip + 2], "big")
        return octets_text(octets[skip + 2 : skip + 2 + size])
    if tag in _INTEGERS and len(octets) == 4:
        return str(int.from_bytes(octets, "big", signed=True))
    return octets_text(octets) if tag in _TEXTS else "0x" + octets[:64].hex()


def _tokens(octets: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Tag, name and value of each attribute; raises ValueError where a length runs over the end."""
    at = 8
    while at < len(octets) and octets[at] != _END:
        tag, at = octets[at], at + 1
        if tag < 0x10:
            continue
        name, at = _sized(octets, at)
        value, at = _sized(octets, at)
        yield tag, name.decode("latin-1"), value


def _sized(octets: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(octets[at : at + 2], "big")
    if at + 2 > len(octets) or end > len(octets):
        raise ValueError(f"cut off at octet {at}")
    return octets[at + 2 : end], end


def decode_ipp(octets: bytes) -> IppReply:
    """Read an IPP answer, at most a mebibyte and 2,000 values; what came before a fault is kept."""
    if len(octets) < 9:
        return IppReply(fault="no IPP: shorter than its header")
    _, _, status, request = struct.unpack_from("!BBHI", octets)
    found: dict[str, list[str]] = {}
    name, fault = "", ""
    try:
        for count, (tag, own_name, value) in enumerate(_tokens(octets[:SIZE_LIMIT])):
            if count >= ATTRIBUTE_LIMIT:
                fault = f"more than {ATTRIBUTE_LIMIT} values"
                break
            name = own_name or name
            found.setdefault(name, []).append(_value(tag, value))
    except ValueError as error:
        fault = str(error)
    return IppReply(status, request, tuple((key, tuple(values)) for key, values in found.items()), fault)


def decode_printer(reply: IppReply, address: IpAddress, sighting: Sighting) -> Observations:
    """`ipp.<attribute>` for what was asked for; a warning for a refusal or a malformed answer."""
    said = [
        sighting.of(address, f"ipp.{name}", ", ".join(values), confidence=90)
        for name, values in reply.attributes
        if name in WANTED and any(values)
    ]
    if reply.fault:
        said.append(sighting.warning(address, f"malformed IPP answer: {reply.fault}"))
    elif reply.status >= 0x0100:
        said.append(sighting.warning(address, f"IPP status 0x{reply.status:04x}"))
    return tuple(said)
