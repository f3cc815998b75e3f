"""The agent's own interfaces, addresses and subnets, as iproute2 tells them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from agent.model.address import IpAddress, Mac
from agent.model.errors import EnvironmentFault


@dataclass(frozen=True, slots=True)
class Link:
    """An Ethernet interface that is up, with one of its IPv4 addresses and that address's subnet."""

    interface: str
    mac: Mac
    address: IPv4Address
    network: IPv4Network


@dataclass(frozen=True, slots=True)
class Link6:
    """The same for one of its IPv6 addresses that is good beyond the link."""

    interface: str
    mac: Mac
    address: IPv6Address
    network: IPv6Network


def parse_links6(text: str) -> tuple[Link6, ...]:
    """Read `ip -json address show up`; temporary, tentative and single addresses are no links."""
    return tuple(
        Link6(
            interface=str(row["ifname"]),
            mac=Mac.parse(str(row["address"])),
            address=IPv6Address(str(own["local"])),
            network=IPv6Network(f"{own['local']}/{own['prefixlen']}", strict=False),
        )
        for row, own in _on_ethernet(text, "inet6")
        if own.get("scope") == "global" and int(own["prefixlen"]) < 127
        if not (own.get("temporary") or own.get("tentative"))
    )


def parse_links(text: str) -> tuple[Link, ...]:
    """Read `ip -json address show up`; loopback, point-to-point and /32 addresses are no links."""
    return tuple(
        Link(
            interface=str(row["ifname"]),
            mac=Mac.parse(str(row["address"])),
            address=IPv4Address(str(own["local"])),
            network=IPv4Network(f"{own['local']}/{own['prefixlen']}", strict=False),
        )
        for row, own in _on_ethernet(text, "inet")
        if int(own["prefixlen"]) < 31
    )


def _on_ethernet(text: str, family: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each interface with each of its addresses of the family."""
    for row in json.loads(text or "[]"):
        if row.get("link_type") == "ether":
            yield from ((row, own) for own in row.get("addr_info", []) if own.get("family") == family)


def own_links() -> tuple[Link, ...]:
    """Raise EnvironmentFault where iproute2 is missing or fails."""
    return parse_links(_addresses())


def own_links6() -> tuple[Link6, ...]:
    """Raise EnvironmentFault where iproute2 is missing or fails."""
    return parse_links6(_addresses())


def _addresses() -> str:
    command = ["ip", "-json", "address", "show", "up"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except FileNotFoundError:
        raise EnvironmentFault("ip is not installed", hint="apt-get install iproute2") from None
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFault(f"'{' '.join(command)}' failed: {error}") from None
    return done.stdout


def link_of(address: IpAddress, links: tuple[Link, ...]) -> Link | None:
    """The link whose subnet the address is in, the longest prefix first; None for a routed address."""
    for link in sorted(links, key=lambda link: -link.network.prefixlen):
        if address.version == 4 and address in link.network:
            return link
    return None
