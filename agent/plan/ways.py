"""By which port a switch reaches the servers that its own management hangs on; pure.

A server that the switch has in its ARP table, or that the register knows, is behind the port where its MAC is live;
any other is behind the port of the default gateway.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from agent.model.address import IpAddress, Mac
from agent.model.switch import NetworkServer, SwitchState

Known = tuple[tuple[IpAddress, Mac], ...]
"""Addresses and MACs of the register."""


@dataclass(frozen=True, slots=True)
class Way:
    """A server and the ports that lead to it; none where its way cannot be seen on this switch."""

    server: NetworkServer
    ports: tuple[str, ...]


def ways(state: SwitchState, known: Known = ()) -> tuple[Way, ...]:
    """One for each server of the switch's configuration."""
    rows = (*state.arp, *known)
    return tuple(Way(server, _ports(state, _next_hops(state, server, rows))) for server in state.servers)


def leads_to(state: SwitchState, port: str, known: Known = ()) -> str:
    """The server that a port leads to, in words, or an empty string."""
    found = (way.server for way in ways(state, known) if port in way.ports)
    return next((f"the way to the {one.role} server {one.host}" for one in found), "")


def _next_hops(state: SwitchState, server: NetworkServer, rows: Known) -> frozenset[Mac]:
    address = _address(server.host)
    direct = frozenset(mac for ip, mac in rows if ip == address)
    return direct or frozenset(mac for ip, mac in rows if ip in state.gateways)


def _address(host: str) -> IpAddress | None:
    """None for a name: who it is today, only a resolver knows."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _ports(state: SwitchState, macs: Iterable[Mac]) -> tuple[str, ...]:
    wanted = frozenset(macs)
    return tuple(sorted({row.port for row in state.macs if row.mac in wanted}))
