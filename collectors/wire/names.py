"""Names of hosts to addresses, by the system's own resolver."""

from __future__ import annotations

import socket

from agent.model.address import IpAddress, parse_ip
from agent.model.errors import BadAddress


def resolve(host: str) -> IpAddress:
    """A literal address, or the first one of a name, IPv4 before IPv6; raise BadAddress where there is none."""
    try:
        return parse_ip(host)
    except BadAddress:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise BadAddress(f"'{host}' is neither an address nor a name that can be resolved") from None
    best = min(found, key=lambda row: row[0] != socket.AF_INET)
    return parse_ip(str(best[4][0]))
