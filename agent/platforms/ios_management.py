"""What an IOS switch's own management hangs on: its clock, the servers that it names, the way to them, CDP; pure.

Sources: IOS Configuration Fundamentals Command Reference, `show clock` (the leading symbols); IOS Security, Basic
System Management and IP Addressing guides (`radius server`, `tacacs server`, `ntp server`, `logging host`,
`ip helper-address`, `ip default-gateway`); Cisco Discovery Protocol guide, `show cdp neighbors detail`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address

from agent.model.address import IpAddress, Mac
from agent.model.switch import NetworkServer, SwitchClock

_CLOCK = re.compile(r"^([*.]?)(\d{2}:\d{2}:\d{2})(?:\.\d+)? (\S+) \w{3} (\w{3}) +(\d{1,2}) (\d{4})\s*$", re.M)

_SERVERS = (
    ("AAA", r"^(?:radius|tacacs)-server host (\S+)"),
    ("AAA", r"^(?:radius|tacacs) server \S+\n(?: .*\n)*? address ipv[46] (\S+)"),
    ("AAA", r"^ server-private (\S+)"),
    ("DHCP relay", r"^ ip helper-address (?:global |vrf \S+ )?(\S+)"),
    ("NTP", r"^s?ntp (?:server|peer) (?:vrf \S+ )?(?:ip |ipv6 )?(\S+)"),
    ("syslog", r"^logging (\d+\.\d+\.\d+\.\d+)"),
    ("syslog", r"^logging host (?:ipv6 )?(\S+)"),
)

_BRIDGES = frozenset({"Switch", "Trans-Bridge", "Source-Route-Bridge"})


def clock(text: str, running: str) -> SwitchClock | None:
    """`*` is a clock that nobody has set, `.` one that has lost its server; None where there is no time in the text."""
    found = _CLOCK.search(text)
    if not found:
        return None
    mark, time, zone, month, day, year = found.groups()
    offset = _offset(zone, running)
    at = None
    if offset is not None:
        moment = datetime.strptime(f"{year} {month} {day} {time}", "%Y %b %d %H:%M:%S")
        at = moment.replace(tzinfo=timezone(offset)).astimezone(UTC)
    return SwitchClock(found[0].strip(), at, not mark)


def _offset(zone: str, running: str) -> timedelta | None:
    """What `clock timezone` says of the zone's name, which may be any word; None for a name that it does not know."""
    configured = re.search(r"^clock timezone (\S+) (-?)(\d+)(?: (\d+))?", running, re.M)
    if configured and configured[1] == zone:
        offset = timedelta(hours=int(configured[3]), minutes=int(configured[4] or 0))
        return -offset if configured[2] else offset
    return timedelta() if zone in ("UTC", "GMT") else None


def servers(running: str) -> tuple[NetworkServer, ...]:
    """The servers that the configuration names, each once."""
    text = running + "\n"
    named = ((role, host) for role, pattern in _SERVERS for host in re.findall(pattern, text, re.M))
    return tuple(sorted({NetworkServer.named(role, host) for role, host in named}))


def arp(text: str) -> tuple[tuple[IpAddress, Mac], ...]:
    """Complete rows of `show ip arp`."""
    rows = re.findall(r"^Internet\s+(\S+)\s+\S+\s+([0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\s+ARPA", text, re.M)
    return tuple(sorted((ip_address(ip), Mac.parse(mac)) for ip, mac in rows))


def gateways(running: str) -> tuple[IpAddress, ...]:
    """Next hops of the default route: of a switch that does not route, and of one that does."""
    pattern = r"^ip (?:default-gateway|route(?: vrf \S+)? 0\.0\.0\.0 0\.0\.0\.0(?: [A-Z]\S+)?) (\d+\.\d+\.\d+\.\d+)"
    return tuple(sorted({ip_address(hop) for hop in re.findall(pattern, running, re.M)}))


def cdp_infrastructure(text: str) -> dict[str, str]:
    """Local ports, as they are printed, to the names of routers, switches and access points behind them."""
    found = {}
    for block in re.split(r"^-{10,}$", text, flags=re.M):
        name = re.search(r"^Device ID: ?(\S+)", block, re.M)
        port = re.search(r"^Interface: ?([^,\s]+),", block, re.M)
        told = re.search(r"Capabilities: ?(.*?)\s*$", block, re.M)
        if name and port and told and _is_infrastructure(frozenset(told[1].split())):
            found[port[1]] = name[1]
    return found


def _is_infrastructure(capabilities: frozenset[str]) -> bool:
    """A telephone bridges the machine behind it, and is no network equipment for that."""
    return "Router" in capabilities or (bool(capabilities & _BRIDGES) and "Phone" not in capabilities)
