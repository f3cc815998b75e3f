"""Where each MAC is plugged in: edge port, behind an uplink, or not known. Pure, over the tables of all switches."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.model.address import Mac
from agent.model.device import Attachment
from collectors.decode.tables import UNTOLD, Learned, Neighbour, SwitchTables

TRUNK_VLANS = 2
"""Tagged VLANs from which on a port counts as a trunk; one may be a phone's voice VLAN."""

CROWD = 8
"""MACs on a port above which no device's own port is claimed: on captures of real switches such ports are uplinks to
switches that nobody asked, or a hypervisor's; a desk's small switch has fewer."""

_UPLINK_WORD = re.compile(r"\b(?:up|down) ?-?links?\b|\btrunk\b", re.IGNORECASE)
"""What an administrator writes beside a port to another switch."""

LEARNED_VLANS = 3
"""VLANs with learned MACs from which on a port counts as a trunk where its tagging is not shown."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one MAC was learned. `edges` has more than one entry only where switches contradict each other.

    `vlan` is the VLAN in which it was learned; `note` says why there is no single edge port.
    """

    mac: Mac
    edges: tuple[Attachment, ...] = ()
    uplinks: tuple[Attachment, ...] = ()
    vlan: int | None = None
    note: str = ""


def _is_infrastructure(neighbour: Neighbour, known: frozenset[Mac]) -> bool:
    """A neighbour through which others are reached; a phone bridges too, but only its own PC."""
    if neighbour.mac in known:
        return True
    return bool(neighbour.capabilities & {"bridge", "router"}) and not neighbour.capabilities & {
        "telephone",
        "wlan-access-point",
    }


def _vlans(tables: SwitchTables) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for row in tables.learned:
        if row.vlan is not None:
            found[row.interface].add(row.vlan)
    return found


def uplinks(tables: SwitchTables, others: Iterable[SwitchTables]) -> dict[int, str]:
    """The interfaces of one switch behind which others' stations lie, each with the reason; the first that holds."""
    known = frozenset(mac for other in others for mac in other.macs) - tables.macs
    found: dict[int, str] = {}
    for neighbour in tables.neighbours:
        if neighbour.interface != UNTOLD and _is_infrastructure(neighbour, known):
            found.setdefault(neighbour.interface, f"{neighbour.system or neighbour.chassis} is its neighbour")
    for row in tables.learned:
        if row.mac in known:
            found.setdefault(row.interface, f"{row.mac} of a known switch or router is learned there")
    _by_kind(tables, found)
    for index in tables.trunks:
        found.setdefault(index, "it is a trunk")
    for index in tables.bridges:
        found.setdefault(index, "spanning tree knows another switch behind it")
    _by_vlans(tables, found)
    _by_crowd(tables, found)
    return found


def _by_crowd(tables: SwitchTables, found: dict[int, str]) -> None:
    crowds: dict[int, set[Mac]] = defaultdict(set)
    for row in tables.learned:
        crowds[row.interface].add(row.mac)
    for index, macs in crowds.items():
        if len(macs) > CROWD:
            found.setdefault(index, f"{len(macs)} MACs are learned there: another switch is behind it, or a hypervisor")


def _by_kind(tables: SwitchTables, found: dict[int, str]) -> None:
    for interface in tables.interfaces:
        if interface.aggregate or interface.index in tables.aggregated:
            found.setdefault(interface.index, "it is a port channel")
        elif interface.virtual:
            found.setdefault(interface.index, "it is no physical port")
        elif _UPLINK_WORD.search(interface.alias):
            found.setdefault(interface.index, f"its description is '{interface.alias}'")
    named = {interface.index for interface in tables.interfaces if interface.name}
    for row in tables.learned:
        if row.interface not in named:
            untold = row.interface == UNTOLD
            found.setdefault(row.interface, "the switch does not tell the port" if untold else "it has no name")


def _by_vlans(tables: SwitchTables, found: dict[int, str]) -> None:
    for index, count in tables.tagged:
        if count >= TRUNK_VLANS and index not in tables.plain:
            found.setdefault(index, f"it carries {count} tagged VLANs")
    for index, vlans in _vlans(tables).items():
        if len(vlans) >= LEARNED_VLANS and index not in tables.plain:
            found.setdefault(index, f"MACs of {len(vlans)} VLANs are learned there")
    for neighbour in tables.neighbours:
        several = len(_vlans(tables).get(neighbour.interface, ())) > 1 or dict(tables.tagged).get(neighbour.interface)
        if "wlan-access-point" in neighbour.capabilities and several:
            found.setdefault(neighbour.interface, f"access point {neighbour.system or neighbour.chassis} is on it")


@dataclass(frozen=True, slots=True)
class _Seen:
    switch: SwitchTables
    row: Learned
    uplink: str

    def attachment(self) -> Attachment:
        access = dict(self.switch.access).get(self.row.interface) if not self.uplink else None
        return Attachment(self.switch.name, self.switch.port_name(self.row.interface), access or self.row.vlan)


def place(switches: Sequence[SwitchTables]) -> tuple[Placement, ...]:
    """One placement for each MAC that a forwarding table or an ARP table holds, sorted; not the switches' own MACs."""
    own = frozenset(mac for switch in switches for mac in switch.macs)
    seen: dict[Mac, list[_Seen]] = {r.mac: [] for switch in switches for r in switch.resolved}
    for switch in switches:
        reasons = uplinks(switch, switches)
        for row in switch.learned:
            seen.setdefault(row.mac, []).append(_Seen(switch, row, reasons.get(row.interface, "")))
    read = any(switch.learned for switch in switches)
    return tuple(_placement(mac, seen[mac], read) for mac in sorted(seen) if mac not in own)


def _placement(mac: Mac, seen: list[_Seen], read: bool) -> Placement:
    edges = {(s.switch.name, s.row.interface): s.attachment() for s in seen if not s.uplink}
    behind = {(s.switch.name, s.row.interface): s.attachment() for s in seen if s.uplink}
    vlans = {s.row.vlan for s in seen if s.row.vlan is not None}
    return Placement(
        mac=mac,
        edges=tuple(sorted(edges.values(), key=str)),
        uplinks=tuple(sorted(behind.values(), key=str)),
        vlan=vlans.pop() if len(vlans) == 1 else None,
        note=_note(list(edges.values()), seen, read),
    )


def _note(edges: list[Attachment], seen: list[_Seen], read: bool) -> str:
    if len(edges) > 1:
        return "edge port not known: " + " and ".join(f"{e.switch} {e.port}" for e in sorted(edges, key=str))
    if edges:
        return ""
    if seen:
        first = seen[0].attachment()
        return f"edge port not known: seen only behind {first.switch} {first.port}, where {seen[0].uplink}"
    return (
        "edge port not known: in no forwarding table that was read (aged out, or behind another switch)" if read else ""
    )
