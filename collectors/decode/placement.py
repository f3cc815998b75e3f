"""Switch tables and placements as observations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.model.observation import (
    ATTACHMENT,
    INFRASTRUCTURE_PORT,
    LEASED_TO,
    MAC,
    OWN_IP,
    OWN_MAC,
    OWN_NETWORK,
    Observation,
)
from collectors.decode.sighting import Sighting
from collectors.decode.tables import Neighbour, SwitchTables
from collectors.decode.topology import Placement


def decode_switch(tables: SwitchTables, sighting: Sighting) -> Iterator[Observation]:
    """A switch's own MACs, addresses and subnets on its management address, its ARP rows, its neighbours."""
    for mac in sorted(tables.macs):
        yield sighting.of(tables.address, OWN_MAC, str(mac), confidence=95)
    for ip in tables.ips:
        yield sighting.of(tables.address, OWN_IP, str(ip), confidence=95)
    for network in tables.networks:
        yield sighting.of(tables.address, OWN_NETWORK, str(network), confidence=95)
    for row in tables.resolved:
        where = f"{tables.name} {row.interface}".strip()
        yield sighting.of(row.address, MAC, str(row.mac), confidence=90, vlan=row.vlan, interface=where)
    for lease in tables.snooped:
        where = f"{tables.name} {tables.port_name(lease.interface)}"
        yield sighting.of(lease.address, LEASED_TO, str(lease.mac), confidence=90, vlan=lease.vlan, interface=where)
    for neighbour in tables.neighbours:
        yield from _neighbour(tables, neighbour, sighting)


def _neighbour(tables: SwitchTables, neighbour: Neighbour, sighting: Sighting) -> Iterator[Observation]:
    """Evidence on a neighbour whose chassis id is a MAC; a spoofable word, so it weighs little."""
    if neighbour.mac is None:
        return
    said = {
        "lldp.chassis-id": neighbour.chassis,
        "lldp.system-name": neighbour.system,
        "lldp.system-description": neighbour.description,
        "lldp.capabilities": " ".join(sorted(neighbour.capabilities)),
    }
    where = f"{tables.name} {tables.port_name(neighbour.interface)}"
    for name, value in said.items():
        if value:
            yield sighting.of(neighbour.mac, name, value, confidence=60, interface=where)


def decode_placement(placement: Placement, sighting: Sighting) -> Iterator[Observation]:
    """`attachment` for the one edge port, `infrastructure-port` for each uplink, a warning where no edge is."""
    mac = placement.mac
    if len(placement.edges) == 1:
        edge = placement.edges[0]
        yield sighting.of(mac, ATTACHMENT, str(edge), confidence=95, vlan=placement.vlan, interface=edge.port)
    for behind in placement.uplinks:
        yield sighting.of(mac, INFRASTRUCTURE_PORT, str(behind), vlan=behind.vlan, interface=behind.port)
    if placement.note:
        yield sighting.warning(mac, placement.note)


def decode_edge(
    placement: Placement, switches: Mapping[str, SwitchTables], sighting: Sighting
) -> Iterator[Observation]:
    """What a switch says of the one port that a device is on: its description, the VLAN's name, the power it gives."""
    if len(placement.edges) != 1:
        return
    edge = placement.edges[0]
    tables = switches[edge.switch]
    index = next((i.index for i in tables.interfaces if i.name == edge.port), None)
    told = {
        "fact.port.description": next((i.alias for i in tables.interfaces if i.index == index), ""),
        "fact.port.vlan": dict(tables.vlan_names).get(edge.vlan or 0, ""),
        "fact.port.power": dict(tables.powered).get(index or 0, ""),
    }
    for name, value in told.items():
        if value:
            yield sighting.of(placement.mac, name, value, confidence=90, interface=edge.port)
