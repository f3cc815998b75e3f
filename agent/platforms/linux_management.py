"""What a Linux switch's own management hangs on: its clock, the servers that it names, the way to them; pure.

Sources: timedatectl(1), chrony.conf(5), timesyncd.conf(5), rsyslog.conf(5), dhcrelay(8) as Debian starts it,
pam_radius_auth(5), tacplus_servers of libpam-tacplus, ip-neighbour(8), ip-route(8).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import ip_address

from agent.model.address import IpAddress, Mac
from agent.model.switch import NetworkServer, SwitchClock

CLOCK = (
    "date -u +clock=%s; if command -v timedatectl >/dev/null; then "
    "timeout 3 timedatectl show -p NTPSynchronized 2>/dev/null; fi; true"
)

SERVERS = (
    "(cd /etc; grep -hsE '^(server|peer|pool|NTP=|SERVERS=)' chrony.conf chrony/*.conf chrony/sources.d/* ntp.conf"
    " systemd/timesyncd.conf default/isc-dhcp-relay; grep -hsE '^[^#]*(@|omfwd)' rsyslog.conf rsyslog.d/*;"
    """ awk '!/^#/&&NF{print "AAA",$1}' pam_radius_auth.conf 2>/dev/null; grep -hso '^server=[^, ]*' tacplus_servers)"""
)
"""Of files that hold secrets the hosts alone leave the switch; longer than a terminal's line, the echo would break."""

ARP = "ip -4 neigh show; ip -4 route show default"

_NAMED = (
    ("AAA", r"^(?:AAA |server=)(\S+)"),
    ("DHCP relay", r"""^SERVERS="?([^"\n]*)"""),
    ("NTP", r"^(?:server|peer|pool)\s+(\S+)"),
    ("NTP", r"^NTP=(.*)$"),
    ("syslog", r"^[^#\n]*@@?(?:\([^)]*\))?(\[[^\]]+\]|[^\s;@]+)"),
    ("syslog", r"""^[^#\n]*omfwd[^\n]*target="([^"]+)"""),
)

_HOST = re.compile(r"\[?([0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*|[^\]:]+)\]?(?::\d+)?")


def clock(text: str) -> SwitchClock | None:
    """Seconds since 1970 are the same everywhere, so no zone is needed."""
    seconds = re.search(r"^clock=(\d+)$", text, re.M)
    if not seconds:
        return None
    at = datetime.fromtimestamp(int(seconds[1]), UTC)
    told = re.search(r"^NTPSynchronized=(yes|no)$", text, re.M)
    return SwitchClock(f"{at:%Y-%m-%d %H:%M:%S} UTC", at, told[1] == "yes" if told else None)


def servers(text: str) -> tuple[NetworkServer, ...]:
    """The servers that its daemons' files name, each once; a port behind an address is left off."""
    rows = ((role, words) for role, pattern in _NAMED for words in re.findall(pattern, text, re.M))
    return tuple(sorted({NetworkServer.named(role, _host(word)) for role, words in rows for word in words.split()}))


def _host(word: str) -> str:
    found = _HOST.fullmatch(word)
    return found[1] if found else word


def arp(text: str) -> tuple[tuple[IpAddress, Mac], ...]:
    """Rows of `ip neigh` that have a MAC."""
    rows = re.findall(r"^(\d+\.\d+\.\d+\.\d+) dev \S+ lladdr ([0-9a-f:]{17})", text, re.M)
    return tuple(sorted((ip_address(ip), Mac.parse(mac)) for ip, mac in rows))


def gateways(text: str) -> tuple[IpAddress, ...]:
    """Next hops of the default route."""
    return tuple(sorted({ip_address(hop) for hop in re.findall(r"^default via (\d+\.\d+\.\d+\.\d+)", text, re.M)}))
