"""A big inventory that looks like an office's: the same seed gives the same observations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from random import Random

from agent.model.address import Mac
from agent.model.observation import Observation

SITE = "bench"
FIRST_RUN = datetime(2026, 1, 5, 3, tzinfo=UTC)
BASE = int(IPv4Address("10.0.0.0"))
PORTS_OF_A_SWITCH = 48

_SYS = "snmp.1.3.6.1.2.1.1."


@dataclass(frozen=True, slots=True)
class Kind:
    """What a model says of itself: OUI, sysDescr (with its firmware), sysObjectID, the serial's OID, open ports."""

    weight: int
    oui: int
    description: str
    object: str
    serial: str
    ports: tuple[str, ...]
    name: str


KINDS = (
    Kind(
        30,
        0x002673,
        "RICOH MP 3053 1.{minor} / RICOH Network Printer C model / RICOH Network Scanner C model",
        "1.3.6.1.4.1.367.1.1",
        "snmp.1.3.6.1.2.1.43.5.1.1.17.1",
        ("tcp/80/http", "tcp/9100/jetdirect"),
        "RNP",
    ),
    Kind(
        30,
        0x00408C,
        "; AXIS P3245-V; Network Camera; 10.12.{minor}; Oct 10 2023 09:13; 7A2.1; 1;",
        "1.3.6.1.4.1.368.1.1",
        "snmp.1.3.6.1.4.1.368.4.1.1.1.0",
        ("tcp/443/https", "tcp/554/rtsp"),
        "axis-",
    ),
    Kind(
        25,
        0x805EC0,
        "Yealink SIP-T46S 66.86.0.{minor}",
        "1.3.6.1.4.1.37459.1",
        "snmp.1.3.6.1.4.1.37459.2.1.3.0",
        ("tcp/443/https", "udp/5060/sip"),
        "SIP",
    ),
    Kind(
        15,
        0x00C0B7,
        "APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.{minor} PN:apc_hw05_aos_682.bin)",
        "1.3.6.1.4.1.318.1.3.27",
        "snmp.1.3.6.1.4.1.318.1.1.1.1.2.3.0",
        ("tcp/80/http", "tcp/22/ssh"),
        "apc-",
    ),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One device of the office."""

    number: int
    kind: Kind
    mac: Mac
    ip: IPv4Address
    minor: int

    @property
    def edge(self) -> str:
        """Its switch port as an observation's value."""
        return f"acc{self.number // PORTS_OF_A_SWITCH:04} GigabitEthernet1/0/{self.number % PORTS_OF_A_SWITCH + 1} 30"


def units(count: int, seed: int = 1) -> Iterator[Unit]:
    """The devices; each has a universal MAC, an address and a port of its own."""
    random = Random(seed)
    weights = [kind.weight for kind in KINDS]
    for number in range(count):
        kind = random.choices(KINDS, weights)[0]
        yield Unit(number, kind, Mac(kind.oui << 24 | number), IPv4Address(BASE + number + 1), random.randrange(40))


def run_starts(runs: int) -> tuple[datetime, ...]:
    """When each run began: one a day."""
    return tuple(FIRST_RUN + timedelta(days=day) for day in range(runs))


def observations(count: int, runs: int, seed: int = 1) -> Iterator[Observation]:
    """What `runs` daily runs saw of `count` devices, in the order of time; one device in fifty misses a run."""
    random = Random(seed + 1)
    listed = tuple(units(count, seed))
    for start in run_starts(runs):
        for unit in listed:
            present = random.random() > 0.02
            yield from _seen(unit, start + timedelta(milliseconds=30 * unit.number), present)


def _seen(unit: Unit, at: datetime, present: bool) -> Iterator[Observation]:
    yield Observation("arp", at, SITE, unit.ip, "scanned", "arp")
    if not present:
        return
    mac, kind = str(unit.mac), unit.kind
    yield Observation("arp", at, SITE, unit.ip, "mac", mac, 90, raw=f"is-at {mac}", vlan=30)
    yield Observation("tables", at, SITE, unit.mac, "attachment", unit.edge, 90)
    for attribute, value in (
        (f"{_SYS}1.0", kind.description.format(minor=unit.minor)),
        (f"{_SYS}2.0", kind.object),
        (f"{_SYS}5.0", f"{kind.name}{mac.replace(':', '').upper()}"),
        (kind.serial, f"{kind.oui:X}{unit.number:07}"),
    ):
        yield Observation("snmp", at, SITE, unit.ip, attribute, value)
    yield Observation("dns", at, SITE, unit.ip, "hostname", f"oa-{unit.number:06}.office.example", 60)
    for port in kind.ports:
        yield Observation("nmap", at, SITE, unit.ip, "port", port, raw="syn-ack ttl 64")
