"""What a switch knows of its ports beside who is on them: spanning tree, power, VLAN names, snooped leases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from agent.model.address import Mac
from collectors.decode.text import clean
from collectors.decode.varbind import Column, integer, mac_index, mac_value, words

Columns = Mapping[str, Column]

COLUMNS = {
    "dot1dStpRootPort": "1.3.6.1.2.1.17.2.7",
    "dot1dStpPortState": "1.3.6.1.2.1.17.2.15.1.3",
    "dot1dStpPortDesignatedBridge": "1.3.6.1.2.1.17.2.15.1.8",
    "dot1qVlanStaticName": "1.3.6.1.2.1.17.7.1.4.3.1.1",
    "pethPsePortDetectionStatus": "1.3.6.1.2.1.105.1.1.1.6",
    "pethPsePortPowerClassifications": "1.3.6.1.2.1.105.1.1.1.10",
}
"""RFC 4188 (BRIDGE-MIB), 4363 (Q-BRIDGE-MIB), 3621 (POWER-ETHERNET-MIB)."""

CISCO_COLUMNS = {
    "vtpVlanName": "1.3.6.1.4.1.9.9.46.1.3.1.1.4",
    "cdsBindingsIpAddress": "1.3.6.1.4.1.9.9.380.1.4.1.1.4",
    "cdsBindingsInterface": "1.3.6.1.4.1.9.9.380.1.4.1.1.5",
}
"""CISCO-VTP-MIB; CISCO-DHCP-SNOOPING-MIB, whose rows go by VLAN and MAC."""

_DISABLED, _DELIVERING = 1, 3


@dataclass(frozen=True, slots=True)
class Snooped:
    """A lease that a switch saw being given (DHCP snooping)."""

    address: IPv4Address
    mac: Mac
    interface: int
    vlan: int | None = None


def bridge_ports(columns: Columns) -> dict[int, int]:
    """The interface of each bridge port."""
    rows = columns.get("dot1dBasePortIfIndex", {})
    return {row[-1]: index for row, value in rows.items() if (index := integer(value))}


def towards_bridges(columns: Columns) -> Iterator[int]:
    """Interfaces behind which spanning tree knows another bridge: the root port, and where another is designated."""
    ports = bridge_ports(columns)
    root = next((integer(value) for value in columns.get("dot1dStpRootPort", {}).values()), None)
    if root:
        yield ports.get(root, root)
    own = {mac_value(value) for value in columns.get("dot1dBaseBridgeAddress", {}).values()} - {None}
    states = columns.get("dot1dStpPortState", {})
    for row, value in columns.get("dot1dStpPortDesignatedBridge", {}).items():
        designated = mac_value(value[2:]) if isinstance(value, bytes) and len(value) == 8 else None
        if own and designated and designated not in own and states.get(row) != _DISABLED:
            yield ports.get(row[-1], row[-1])


def vlan_names(columns: Columns) -> dict[int, str]:
    """By VLAN; a name that only repeats the number says nothing."""
    rows = [*columns.get("dot1qVlanStaticName", {}).items(), *columns.get("vtpVlanName", {}).items()]
    names = {row[-1]: clean(words(value), 64) for row, value in rows}
    return {vlan: name for vlan, name in names.items() if not re.fullmatch(rf"(?:vlan)?[ _-]?0*{vlan}", name.lower())}


def snooped(columns: Columns) -> Iterator[Snooped]:
    """Rows whose address and MAC can be read."""
    interfaces = columns.get("cdsBindingsInterface", {})
    for row, value in columns.get("cdsBindingsIpAddress", {}).items():
        mac, address = mac_index(row[1:]), _address(value)
        if mac and address:
            yield Snooped(address, mac, integer(interfaces.get(row)) or 0, row[0])


def _address(value: object) -> IPv4Address | None:
    if isinstance(value, IPv4Address):
        return value
    return IPv4Address(value) if isinstance(value, bytes) and len(value) == 4 else None


def powered(columns: Columns, named: Mapping[int, str]) -> dict[int, str]:
    """What the ports that deliver power tell of it, by interface; rows that fit no one interface are left out.

    RFC 3621 numbers groups and ports by itself: `1.5` is the fifth port of the first unit.
    """
    classes = columns.get("pethPsePortPowerClassifications", {})
    found: dict[int, str] = {}
    for row, value in columns.get("pethPsePortDetectionStatus", {}).items():
        index = _of_port(row, named) if len(row) == 2 and value == _DELIVERING else None
        if index is not None:
            level = integer(classes.get(row))
            found[index] = f"PoE class {level - 1}" if level else "PoE"
    return found


def _of_port(row: tuple[int, ...], named: Mapping[int, str]) -> int | None:
    numbers = {index: tuple(map(int, re.findall(r"\d+", name))) for index, name in named.items()}
    fits = [i for i, n in numbers.items() if n and n[-1] == row[1] and (len(n) == 1 or n[0] == row[0])]
    plain = [i for i in fits if not any(numbers[i][1:-1])]
    return plain[0] if len(plain) == 1 else None
