"""What one lab is: names, models, addresses and cables, drawn from `pool.yaml` by a seed; pure."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from agent.model.address import Mac

POOL = Path(__file__).with_name("pool.yaml")

ROLES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {  # role: VLAN, switch, hub between the switch and it
        "ipp": ("printers", "acc1", ""),
        "mfp": ("printers", "acc1", ""),
        "laser": ("printers", "lnx1", ""),
        "mute": ("printers", "acc1", ""),
        "camera": ("cameras", "acc1", ""),
        "sensor": ("cameras", "acc1", ""),
        "ups": ("cameras", "dist1", ""),
        "door": ("cameras", "lnx1", ""),
        "serial": ("cameras", "acc1", ""),
        "silent": ("cameras", "acc1", ""),
        "pc": ("users", "acc1", ""),
        "phone": ("users", "acc1", "phonehub"),
        "phonepc": ("users", "acc1", "phonehub"),
        "projector": ("users", "acc1", ""),
        "deskpc": ("users", "acc1", "deskhub"),
        "deskmedia": ("users", "acc1", "deskhub"),
        "prints": ("servers", "dist1", ""),
        "nvr": ("servers", "dist1", ""),
        "dhcp": ("servers", "dist1", ""),
        "mqtt": ("servers", "dist1", ""),
        "pbx": ("servers", "dist1", ""),
        "nas": ("servers", "dist1", ""),
        "ap": ("management", "acc1", ""),
        "pdu": ("remote", "", ""),
    }
)
HUBS = ("phonehub", "deskhub")
SERVERS = ("prints", "dhcp", "mqtt")
SPOOLERS = ("mfp", "laser")
ACCESS_PORTS = {"acc1": 22, "dist1": 12, "lnx1": 8}
AP_PORT = 26
"""The access point's trunk on acc1."""

SPARE_VLANS = ("cameras", "printers", "users")


@dataclass(frozen=True, slots=True)
class Vlan:
    """A VLAN with its subnet; the first host address is the router's."""

    role: str
    number: int
    subnet: IPv4Network

    @property
    def gateway(self) -> IPv4Address:
        """The router's address in it."""
        return self.subnet[1]


@dataclass(frozen=True, slots=True)
class LabDevice:
    """One device: `facts` is its entry in the pool with every placeholder drawn; `port` is 0 for a routed one."""

    role: str
    name: str
    mac: Mac
    ip: IPv4Address
    vlan: str
    switch: str
    port: int
    hub: str
    facts: Mapping[str, Any]

    @property
    def shows(self) -> tuple[str, ...]:
        """Which of class, vendor, model, firmware, serial it tells on the network."""
        return tuple(self.facts["shows"])

    def fact(self, key: str) -> str:
        """A value of the pool's entry, or an empty string."""
        return str(self.facts.get(key, ""))


@dataclass(frozen=True, slots=True)
class LabSwitch:
    """A switch; `ports` are its names by number, the uplinks last."""

    name: str
    platform: str
    vendor: str
    model: str
    release: str
    serial: str
    mac: Mac
    ip: IPv4Address
    ports: Mapping[int, str]
    uplinks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Secrets:
    """The lab's own passwords and keys; they open nothing else."""

    username: str
    password: str
    enable: str
    community: str
    public: str
    snmp_user: str
    auth_key: str
    priv_key: str
    device_user: str
    device_auth: str
    device_priv: str


@dataclass(frozen=True, slots=True)
class Special:
    """Ports of acc1 that a change must refuse, a spare port a switch for qualification, and unused ports by VLAN."""

    foreign_acl: int
    dot1x: int
    lacp: tuple[int, int]
    spare: Mapping[str, int]
    unused: Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a seed draws."""

    seed: int
    site: str
    vlans: Mapping[str, Vlan]
    remote: IPv4Network
    transit: IPv4Network
    internet: IPv4Address
    switches: Mapping[str, LabSwitch]
    devices: Mapping[str, LabDevice]
    router: Mapping[str, Any]
    router_macs: Mapping[str, Mac]
    agent_ip: IPv4Address
    agent_mac: Mac
    agent_port: int
    hub_ports: Mapping[str, int]
    special: Special
    secrets: Secrets = field(repr=False)

    def subnet(self, vlan: str) -> IPv4Network:
        """The subnet of a VLAN role, or the remote one."""
        return self.remote if vlan == "remote" else self.vlans[vlan].subnet

    def port_vlan(self, switch: str, number: int) -> str:
        """The VLAN role that an access port begins with; ports without a device take turns."""
        for device in self.devices.values():
            if (device.switch, device.port) == (switch, number):
                return device.vlan
        if switch == "acc1" and number in (26, self.agent_port):
            return "management"
        if switch == "acc1" and number in (self.special.foreign_acl, self.special.dot1x, *self.special.lacp):
            return "cameras"
        return self.special.unused.get((switch, number), "users")

    def free_address(self, vlan: str, taken: Iterable[str] = ()) -> IPv4Address:
        """The lowest host address of a VLAN that nobody has."""
        used = {device.ip for device in self.devices.values()} | {self.agent_ip} | {IPv4Address(text) for text in taken}
        return next(host for host in list(self.vlans[vlan].subnet.hosts())[5:] if host not in used)

    @property
    def scope(self) -> tuple[str, ...]:
        """The subnets that an administrator would give to lanward."""
        return (*(str(vlan.subnet) for vlan in self.vlans.values()), str(self.remote))


@cache
def pool() -> Mapping[str, Any]:
    """The parsed pool."""
    loaded: dict[str, Any] = yaml.safe_load(POOL.read_text())
    return loaded


def fill(pattern: str, rng: random.Random) -> str:
    """Draw a pattern: `#` a digit, `@` a capital letter, `%` a capital hexadecimal digit."""
    kinds = {"#": string.digits, "@": "ABCDEFGHJKLMNPRSTUVWXYZ", "%": "0123456789ABCDEF"}
    return "".join(rng.choice(kinds[c]) if c in kinds else c for c in pattern)


def draw_mac(ouis: list[str], rng: random.Random) -> Mac:
    """A universal address under one of the vendor's OUIs."""
    return Mac.parse(rng.choice(ouis) + f"{rng.randrange(0x010000, 0xFEFFFF):06x}")


def draw(seed: int) -> World:
    """The world of a seed; the same seed gives the same world."""
    rng = random.Random(seed)
    octet = rng.randrange(2, 250)
    vlans = draw_vlans(octet, rng)
    remote, transit = IPv4Network(f"10.{octet}.200.0/29"), IPv4Network(f"10.{octet}.255.0/30")
    hosts = {role: draw_hosts(vlan.subnet, rng) for role, vlan in vlans.items()} | {"remote": draw_hosts(remote, rng)}
    ports = {name: draw_ports(count, rng) for name, count in ACCESS_PORTS.items()}
    hub_ports = {hub: ports["acc1"].pop() for hub in HUBS}
    devices = {role: draw_device(role, hosts, ports, hub_ports, rng) for role in ROLES}
    switches = draw_switches(vlans["management"].subnet, rng)
    agent_port = ports["acc1"].pop()
    agent = pool()["hosts"]["agent"]
    return World(
        seed=seed,
        site=f"{rng.choice(pool()['names']['sites'])}-hq",
        vlans=MappingProxyType(vlans),
        remote=remote,
        transit=transit,
        internet=IPv4Address(f"203.0.113.{rng.randrange(10, 250)}"),
        switches=MappingProxyType(switches),
        devices=MappingProxyType(devices),
        router=rng.choice(pool()["routers"]),
        router_macs=draw_router_macs(rng),
        agent_ip=hosts["management"].pop(),
        agent_mac=draw_mac(agent["oui"], rng),
        agent_port=agent_port,
        hub_ports=MappingProxyType(hub_ports),
        special=draw_special(ports),
        secrets=draw_secrets(rng),
    )


def draw_vlans(octet: int, rng: random.Random) -> dict[str, Vlan]:
    """One /28 a VLAN; the VLAN's number is the third octet."""
    numbers = {role: rng.randrange(low, high) for role, (low, high) in pool()["vlans"].items()}
    return {role: Vlan(role, number, IPv4Network(f"10.{octet}.{number}.0/28")) for role, number in numbers.items()}


def draw_hosts(subnet: IPv4Network, rng: random.Random) -> list[IPv4Address]:
    """Host addresses in drawn order, to be popped; the first five belong to the network itself."""
    hosts = list(subnet.hosts())[5:]
    rng.shuffle(hosts)
    return hosts


def draw_ports(count: int, rng: random.Random) -> list[int]:
    """Access port numbers in drawn order, to be popped."""
    ports = list(range(1, count + 1))
    rng.shuffle(ports)
    return ports


def draw_device(
    role: str,
    hosts: Mapping[str, list[IPv4Address]],
    ports: Mapping[str, list[int]],
    hub_ports: Mapping[str, int],
    rng: random.Random,
) -> LabDevice:
    """One device of a role, with an address and a port of its own (its hub's port where it hangs on one)."""
    vlan, switch, hub = ROLES[role]
    entry = rng.choice(pool()["roles"][role])
    mac = draw_mac(entry["oui"], rng)
    port = AP_PORT if role == "ap" else hub_ports[hub] if hub else ports[switch].pop() if switch else 0
    facts = draw_facts(entry, mac, rng)
    name = f"{role}-{rng.choice(pool()['names']['words'])}"
    return LabDevice(role, name, mac, hosts[vlan].pop(), vlan, switch, port, hub, MappingProxyType(facts))


def draw_facts(entry: Mapping[str, Any], mac: Mac, rng: random.Random) -> dict[str, Any]:
    """The pool's entry with firmware and serial drawn and every `{placeholder}` in its texts filled."""
    firmware = fill(entry["firmware"], rng)
    serial = mac.packed().hex().upper() if entry["serial"] == "mac" else fill(entry["serial"], rng)
    facts = {**entry, "firmware": firmware, "serial": serial}
    words = {"model": entry["model"], "firmware": firmware, "serial": serial, "mac": str(mac).upper()}

    def place(value: Any) -> Any:
        if isinstance(value, str):
            return value.format(**words) if "{" in value else value
        if isinstance(value, list):
            return [place(item) for item in value]
        return {key: place(item) for key, item in value.items()} if isinstance(value, dict) else value

    return {key: place(value) for key, value in facts.items()} | {
        "telnet": [fill(place(line), rng) for line in entry.get("telnet", ())]
    }


def draw_switches(management: IPv4Network, rng: random.Random) -> dict[str, LabSwitch]:
    """dist1 (uplinks to acc1, lnx1, router), acc1 (uplink, access point), lnx1 (uplink)."""
    shapes = {"dist1": ("distribution", 2, (21, 22, 23)), "acc1": ("access", 3, (25, 26))}
    drawn = {}
    for name, (kind, host, uplinks) in shapes.items():
        entry = rng.choice(pool()["switches"][kind])
        names = {n: f"GigabitEthernet1/0/{n}" for n in range(1, ACCESS_PORTS[name] + 1)}
        names |= {n: uplink_name(name, n) for n in uplinks}
        drawn[name] = LabSwitch(
            name, "cisco_ios", entry["vendor"], entry["model"], entry["release"], fill(entry["serial"], rng),
            draw_mac(entry["oui"], rng), management[host], MappingProxyType(names), uplinks,
        )  # fmt: skip
    server = pool()["hosts"]["linux_server"]
    swp = {n: f"swp{n}" for n in range(1, ACCESS_PORTS["lnx1"] + 1)}
    drawn["lnx1"] = LabSwitch(
        "lnx1", "linux", server["vendor"], "", "12", "", draw_mac(server["oui"], rng), management[4],
        MappingProxyType(swp), (),
    )  # fmt: skip
    return drawn


def uplink_name(switch: str, number: int) -> str:
    """Uplinks sit on the module: TenGigabitEthernet1/1/N; the access point's trunk is a copper port."""
    if switch == "acc1" and number == 26:
        return "GigabitEthernet1/0/24"
    return f"TenGigabitEthernet1/1/{number - 20 if switch == 'dist1' else number - 24}"


def draw_router_macs(rng: random.Random) -> Mapping[str, Mac]:
    """One address for each of the router's interfaces, and for the second router's two."""
    names = (*pool()["vlans"], "transit", "internet", "far-transit", "far-remote")
    return MappingProxyType({name: draw_mac(pool()["routers"][0]["oui"], rng) for name in names})


def draw_special(ports: Mapping[str, list[int]]) -> Special:
    """Ports left over on acc1 become the ones to refuse; one a switch stays spare; VLANs take turns on the rest."""
    acc1 = ports["acc1"]
    foreign, dot1x, lacp = acc1.pop(), acc1.pop(), (acc1.pop(), acc1.pop())
    spare = {name: left.pop() for name, left in ports.items()}
    turns = len(SPARE_VLANS)
    unused = {(name, n): SPARE_VLANS[at % turns] for name, left in ports.items() for at, n in enumerate(left)}
    return Special(foreign, dot1x, lacp, MappingProxyType(spare), MappingProxyType(unused))


def with_cards(world: World, cards: Mapping[str, str]) -> World:
    """The world with other network cards in some devices; all else about them stays as it was drawn."""
    fresh = {role: replace(world.devices[role], mac=Mac.parse(mac)) for role, mac in cards.items()}
    return replace(world, devices=MappingProxyType({**world.devices, **fresh})) if fresh else world


def draw_card(world: World, role: str, number: int) -> Mac:
    """The MAC of a device's next network card, of the maker that it had before."""
    return draw_mac([world.devices[role].mac.packed().hex()[:6]], random.Random(f"{world.seed} {role} card {number}"))


def draw_secrets(rng: random.Random) -> Secrets:
    """Passwords from the seed, so that a lab can be described again."""

    def word(length: int) -> str:
        return "".join(rng.choices(string.ascii_letters + string.digits, k=length))

    community = rng.choice(pool()["communities"])
    own = ("netops", word(14), word(14), community, "public")
    return Secrets(*own, "lanward", word(16), word(16), "watch", word(16), word(16))


def draw_guest(world: World, role: str, switch: str, port: int, taken: Iterable[str] = ()) -> dict[str, Any]:
    """A PC that is plugged in later, as the truth tells it; `taken` are the other guests' addresses."""
    rng = random.Random(f"{world.seed} {role}")
    entry = rng.choice(pool()["roles"]["pc"])
    vlan = world.vlans[world.port_vlan(switch, port)]
    address = world.free_address(vlan.role, taken)
    place = {"switch": switch, "port": world.switches[switch].ports[port], "vlan": vlan.number}
    return {
        "role": role,
        "name": role,
        **{key: entry[key] for key in ("class", "vendor", "model", "firmware", "serial")},
        "macs": [str(draw_mac(entry["oui"], rng))],
        "ips": [str(address)],
        "interface": f"{address}/{vlan.subnet.prefixlen}",
        "vlan": vlan.number,
        "attachment": place,
        "attachment_note": "plugged in later",
        "behaviour": "a PC that was plugged in later; no open port",
        "reachable_services": [],
    }
