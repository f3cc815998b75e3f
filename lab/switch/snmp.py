"""The SNMP face of the switch: system, interfaces, bridge, VLANs, ARP, LLDP, chassis, read live from the data plane.

Real Catalysts give BRIDGE-MIB's dot1dTpFdb per VLAN (community@vlan or context vlan-N) and no Q-BRIDGE dot1qTpFdb
(Cisco document 44800, "Using SNMP to Find a Port Number from a MAC Address"). Both are served here: Q-BRIDGE too, which
other vendors' switches and some Cisco lines have; without a VLAN, dot1dTpFdb shows VLAN 1.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from lab.snmp_agent import (
    Community,
    Counter,
    Counter64,
    Gauge,
    Integer,
    IpAddress,
    Octets,
    Oid,
    OidKey,
    SnmpAgent,
    TimeTicks,
    V3User,
    Value,
)
from lab.switch import config as tree
from lab.switch.dataplane import Learned, Link
from lab.switch.hardware import is_trunk, value, vlans
from lab.switch.machine import Machine
from lab.switch.names import short
from lab.switch.show_neighbours import neighbours
from lab.switch.show_ports import interface_lines, learned, vlan_names
from lab.switch.show_system import base_mac, software

MIB2: OidKey = (1, 3, 6, 1, 2, 1)
BRIDGE: OidKey = (*MIB2, 17)
LLDP: OidKey = (1, 0, 8802, 1, 1, 2, 1)
Row = tuple[OidKey, Value]

# CISCO-PRODUCTS-MIB
OBJECT_IDS = {"C9200": 2573, "C9300": 2494, "WS-C2960X": 1208}
SVI_INDEX = 1000


def octets(mac: str) -> bytes:
    """Six bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def _system(machine: Machine) -> Iterator[Row]:
    given = machine.spec
    number = next((number for start, number in OBJECT_IDS.items() if given.model.startswith(start)), 1)
    contact = value(tree.lines(machine.running), "snmp-server contact")
    location = value(tree.lines(machine.running), "snmp-server location", given.location)
    rows: tuple[Value, ...] = (
        Octets.text(f"{software(machine)}\r\nTechnical Support: http://www.cisco.com/techsupport"),
        Oid((1, 3, 6, 1, 4, 1, 9, 1, number)),
        TimeTicks(int((time.monotonic() - machine.booted) * 100)),
        Octets.text(contact),
        Octets.text(machine.hostname),
        Octets.text(location),
        Integer(6),
    )
    yield from (((*MIB2, 1, at, 0), row) for at, row in enumerate(rows, 1))


def _interfaces(machine: Machine, links: Mapping[str, Link]) -> Iterator[Row]:
    yield (*MIB2, 2, 1, 0), Integer(len(machine.spec.ports) + 1)
    for index, port in enumerate(machine.spec.ports, 1):
        yield from _interface(machine, index, port.name, port.mac, links.get(port.ovs_port))
    svi = next((name for name in tree.headed(machine.running, "interface ") if name.startswith("Vlan")), "Vlan1")
    yield from _interface(machine, SVI_INDEX, svi, base_mac(machine), Link(True, 0, 0, 0, 0), 53)


def _interface(machine: Machine, index: int, name: str, mac: str, link: Link | None, kind: int = 6) -> Iterator[Row]:
    lines = interface_lines(machine, name)
    admin = 2 if "shutdown" in lines else 1
    up = link is not None and link.up and admin == 1
    seen = link or Link(False, 0, 0, 0, 0)
    table: dict[int, Value] = {
        1: Integer(index), 2: Octets.text(name), 3: Integer(kind), 4: Integer(1500), 5: Gauge(1_000_000_000),
        6: Octets(octets(mac)), 7: Integer(admin), 8: Integer(1 if up else 2), 9: TimeTicks(0),
        10: Counter(seen.octets_in), 11: Counter(seen.packets_in), 16: Counter(seen.octets_out),
        17: Counter(seen.packets_out),
    }  # fmt: skip
    yield from (((*MIB2, 2, 2, 1, column, index), cell) for column, cell in table.items())
    extended: dict[int, Value] = {
        1: Octets.text(short(name)), 6: Counter64(seen.octets_in), 7: Counter64(seen.packets_in),
        10: Counter64(seen.octets_out), 11: Counter64(seen.packets_out), 15: Gauge(1000),
        18: Octets.text(value(lines, "description")),
    }  # fmt: skip
    yield from (((*MIB2, 31, 1, 1, 1, column, index), cell) for column, cell in extended.items())


def _addresses(machine: Machine) -> Iterator[Row]:
    for name in tree.headed(machine.running, "interface Vlan"):
        given = value(tree.lines(machine.running, f"interface Vlan{name}"), "ip address").split()
        if len(given) == 2:
            arcs = ipaddress.IPv4Address(given[0]).packed
            cells: dict[int, Value] = {1: IpAddress(given[0]), 2: Integer(SVI_INDEX), 3: IpAddress(given[1])}
            yield from (((*MIB2, 4, 20, 1, column, *arcs), cell) for column, cell in cells.items())
    for ip, mac in neighbours(machine):
        index = (SVI_INDEX, *ipaddress.IPv4Address(ip).packed)
        yield (*MIB2, 4, 22, 1, 1, *index), Integer(SVI_INDEX)
        yield (*MIB2, 4, 22, 1, 2, *index), Octets(octets(mac))
        yield (*MIB2, 4, 22, 1, 3, *index), IpAddress(ip)
        yield (*MIB2, 4, 22, 1, 4, *index), Integer(3)


def _bridge(machine: Machine) -> Iterator[Row]:
    ports = machine.spec.ports
    yield (*BRIDGE, 1, 1, 0), Octets(octets(base_mac(machine)))
    yield (*BRIDGE, 1, 2, 0), Integer(len(ports))
    yield (*BRIDGE, 1, 3, 0), Integer(2)
    for index in range(1, len(ports) + 1):
        yield (*BRIDGE, 1, 4, 1, 1, index), Integer(index)
        yield (*BRIDGE, 1, 4, 1, 2, index), Integer(index)
        yield (*BRIDGE, 1, 4, 1, 3, index), Oid((0, 0))
    aging = value(tree.lines(machine.running), "mac address-table aging-time", "300")
    yield (*BRIDGE, 4, 2, 0), Integer(int(aging))


def _forwarding(machine: Machine, rows: Sequence[Learned], only: int | None) -> Iterator[Row]:
    """dot1dTpFdbTable of one VLAN, or dot1qTpFdbTable of all."""
    number = {port.name: index for index, port in enumerate(machine.spec.ports, 1)}
    for row in rows:
        raw = octets(row.mac)
        port = Integer(number.get(row.port, 0))
        if only is None:
            yield (*BRIDGE, 7, 1, 2, 2, 1, 2, row.vlan, *raw), port
            yield (*BRIDGE, 7, 1, 2, 2, 1, 3, row.vlan, *raw), Integer(3)
        elif row.vlan == only:
            yield (*BRIDGE, 4, 3, 1, 1, *raw), Octets(raw)
            yield (*BRIDGE, 4, 3, 1, 2, *raw), port
            yield (*BRIDGE, 4, 3, 1, 3, *raw), Integer(3)


def _bits(ports: set[int], count: int) -> bytes:
    """A PortList (RFC 4363): the first port is the highest bit of the first octet."""
    out = bytearray((count + 7) // 8)
    for port in ports:
        out[(port - 1) // 8] |= 0x80 >> ((port - 1) % 8)
    return bytes(out)


def _membership(machine: Machine) -> tuple[dict[int, set[int]], dict[int, set[int]], dict[int, int]]:
    """Ports of each VLAN, those of them that are untagged, and each port's own VLAN."""
    known = vlan_names(machine)
    members: dict[int, set[int]] = {vlan: set() for vlan in known}
    untagged: dict[int, set[int]] = {vlan: set() for vlan in known}
    own: dict[int, int] = {}
    for index, port in enumerate(machine.spec.ports, 1):
        lines = interface_lines(machine, port.name)
        if is_trunk(lines):
            own[index] = int(value(lines, "switchport trunk native vlan", "1"))
            allowed = vlans(value(lines, "switchport trunk allowed vlan", "1-4094"))
            carried = {vlan for vlan in known if vlan in allowed}
        else:
            own[index] = int(value(lines, "switchport access vlan", "1"))
            voice = value(lines, "switchport voice vlan")
            carried = {own[index], *([int(voice)] if voice.isdigit() else [])}
        for vlan in carried & set(known):
            members[vlan].add(index)
        if own[index] in carried:
            untagged.setdefault(own[index], set()).add(index)
    return members, untagged, own


def _vlans(machine: Machine) -> Iterator[Row]:
    members, untagged, own = _membership(machine)
    count = len(machine.spec.ports)
    yield (*BRIDGE, 7, 1, 1, 1, 0), Integer(1)
    yield (*BRIDGE, 7, 1, 1, 4, 0), Gauge(len(members))
    for vlan, name in vlan_names(machine).items():
        ports, plain = Octets(_bits(members[vlan], count)), Octets(_bits(untagged.get(vlan, set()), count))
        current: dict[int, Value] = {3: Gauge(vlan), 4: ports, 5: plain, 6: Integer(2), 7: TimeTicks(0)}
        yield from (((*BRIDGE, 7, 1, 4, 2, 1, column, 0, vlan), cell) for column, cell in current.items())
        static: dict[int, Value] = {
            1: Octets.text(name),
            2: ports,
            3: Octets(_bits(set(), count)),
            4: plain,
            5: Integer(1),
        }
        yield from (((*BRIDGE, 7, 1, 4, 3, 1, column, vlan), cell) for column, cell in static.items())
    for port, vlan in own.items():
        yield (*BRIDGE, 7, 1, 4, 5, 1, 1, port), Gauge(vlan)


def _lldp(machine: Machine) -> Iterator[Row]:
    local: tuple[tuple[OidKey, Value], ...] = (
        ((3, 1, 0), Integer(4)),
        ((3, 2, 0), Octets(octets(base_mac(machine)))),
        ((3, 3, 0), Octets.text(machine.hostname)),
        ((3, 4, 0), Octets.text(software(machine))),
    )
    yield from (((*LLDP, *arcs), cell) for arcs, cell in local)
    number = {port.name: index for index, port in enumerate(machine.spec.ports, 1)}
    for name, index in number.items():
        yield (*LLDP, 3, 7, 1, 2, index), Integer(5)
        yield (*LLDP, 3, 7, 1, 3, index), Octets.text(short(name))
        yield (*LLDP, 3, 7, 1, 4, index), Octets.text(name)
    if not tree.has(machine.running, "lldp run"):
        return
    for at, one in enumerate(machine.spec.lldp_neighbours, 1):
        is_mac = one.chassis_id.count(":") == 5
        cells: dict[int, Value] = {
            4: Integer(4 if is_mac else 7),
            5: Octets(octets(one.chassis_id)) if is_mac else Octets.text(one.chassis_id),
            6: Integer(5), 7: Octets.text(one.port_id), 8: Octets.text(one.port_id), 9: Octets.text(one.system_name),
            10: Octets.text(one.description), 11: Octets(_capabilities(one.capabilities)),
            12: Octets(_capabilities(one.capabilities)),
        }  # fmt: skip
        row = (0, number.get(one.local_port, 0), at)
        yield from (((*LLDP, 4, 1, 1, column, *row), cell) for column, cell in cells.items())
        if one.management_ip:
            address = (1, 4, *ipaddress.IPv4Address(one.management_ip).packed)
            yield (*LLDP, 4, 2, 1, 3, *row, *address), Integer(2)


def _capabilities(letters: str) -> bytes:
    """LldpSystemCapabilitiesMap as BITS: other, repeater, bridge, WLAN, router, telephone, DOCSIS, station."""
    bits = 0
    for letter in letters.replace(" ", "").split(","):
        if letter in "OPBWRTCS" and letter:
            bits |= 0x80 >> "OPBWRTCS".index(letter)
    return bytes([bits, 0])


def _chassis(machine: Machine) -> Iterator[Row]:
    given = machine.spec
    cells: dict[int, Value] = {
        2: Octets.text(f"Cisco {given.model} switch"), 3: Oid((0, 0)), 4: Integer(0), 5: Integer(3), 6: Integer(-1),
        7: Octets.text("Switch 1"), 8: Octets.text("V02"), 9: Octets.text(""), 10: Octets.text(given.release),
        11: Octets.text(given.serial),
        12: Octets.text("Cisco Systems, Inc."), 13: Octets.text(given.model), 16: Integer(1),
    }  # fmt: skip
    yield from (((*MIB2, 47, 1, 1, 1, 1, column, 1), cell) for column, cell in cells.items())


def values(machine: Machine, vlan: int = 1) -> dict[OidKey, Value]:
    """The whole tree as one VLAN's context sees it."""
    rows: dict[OidKey, Value] = {}
    seen = learned(machine)
    for part in (
        _system(machine),
        _interfaces(machine, machine.plane.links()),
        _addresses(machine),
        _bridge(machine),
        _forwarding(machine, seen, vlan),
        _forwarding(machine, seen, None),
        _vlans(machine),
        _lldp(machine),
        _chassis(machine),
    ):
        rows.update(part)
    return rows


def _context(machine: Machine, vlan: int) -> Callable[[], dict[OidKey, Value]]:
    return lambda: values(machine, vlan)


def serve(machine: Machine) -> SnmpAgent:
    """Answer on the management address: communities, community@vlan for each VLAN there is now, and the v3 users."""
    known = tuple(vlan_names(machine))
    given = machine.spec
    communities = [Community(name) for name in given.communities]
    communities += [Community(f"{name}@{vlan}", f"vlan-{vlan}") for name in given.communities for vlan in known]
    users = [
        V3User(one.name, one.auth_protocol, one.auth_key, one.priv_protocol, one.priv_key) for one in given.snmp_users
    ]
    return SnmpAgent(
        (given.management_ip, given.snmp_port),
        _context(machine, 1),
        communities,
        users,
        contexts={f"vlan-{vlan}": _context(machine, vlan) for vlan in known},
        # SnmpEngineID (RFC 3411): enterprise 9, format 3, the chassis's MAC.
        keep=1.0,
        engine_id=bytes.fromhex("8000000903") + octets(base_mac(machine)),
    )
