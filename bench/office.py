"""A synthetic office, drawn: four VLANs of devices with addresses, MACs, services and the truth of each; pure.

The same seed gives the same office. `office.yaml` has the kinds; `bench.office_net` makes it of namespaces.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import yaml

from agent.model.address import Mac
from lab.faces import face, filled
from lab.site import quoted, tables
from lab.world import Vlan, draw_facts, draw_mac, pool

KINDS = Path(__file__).with_name("office.yaml")
VLANS = ("printing", "cameras", "desks", "plant")
ROOM = 250
"""Devices of a VLAN that a /24 takes; more get a /22."""

COMMUNITIES = ("netview", "public")
"""What the site's own devices answer to, and what makers leave behind; lanward is given both, in this order."""

AGENT, AGENT_GATEWAY = "10.76.0.2/24", "10.76.0.1"
ROUTER = "EdgeOS v2.0.9-hotfix.7.5622762.230615.1131"
ROUTER_OBJECT = "1.3.6.1.4.1.41112.1.5"


@dataclass(frozen=True, slots=True)
class Unit:
    """One device: its kind's entry with everything drawn in `facts`."""

    number: int
    vlan: int
    mac: Mac
    ip: IPv4Address
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its host name, which ends its namespace's name too."""
        return f"d{self.number}"

    @property
    def kind(self) -> str:
        """Its entry's name."""
        return str(self.facts["name"])

    def truth(self) -> tuple[str, tuple[str, ...]]:
        """Its class, and its vendor under every right name."""
        vendor = str(self.facts["vendor"])
        return str(self.facts["class"]), (vendor, *pool()["aliases"].get(vendor, ()))


@dataclass(frozen=True, slots=True)
class Office:
    """All devices and the VLANs that they are in."""

    vlans: tuple[Vlan, ...]
    units: tuple[Unit, ...]

    def of(self, vlan: int) -> tuple[Unit, ...]:
        """The devices of one VLAN."""
        return tuple(unit for unit in self.units if unit.vlan == vlan)


@cache
def kinds() -> tuple[Mapping[str, Any], ...]:
    """The kinds as they are written."""
    return tuple(yaml.safe_load(KINDS.read_text(encoding="utf-8")))


def draw(count: int, seed: int = 1) -> Office:
    """A quarter of the devices in each VLAN, the kinds by their weights."""
    rng = random.Random(seed)
    share = count // len(VLANS)
    length = 24 if share <= ROOM else 22
    vlans = tuple(Vlan(role, 10 + n, IPv4Network(f"10.77.{4 * n}.0/{length}")) for n, role in enumerate(VLANS))
    units = tuple(unit for n, vlan in enumerate(vlans) for unit in _members(n, vlan, share, rng))
    return Office(vlans, units)


def _members(number: int, vlan: Vlan, count: int, rng: random.Random) -> Iterator[Unit]:
    here = [kind for kind in kinds() if kind["vlan"] == number]
    chosen = rng.choices(here, [kind["weight"] for kind in here], k=count)
    hosts = rng.sample(range(2, vlan.subnet.num_addresses - 1), count)
    macs: set[Mac] = set()
    for place, (kind, host) in enumerate(zip(chosen, hosts, strict=True)):
        mac = draw_mac(kind["oui"], rng)
        while mac in macs:
            mac = draw_mac(kind["oui"], rng)
        macs.add(mac)
        yield Unit(number * count + place, number, mac, vlan.subnet[host], _facts(kind, mac, rng))


def _facts(kind: Mapping[str, Any], mac: Mac, rng: random.Random) -> dict[str, Any]:
    """The entry with one model and its patterns drawn; a MIB has more placeholders and is filled later."""
    plain = {key: value for key, value in kind.items() if key not in ("mib", "models")}
    return draw_facts({**plain, "model": rng.choice(kind["models"])}, mac, rng) | {"mib": kind.get("mib")}


def specification(office: Office, vlan: int, prefix: str, state: Path) -> dict[str, Any]:
    """What the process of one VLAN is to be, as `lab.devices` reads it."""
    devices = [
        {"role": unit.name, "namespace": f"{prefix}{unit.name}", "habits": [], "services": [*services(unit, state)]}
        for unit in office.of(vlan)
    ]
    return {"devices": devices}


def services(unit: Unit, state: Path) -> Iterator[dict[str, Any]]:
    """The entry's services, with files where they need some, and the MIB where the device answers SNMP."""
    for service in unit.facts["services"]:
        made = {"protocol": "tcp", "lines": unit.facts["telnet"], **service}
        if made["kind"] == "spool":
            made["file"] = str(state / "paper" / f"{unit.name}-{made['port']}")
        if "tls" in made:
            made["tls"] = str(state / f"{made['tls']}.pem")
        yield made
    if values := mib(unit):
        community = unit.facts["community"]
        yield {"kind": "mib", "protocol": "udp", "port": 161, "community": community, "values": values}


def mib(unit: Unit) -> list[tuple[str, str, str]]:
    """OID, type and text of what its SNMP agent has."""
    keys = ("vendor", "model", "firmware", "serial", "kind")
    words = {key: str(unit.facts.get(key, "")) for key in keys} | {"name": unit.name, "mac": str(unit.mac)}
    words["short"] = str(unit.mac).replace(":", "")[-6:].upper()
    if "face" in unit.facts:
        found = face(unit.facts["face"], words)
    elif unit.facts["mib"]:
        found = filled(unit.facts["mib"], words)
    else:
        return []
    return [(oid, kind, text) for oid, (kind, text) in found.items()]


def certificates() -> tuple[str, ...]:
    """The common names of the certificates that devices show."""
    return tuple(sorted({s["tls"] for kind in kinds() for s in kind["services"] if "tls" in s}))


def settings(office: Office, rate: float) -> str:
    """lanward.toml: the VLANs, the router and two communities; `rate` is ARP's a second."""
    lines = ['site = "bench"', "", "[scope]", f"subnets = {json.dumps([str(v.subnet) for v in office.vlans])}"]
    lines += ["", "[rate]", f"arp = {rate}", "", "[credentials]", 'file = "credentials.toml"']
    lines += ["", "[discover]", f"snmp = {json.dumps(COMMUNITIES)}"]
    lines += ["", "[[router]]", 'name = "router"', f"host = {quoted(AGENT_GATEWAY)}"]
    lines.append(f"snmp_credential = {quoted(COMMUNITIES[0])}")
    return "\n".join(lines) + "\n"


def credentials() -> str:
    """credentials.toml: each community under its own name."""
    return "\n".join(tables({name: {"community": name} for name in COMMUNITIES})) + "\n"
