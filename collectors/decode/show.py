"""Answers of a switch's command line, parsed by ntc-templates, as the tables that SNMP would have given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from agent.model.address import IpAddress, Mac, parse_ip
from agent.model.errors import BadAddress
from collectors.decode.port_facts import Snooped
from collectors.decode.tables import (
    LAG_NAME,
    VIRTUAL_NAME,
    VLAN_INTERFACE,
    Interface,
    Learned,
    Neighbour,
    Resolved,
    SwitchTables,
)
from collectors.decode.text import clean

Row = Mapping[str, str]
Family = Mapping[str, Mapping[str, str]]
"""A platform's entry of show_commands.yaml: `names`, and by table its command and columns."""

_OWN = re.compile(r"cpu|router|self|switch|sup-eth\d.*|-+", re.IGNORECASE)
"""What stands in a forwarding table's port column beside the switch's own MACs."""

_NO_PORT = re.compile(r"drop|igmp|vpc peer-link.*|multicast|", re.IGNORECASE)
_DEAD = ("incomplete", "failed", "invalid")
_CAPABILITIES = {
    **{"b": "bridge", "r": "router", "t": "telephone", "w": "wlan-access-point", "s": "station"},
    **{"bridge": "bridge", "switch": "bridge", "router": "router", "telephone": "telephone", "phone": "telephone"},
    **{"wlan": "wlan-access-point", "wlan-access-point": "wlan-access-point", "wlanaccesspoint": "wlan-access-point"},
    **{"trans-bridge": "bridge", "source-route-bridge": "bridge", "station": "station", "host": "station"},
}
"""LLDP's letters, LLDP's and CDP's words, in small letters; CDP's "S" of one-letter lists is not asked for."""


def parse(family: str, command: str, answer: str) -> tuple[dict[str, str], ...]:
    """The rows of an answer by ntc-templates' columns, lists joined by commas; raise ValueError where it fits none."""
    from ntc_templates.parse import ParsingException, parse_output
    from textfsm import TextFSMError
    from textfsm.clitable import CliTableError

    try:
        rows = parse_output(platform=family, command=command, data=answer)
    except (ParsingException, TextFSMError, CliTableError) as error:
        raise ValueError(f"'{command}': {' '.join(str(error).split())[:120]}") from None
    return tuple({k: ",".join(v) if isinstance(v, list) else str(v) for k, v in row.items()} for row in rows)


@dataclass(slots=True)
class _Ports:
    """A switch's ports under their full names, numbered in the order in which they came up."""

    names: Mapping[str, str]
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """The number of a port by any of its spellings."""
        return self.numbers.setdefault(self.full(text), len(self.numbers) + 1)

    def full(self, text: str) -> str:
        """`Gi1/0/3` as `GigabitEthernet1/0/3`."""
        found = re.fullmatch(r"([A-Za-z-]+)\s*(\d.*?)(?:\.0)?", text.strip())  # Junos learns on unit 0 of a port
        return f"{self.names.get(found[1], found[1])}{found[2]}" if found else clean(text, 64).replace(" ", "_")


def decode_show(name: str, address: IpAddress, family: Family, answers: Mapping[str, tuple[Row, ...]]) -> SwitchTables:
    """Everything of one switch; `answers` are parsed rows by table, less those that the switch did not give."""
    ports = _Ports(family.get("names", {}))
    told = {table: tuple(_named(rows, family[table])) for table, rows in answers.items()}
    interfaces = tuple(_interfaces(told.get("status", ()), ports))
    learned, own = _forwarding(told.get("forwarding", ()), ports)
    neighbours = tuple(_neighbours((*told.get("lldp", ()), *told.get("cdp", ())), ports))
    snooped = tuple(_snooped(told.get("snooping", ()), ports))
    known = {interface.index for interface in interfaces}
    status = {ports.number(row["port"]): row.get("vlan", "").lower() for row in told.get("status", ()) if row["port"]}
    return SwitchTables(
        name=name,
        address=address,
        interfaces=(*interfaces, *(_interface(p, n) for p, n in ports.numbers.items() if n not in known)),
        learned=learned,
        neighbours=neighbours,
        resolved=tuple(_resolved((*told.get("arp", ()), *told.get("neighbours6", ())), ports)),
        macs=own,
        ips=(address,),
        trunks=frozenset(n for n, vlan in status.items() if vlan == "trunk"),
        plain=frozenset(n for n, vlan in status.items() if vlan.isdecimal()),
        access=tuple(sorted((n, int(vlan)) for n, vlan in status.items() if vlan.isdecimal())),
        snooped=snooped,
        powered=tuple(sorted(_powered(told.get("power", ()), ports))),
    )


def _named(rows: Iterable[Row], columns: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Rows under our own names."""
    for row in rows:
        yield {ours: row.get(theirs, "").strip() for ours, theirs in columns.items() if ours != "command"}


def mac_of(text: str) -> Mac | None:
    """A unicast MAC in any family's grouping: by twos, threes, fours or sixes."""
    digits = re.sub(r"[.:-]", "", text.strip())
    mac = Mac(int(digits, 16)) if re.fullmatch(r"[0-9A-Fa-f]{12}", digits) else None
    return None if mac is None or mac.value == 0 or mac.is_group else mac


def _ip(text: str) -> IpAddress | None:
    try:
        return parse_ip(text)
    except BadAddress:
        return None


def _vlan(text: str) -> int | None:
    return int(text) if text.isdecimal() and 0 < int(text) < 4095 else None


def _interface(name: str, number: int, row: Row | None = None) -> Interface:
    state = (row or {}).get("state", "").lower()
    up = {"connected": True, "up": True, "notconnect": False, "down": False, "disabled": False}.get(state)
    aggregate, virtual = bool(LAG_NAME.fullmatch(name)), bool(VIRTUAL_NAME.fullmatch(name))
    return Interface(number, name, clean((row or {}).get("alias", ""), 64), up, aggregate, virtual)


def _interfaces(rows: Iterable[Row], ports: _Ports) -> Iterator[Interface]:
    for row in rows:
        if row["port"]:
            yield _interface(ports.full(row["port"]), ports.number(row["port"]), row)


def _forwarding(rows: Iterable[Row], ports: _Ports) -> tuple[tuple[Learned, ...], frozenset[Mac]]:
    learned: dict[Learned, None] = {}
    own: set[Mac] = set()
    for row in rows:
        mac = mac_of(row["mac"])
        for port in row["port"].split(",") if mac else ():
            if mac and _OWN.fullmatch(port.strip()):
                own.add(mac)
            elif mac and not _NO_PORT.fullmatch(port.strip()):
                learned[Learned(mac, ports.number(port), _vlan(row.get("vlan", "")))] = None
    return tuple(learned), frozenset(own)


def _resolved(rows: Iterable[Row], ports: _Ports) -> Iterator[Resolved]:
    for row in rows:
        address, mac = _ip(row["address"]), mac_of(row["mac"])
        if address and mac and row.get("state", "").lower() not in _DEAD:
            name = ports.full(row["port"]) if row["port"] else ""
            vlan = VLAN_INTERFACE.fullmatch(name)
            yield Resolved(address, mac, name, _vlan(row.get("vlan", "")) or (int(vlan[1]) if vlan else None))


def _neighbours(rows: Iterable[Row], ports: _Ports) -> Iterator[Neighbour]:
    for row in rows:
        mac = mac_of(row["chassis"])
        if row["port"] and row["chassis"]:
            yield Neighbour(
                interface=ports.number(row["port"]),
                chassis=str(mac) if mac else clean(row["chassis"], 128),
                mac=mac,
                system=clean(row.get("system", ""), 256),
                description=clean(row.get("description", ""), 256),
                capabilities=capabilities(row.get("capabilities", "")),
            )


def capabilities(text: str) -> frozenset[str]:
    """From `B,R`, `Bridge, Router`, `Switch IGMP` or `bridge router`."""
    words = re.split(r"[\s,]+", text.lower())
    return frozenset(_CAPABILITIES[word] for word in words if word in _CAPABILITIES)


def _snooped(rows: Iterable[Row], ports: _Ports) -> Iterator[Snooped]:
    for row in rows:
        address, mac = _ip(row["address"]), mac_of(row["mac"])
        if isinstance(address, IPv4Address) and mac and row["port"]:
            yield Snooped(address, mac, ports.number(row["port"]), _vlan(row.get("vlan", "")))


def _powered(rows: Iterable[Row], ports: _Ports) -> Iterator[tuple[int, str]]:
    for row in rows:
        if row["state"].lower() == "on" and row["port"]:
            level = row.get("level", "")
            yield ports.number(row["port"]), f"PoE class {level}" if level.isdecimal() else "PoE"
