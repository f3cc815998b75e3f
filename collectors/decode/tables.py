"""What a switch or router holds in its MIB tables, as one frozen value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from agent.model.address import IpAddress, IpNetwork, Mac
from collectors.decode import port_facts
from collectors.decode.port_facts import Columns, Snooped, bridge_ports
from collectors.decode.text import clean
from collectors.decode.varbind import bits, integer, ip_index, mac_index, mac_value, words

COLUMNS = {
    "ifDescr": "1.3.6.1.2.1.2.2.1.2",
    "ifType": "1.3.6.1.2.1.2.2.1.3",
    "ifPhysAddress": "1.3.6.1.2.1.2.2.1.6",
    "ifOperStatus": "1.3.6.1.2.1.2.2.1.8",
    "ifName": "1.3.6.1.2.1.31.1.1.1.1",
    "ifAlias": "1.3.6.1.2.1.31.1.1.1.18",
    "ipAdEntAddr": "1.3.6.1.2.1.4.20.1.1",
    "ipAdEntNetMask": "1.3.6.1.2.1.4.20.1.3",
    "ipNetToMediaPhysAddress": "1.3.6.1.2.1.4.22.1.2",
    "ipNetToMediaType": "1.3.6.1.2.1.4.22.1.4",
    "ipNetToPhysicalPhysAddress": "1.3.6.1.2.1.4.35.1.4",
    "ipNetToPhysicalState": "1.3.6.1.2.1.4.35.1.7",
    "dot1dBaseBridgeAddress": "1.3.6.1.2.1.17.1.1",
    "dot1dBasePortIfIndex": "1.3.6.1.2.1.17.1.4.1.2",
    "dot1dTpFdbAddress": "1.3.6.1.2.1.17.4.3.1.1",
    "dot1dTpFdbPort": "1.3.6.1.2.1.17.4.3.1.2",
    "dot1dTpFdbStatus": "1.3.6.1.2.1.17.4.3.1.3",
    "dot1qTpFdbPort": "1.3.6.1.2.1.17.7.1.2.2.1.2",
    "dot1qTpFdbStatus": "1.3.6.1.2.1.17.7.1.2.2.1.3",
    "dot1qVlanFdbId": "1.3.6.1.2.1.17.7.1.4.2.1.3",
    "dot1qVlanCurrentEgressPorts": "1.3.6.1.2.1.17.7.1.4.2.1.4",
    "dot1qVlanCurrentUntaggedPorts": "1.3.6.1.2.1.17.7.1.4.2.1.5",
    "dot1qVlanStaticEgressPorts": "1.3.6.1.2.1.17.7.1.4.3.1.2",
    "dot1qVlanStaticUntaggedPorts": "1.3.6.1.2.1.17.7.1.4.3.1.4",
    "dot1qPvid": "1.3.6.1.2.1.17.7.1.4.5.1.1",
    "lldpLocChassisId": "1.0.8802.1.1.2.1.3.2",
    "lldpLocPortId": "1.0.8802.1.1.2.1.3.7.1.3",
    "lldpLocPortDesc": "1.0.8802.1.1.2.1.3.7.1.4",
    "lldpRemChassisIdSubtype": "1.0.8802.1.1.2.1.4.1.1.4",
    "lldpRemChassisId": "1.0.8802.1.1.2.1.4.1.1.5",
    "lldpRemSysName": "1.0.8802.1.1.2.1.4.1.1.9",
    "lldpRemSysDesc": "1.0.8802.1.1.2.1.4.1.1.10",
    "lldpRemSysCapEnabled": "1.0.8802.1.1.2.1.4.1.1.12",
    "dot3adAggPortAttachedAggID": "1.2.840.10006.300.43.1.2.1.1.13",
} | port_facts.COLUMNS
"""RFC 2863, 4293, 4188, 4363; IEEE 802.1AB (LLDP-MIB) and 802.3ad (IEEE8023-LAG-MIB)."""

CISCO_COLUMNS = {
    "vtpVlanState": "1.3.6.1.4.1.9.9.46.1.3.1.1.2",
    "vlanTrunkPortDynamicStatus": "1.3.6.1.4.1.9.9.46.1.6.1.1.14",
    "vmVlan": "1.3.6.1.4.1.9.9.68.1.2.2.1.2",
    "cdpCacheDeviceId": "1.3.6.1.4.1.9.9.23.1.2.1.1.6",
    "cdpCachePlatform": "1.3.6.1.4.1.9.9.23.1.2.1.1.8",
    "cdpCacheCapabilities": "1.3.6.1.4.1.9.9.23.1.2.1.1.9",
} | port_facts.CISCO_COLUMNS
"""CISCO-VTP-MIB, CISCO-VLAN-MEMBERSHIP-MIB, CISCO-CDP-MIB."""

UNTOLD = 0
"""The interface of a row whose port the switch does not tell (BRIDGE-MIB: port 0)."""

PER_VLAN_COLUMNS = ("dot1dBasePortIfIndex", "dot1dTpFdbPort", "dot1dTpFdbStatus")
"""What a Cisco switch tells of one VLAN under `community@vlan` or the context `vlan-N`."""

_LAG_TYPE = 161
LAG_NAME = re.compile(
    r"(?:port-?channel|bridge-aggregation|route-aggregation|eth-trunk|po|ae|lag|trk|bond)[-_ ]?\d.*", re.IGNORECASE
)
VIRTUAL_NAME = re.compile(r"(?:vlan|vlan-interface|vl|irb)[-_. ]?\d+", re.IGNORECASE)
_VIRTUAL_TYPES = (24, 131, 135, 136)
"""softwareLoopback, tunnel, l2vlan, l3ipvlan (IANAifType-MIB); propVirtual is a port's unit on some, so not here."""

_LLDP_CAPABILITIES = {3: "bridge", 4: "wlan-access-point", 5: "router", 6: "telephone", 8: "station"}
_CDP_CAPABILITIES = ((0x01, "router"), (0x0A, "bridge"), (0x80, "telephone"))
VLAN_INTERFACE = re.compile(r"(?:vlan[-_. ]?(?:interface ?)?|irb\.|.+\.)(\d{1,4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Interface:
    """A row of ifTable; `up` is None where the switch does not say."""

    index: int
    name: str
    alias: str = ""
    up: bool | None = None
    aggregate: bool = False
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Learned:
    """A row of the forwarding table."""

    mac: Mac
    interface: int
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What LLDP or CDP says is at the other end of a port; `mac` where its chassis id is one."""

    interface: int
    chassis: str
    mac: Mac | None = None
    system: str = ""
    description: str = ""
    capabilities: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A row of the ARP or neighbour table."""

    address: IpAddress
    mac: Mac
    interface: str = ""
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class SwitchTables:
    """One switch or router. `trunks` and `plain` are interfaces that it calls trunk or no trunk; others it leaves open.

    `access` is the untagged VLAN by interface, `tagged` the number of tagged VLANs by interface. Behind `bridges`
    spanning tree knows another switch. `powered` says by interface what PoE delivers.
    """

    name: str
    address: IpAddress
    interfaces: tuple[Interface, ...] = ()
    learned: tuple[Learned, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    resolved: tuple[Resolved, ...] = ()
    macs: frozenset[Mac] = frozenset()
    ips: tuple[IpAddress, ...] = ()
    networks: tuple[IpNetwork, ...] = ()
    trunks: frozenset[int] = frozenset()
    plain: frozenset[int] = frozenset()
    aggregated: frozenset[int] = frozenset()
    access: tuple[tuple[int, int], ...] = ()
    tagged: tuple[tuple[int, int], ...] = ()
    bridges: frozenset[int] = frozenset()
    snooped: tuple[Snooped, ...] = ()
    powered: tuple[tuple[int, str], ...] = ()
    vlan_names: tuple[tuple[int, str], ...] = ()

    def port_name(self, interface: int) -> str:
        """The interface's name as the switch's own command line has it."""
        if interface == UNTOLD:
            return "port-not-told"
        return next((i.name for i in self.interfaces if i.index == interface), f"ifIndex-{interface}")


def decode_tables(name: str, address: IpAddress, columns: Columns, per_vlan: Mapping[int, Columns]) -> SwitchTables:
    """Everything of one switch; `per_vlan` holds the columns that it told of single VLANs."""
    interfaces = tuple(_interfaces(columns))
    named = {i.index: i.name for i in interfaces}
    learned = tuple(_learned(columns)) + tuple(
        Learned(row.mac, row.interface, vlan) for vlan, own in per_vlan.items() for row in _bridge_rows(own)
    )
    tagged, access = _membership(columns)
    return SwitchTables(
        name=name,
        address=address,
        interfaces=interfaces,
        learned=tuple(dict.fromkeys(learned)),
        neighbours=tuple(_lldp(columns, named)) + tuple(_cdp(columns)),
        resolved=tuple(_resolved(columns, named)),
        macs=frozenset(_own_macs(columns)),
        ips=tuple(sorted({a for a in _own_ips(columns) if not a.is_loopback and not a.is_unspecified})),
        networks=tuple(_own_networks(columns)),
        trunks=_dynamic(columns, trunk=True),
        plain=_dynamic(columns, trunk=False),
        aggregated=frozenset(_aggregated(columns)),
        access=tuple(sorted(access.items())),
        tagged=tuple(sorted(tagged.items())),
        bridges=frozenset(port_facts.towards_bridges(columns)),
        snooped=tuple(port_facts.snooped(columns)),
        powered=tuple(sorted(port_facts.powered(columns, named).items())),
        vlan_names=tuple(sorted(port_facts.vlan_names(columns).items())),
    )


def _interfaces(columns: Columns) -> Iterator[Interface]:
    described, short = columns.get("ifDescr", {}), columns.get("ifName", {})
    times = Counter(words(value) for value in described.values())
    for row in dict.fromkeys([*described, *short]):
        long, name = words(described.get(row)), words(short.get(row))
        fit = bool(long) and times[long] == 1 and not re.search(r"\s", long)
        shown = re.sub(r"\s+", "_", clean(long if fit or not name else name, 64))
        kind = columns.get("ifType", {}).get(row)
        yield Interface(
            index=row[-1],
            name=shown,
            alias=clean(words(columns.get("ifAlias", {}).get(row)), 64),
            up={1: True, 2: False}.get(integer(columns.get("ifOperStatus", {}).get(row)) or 0),
            aggregate=kind == _LAG_TYPE or bool(LAG_NAME.fullmatch(shown)),
            virtual=kind in _VIRTUAL_TYPES or bool(VIRTUAL_NAME.fullmatch(shown)),
        )


def _bridge_rows(columns: Columns) -> Iterator[Learned]:
    """BRIDGE-MIB: learned (3) and management (5) rows, never the bridge's own (4) or invalid (2) ones."""
    ports, status = bridge_ports(columns), columns.get("dot1dTpFdbStatus", {})
    written = columns.get("dot1dTpFdbAddress", {})
    for row, value in columns.get("dot1dTpFdbPort", {}).items():
        mac, port = mac_index(row) or mac_value(written.get(row)), integer(value)
        if mac and port is not None and status.get(row) not in (2, 4):
            yield Learned(mac, ports.get(port, port))


def _learned(columns: Columns) -> Iterator[Learned]:
    ports, status = bridge_ports(columns), columns.get("dot1qTpFdbStatus", {})
    vlans = {value: row[-1] for row, value in columns.get("dot1qVlanFdbId", {}).items() if integer(value)}
    several = False
    for row, value in columns.get("dot1qTpFdbPort", {}).items():
        mac, port = mac_index(row[1:]), integer(value)
        if mac and port is not None and status.get(row) not in (2, 4):
            several = True
            yield Learned(mac, ports.get(port, port), vlans.get(row[0], row[0]))
    if not several:
        yield from _bridge_rows(columns)


def _membership(columns: Columns) -> tuple[dict[int, int], dict[int, int]]:
    ports = bridge_ports(columns)
    tagged: Counter[int] = Counter()
    kind = "Current" if columns.get("dot1qVlanCurrentEgressPorts") else "Static"
    untagged = columns.get(f"dot1qVlan{kind}UntaggedPorts", {})
    for row, value in columns.get(f"dot1qVlan{kind}EgressPorts", {}).items():
        tagged.update(ports.get(p, p) for p in bits(value) - bits(untagged.get(row)))
    access = {
        ports.get(row[-1], row[-1]): v for row, value in columns.get("dot1qPvid", {}).items() if (v := integer(value))
    }
    access |= {row[-1]: v for row, value in columns.get("vmVlan", {}).items() if (v := integer(value))}
    return dict(tagged), access


def _dynamic(columns: Columns, *, trunk: bool) -> frozenset[int]:
    rows = columns.get("vlanTrunkPortDynamicStatus", {})
    return frozenset(row[-1] for row, value in rows.items() if value == (1 if trunk else 2))


def _aggregated(columns: Columns) -> Iterator[int]:
    for row, value in columns.get("dot3adAggPortAttachedAggID", {}).items():
        if integer(value) and value != row[-1]:
            yield row[-1]


def _own_macs(columns: Columns) -> Iterator[Mac]:
    for name in ("ifPhysAddress", "dot1dBaseBridgeAddress", "lldpLocChassisId"):
        yield from (mac for value in columns.get(name, {}).values() if (mac := mac_value(value)))
    for row, value in columns.get("dot1dTpFdbStatus", {}).items():
        if value == 4 and (mac := mac_index(row)):
            yield mac


def _own_ips(columns: Columns) -> Iterator[IpAddress]:
    yield from (value for value in columns.get("ipAdEntAddr", {}).values() if isinstance(value, IPv4Address))


def _own_networks(columns: Columns) -> Iterator[IpNetwork]:
    for row, mask in columns.get("ipAdEntNetMask", {}).items():
        address = ip_index(row)
        if not address or address.is_loopback or not isinstance(mask, IPv4Address):
            continue
        prefix = bin(int(mask)).count("1")
        if int(mask) == (0xFFFFFFFF << 32 - prefix) & 0xFFFFFFFF and 8 <= prefix < 32:
            yield IPv4Network((int(address) & int(mask), prefix))


def _resolved(columns: Columns, named: Mapping[int, str]) -> Iterator[Resolved]:
    kinds, states = columns.get("ipNetToMediaType", {}), columns.get("ipNetToPhysicalState", {})
    rows = {
        (row[0], ip_index(row[1:])): value
        for row, value in columns.get("ipNetToMediaPhysAddress", {}).items()
        if kinds.get(row) != 2
    }
    rows |= {
        (row[0], ip_index(row[3 : 3 + row[2]])): value
        for row, value in columns.get("ipNetToPhysicalPhysAddress", {}).items()
        if len(row) > 3 and states.get(row) not in (5, 7)
    }
    for (index, address), value in rows.items():
        mac, name = mac_value(value), named.get(index, "")
        if address and mac:
            vlan = VLAN_INTERFACE.fullmatch(name)
            yield Resolved(address, mac, name, int(vlan[1]) if vlan else None)


def _lldp_port(columns: Columns, number: int, named: Mapping[int, str]) -> int:
    """lldpLocPortNum is the switch's own numbering (802.1AB): by name first, then bridge port, then ifIndex."""
    by_name = {words(v): row[-1] for name in ("ifDescr", "ifName") for row, v in columns.get(name, {}).items()}
    by_name |= {name: index for index, name in named.items()}
    for name in ("lldpLocPortId", "lldpLocPortDesc"):
        text = words(columns.get(name, {}).get((number,)))
        if text in by_name:
            return by_name[text]
    return bridge_ports(columns).get(number, number)


def _lldp(columns: Columns, named: Mapping[int, str]) -> Iterator[Neighbour]:
    """Rows by time mark, local port and number; RouterOS has the number alone, so that the port is not told."""
    kinds = columns.get("lldpRemChassisIdSubtype", {})
    for row, chassis in columns.get("lldpRemChassisId", {}).items():
        if len(row) not in (1, 3):
            continue
        mac = mac_value(chassis) if kinds.get(row) == 4 else None
        enabled = bits(columns.get("lldpRemSysCapEnabled", {}).get(row))
        yield Neighbour(
            interface=_lldp_port(columns, row[1], named) if len(row) == 3 else UNTOLD,
            chassis=str(mac) if mac else clean(words(chassis), 128),
            mac=mac,
            system=clean(words(columns.get("lldpRemSysName", {}).get(row)), 256),
            description=clean(words(columns.get("lldpRemSysDesc", {}).get(row)), 256),
            capabilities=frozenset(name for bit, name in _LLDP_CAPABILITIES.items() if bit in enabled),
        )


def _cdp(columns: Columns) -> Iterator[Neighbour]:
    """CDP's capabilities: 0x01 router, 0x02 and 0x08 bridge and switch, 0x80 telephone; an octet string of four."""
    for row, device in columns.get("cdpCacheDeviceId", {}).items():
        said = columns.get("cdpCacheCapabilities", {}).get(row)
        flags = int.from_bytes(said[:4], "big") if isinstance(said, bytes) else 0
        yield Neighbour(
            interface=row[0],
            chassis=clean(words(device), 128),
            system=clean(words(device), 256),
            description=clean(words(columns.get("cdpCachePlatform", {}).get(row)), 256),
            capabilities=frozenset(name for mask, name in _CDP_CAPABILITIES if flags & mask),
        )
