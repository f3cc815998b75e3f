"""What is about to be sent, in enough words for the guard to judge it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.model.address import IpAddress


@dataclass(frozen=True, slots=True)
class Probe:
    """One exchange with one address.

    `protocol` is the application's name (`arp`, `icmp`, `snmp`, `ipp`, `http`, `ssh`, `tcp-syn`, `nmap-version`, ...).
    `transport` is tcp, udp or empty below them. `payload` is False where no octet of data follows a handshake.
    `management` marks a session with a switch or router that the configuration names.
    """

    address: IpAddress
    protocol: str
    transport: str = ""
    port: int = 0
    payload: bool = True
    management: bool = False
