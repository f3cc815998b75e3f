"""Multicast DNS and DNS service discovery (RFC 6762, RFC 6763): what a device says of itself."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from zeroconf._dns import DNSAddress, DNSPointer, DNSRecord, DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming

from agent.model.address import IpAddress, Mac
from agent.model.errors import BadMac
from agent.model.observation import ALIVE, HOSTNAME, OWN_MAC, PORT, Observation, Observations
from collectors.decode.sighting import Sighting
from collectors.decode.text import clean, uuid_text

MDNS_PORT = 5353
BROWSE = "_services._dns-sd._udp.local."
"""Names the types of all services (RFC 6763, 9)."""

TYPES = tuple(
    f"_{name}.local."
    for name in (
        *("ipp._tcp", "ipps._tcp", "printer._tcp", "pdl-datastream._tcp", "scanner._tcp", "uscan._tcp", "uscans._tcp"),
        *("http._tcp", "https._tcp", "device-info._tcp", "workstation._tcp", "smb._tcp", "ssh._tcp"),
        *("axis-video._tcp", "rtsp._tcp", "psia._tcp", "sip._udp", "airplay._tcp", "raop._tcp", "googlecast._tcp"),
        *("qdiscover._tcp", "adisk._tcp", "netaudio._tcp"),
    )
)
"""Services that tell what office devices are, the most telling first."""

FACTS = frozenset(
    [
        *("ty", "usb_mfg", "usb_mdl", "product", "mfg", "mdl", "md", "model", "am", "manufacturer", "vendor"),
        *("fw", "fv", "firmware", "sn", "serial", "serialnumber"),
    ]
)
"""Keys of TXT records that are kept, as `mdns.<key>`: the Bonjour Printing Specification's and its neighbours'."""

PRINTING = ("_ipp._tcp.local.", "_ipps._tcp.local.")
_TYPE = re.compile(r"_[a-z0-9-]{1,30}\._(?:tcp|udp)\.local\.")
_MAC_KEYS = ("macaddress", "mac", "deviceid")
_MAC_IN_NAME = re.compile(r"\[([0-9a-f:]{17})\]$|^([0-9A-F]{12})@")
"""How `_workstation` (avahi) and `_raop` (AirPlay) name an instance."""

PACKET_LIMIT = 9000
RECORD_LIMIT = 500
_PTR, _IN = 12, 1


def encode_query(name: str) -> bytes:
    """A query for pointers; from a port of its own it asks for an answer by unicast, of 512 octets (RFC 6762, 6.7).

    One name a query: the answer repeats the questions, and several would leave no room for what is asked.
    """
    labels = [label.encode()[:63] for label in name.rstrip(".").split(".")]
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack("!6H", 0, 0, 1, 0, 0, 0) + wire + struct.pack("!HH", _PTR, _IN)


def records(datagrams: tuple[bytes, ...]) -> tuple[DNSRecord, ...]:
    """The records of some answers, at most 500; malformed ones end where they break, queries have none."""
    found: list[DNSRecord] = []
    for octets in datagrams:
        message = DNSIncoming(octets[:PACKET_LIMIT])
        if message.valid and message.is_response():
            found += message.answers()
    return tuple(found[:RECORD_LIMIT])


@dataclass(frozen=True, slots=True)
class Announced:
    """What a device announces: types, instances by type, and of its own ones the hosts and TXT keys."""

    types: tuple[str, ...]
    instances: tuple[tuple[str, str], ...]
    hosts: tuple[str, ...]
    texts: tuple[tuple[str, str, str], ...]

    def worth_asking(self) -> tuple[str, ...]:
        """The types of which no instance was told yet, the telling ones first, at most six."""
        told = {kind for kind, _ in self.instances}
        rank = {kind: number for number, kind in enumerate(TYPES)}
        left = (kind for kind in self.types if kind not in told and _TYPE.fullmatch(kind))
        return tuple(sorted(left, key=lambda kind: (rank.get(kind, len(rank)), kind)))[:6]


def announced(found: tuple[DNSRecord, ...], address: IpAddress) -> Announced:
    """Read records; an instance whose host has other addresses is another device's and left out."""
    servers = {r.name.lower(): r.server for r in found if isinstance(r, DNSService)}
    pointers = [r for r in found if isinstance(r, DNSPointer)]
    foreign = _foreign(found, address)
    own = [r for r in pointers if r.name.lower() != BROWSE and servers.get(r.alias.lower(), "").lower() not in foreign]
    names = {r.alias.lower() for r in own}
    texts = [r for r in found if isinstance(r, DNSText) and r.name.lower() in names]
    return Announced(
        types=tuple(
            sorted({r.alias.lower() for r in pointers if r.name.lower() == BROWSE} | {r.name.lower() for r in own})
        ),
        instances=tuple(sorted({(r.name.lower(), r.alias) for r in own})),
        hosts=tuple(sorted({s for s in servers.values() if s.lower() not in foreign} | _hosts(found, address))),
        texts=tuple((r.name, key, value) for r in texts for key, value in _pairs(r.text)),
    )


def _addresses(found: Iterable[DNSRecord]) -> Iterator[tuple[str, IpAddress]]:
    for record in found:
        if isinstance(record, DNSAddress) and len(record.address) in (4, 16):
            yield record.name, ip_address(record.address)


def _hosts(found: tuple[DNSRecord, ...], address: IpAddress) -> set[str]:
    return {name for name, ip in _addresses(found) if ip == address}


def _foreign(found: tuple[DNSRecord, ...], address: IpAddress) -> set[str]:
    """Hosts that have addresses of the device's family, and not its own."""
    named: dict[str, set[IpAddress]] = {}
    for name, ip in _addresses(found):
        if ip.version == address.version:
            named.setdefault(name.lower(), set()).add(ip)
    return {name for name, ips in named.items() if address not in ips}


def _pairs(text: bytes) -> Iterator[tuple[str, str]]:
    """Keys in lower case and values of a TXT record (RFC 6763, 6.3); ends where a length runs over."""
    at = 0
    while at < len(text) and at + 1 + text[at] <= len(text):
        key, _, value = text[at + 1 : at + 1 + text[at]].partition(b"=")
        yield key.decode("ascii", "replace").lower(), clean(value.decode("utf-8", "replace"))
        at += 1 + text[at]


def decode_mdns(datagrams: tuple[bytes, ...], address: IpAddress, sighting: Sighting) -> Observations:
    """Alive, port, host name, `dnssd.services`, `mdns.<key>`, a printer's UUID and MACs; nothing for no answer."""
    found = records(datagrams)
    if not found:
        return ()
    told = announced(found, address)
    services = " ".join(kind.removesuffix(".local.") for kind in told.types)
    said = [sighting.of(address, ALIVE, "mdns"), sighting.of(address, PORT, f"udp/{MDNS_PORT}/mdns", confidence=95)]
    said += [sighting.of(address, "dnssd.services", services)] if services else []
    for host in told.hosts:
        said.append(sighting.of(address, HOSTNAME, host.removesuffix(".").removesuffix(".local"), confidence=65))
    said += _facts(told, address, sighting)
    return tuple(dict.fromkeys(one for one in said if one.value))


def _facts(told: Announced, address: IpAddress, sighting: Sighting) -> Iterator[Observation]:
    printing = {instance for kind, instance in told.instances if kind in PRINTING}
    for instance, key, value in told.texts:
        if key in FACTS:
            shown = value[1:-1] if key == "product" and value[:1] + value[-1:] == "()" else value
            yield sighting.of(address, f"mdns.{key}", shown, raw=instance)
        elif key == "uuid" and instance in printing and (uuid := uuid_text(value)):
            yield sighting.of(address, "ipp.printer-uuid", f"urn:uuid:{uuid}", confidence=85, raw=instance)
    named = [value for _, key, value in told.texts if key in _MAC_KEYS]
    named += [m[1] or m[2] for _, instance in told.instances if (m := _MAC_IN_NAME.search(instance.split("._")[0]))]
    for mac in sorted({mac for text in named if (mac := _mac(text)) and mac.is_universal}):
        yield sighting.of(address, OWN_MAC, str(mac), confidence=75)


def _mac(text: str) -> Mac | None:
    try:
        return Mac.parse(text)
    except BadMac:
        return None
