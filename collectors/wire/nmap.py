"""The parent's side of the nmap worker: one scan at a time, ended by a stop flag."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.model.address import IpAddress
from agent.model.errors import EnvironmentFault
from collectors.decode.nmap import OpenPort, decode_scan
from collectors.wire.worker import Worker

NO_ARP = ("-n", "-Pn", "--send-ip", "--disable-arp-ping")
"""nmap must never send ARP of its own: IP packets go through the kernel, no host discovery, no names asked."""

EXCLUDED = "T:515,631,9100-9116,9999,102,502,4001-4016,10001,47808"
"""Ports that no version probe may reach, said to nmap as well as kept from it by the guard."""


_START = 20.0


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan found; `fault` is nmap's complaint, `complete` is False where it was stopped."""

    hosts: dict[IpAddress, tuple[OpenPort, ...]]
    fault: str = ""
    complete: bool = True


def privileged() -> bool:
    """Whether SYN scans are possible; else nmap connects, which sends no payload either.

    NMAP_PRIVILEGED is nmap's own variable for a user who holds CAP_NET_RAW (nmap(1)).
    """
    return os.geteuid() == 0 or "NMAP_PRIVILEGED" in os.environ


class NmapWorker:
    """A running worker; `scan` returns early, and the worker is of no more use, where `stopped` says so."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def start(self) -> None:
        """Raise EnvironmentFault where nmap is not installed."""
        if not self._worker.receive(_START):
            raise EnvironmentFault(f"the nmap worker did not start in {_START:.0f} s")

    def scan(
        self, hosts: Sequence[IpAddress], ports: Sequence[int], arguments: Sequence[str], stopped: Callable[[], bool]
    ) -> Scan:
        """Scan TCP ports of hosts of one family; `arguments` come after the ones that keep nmap from ARP and DNS."""
        kind = ("-sS",) if privileged() else ("-sT", "--unprivileged")
        self._worker.send(
            {
                "hosts": [str(host) for host in hosts],
                "ports": ",".join(str(port) for port in ports),
                "arguments": [*kind, *(["-6"] if hosts[0].version == 6 else []), *NO_ARP, *arguments],
            }
        )
        while not stopped():
            answer = self._worker.receive(0.1)
            if answer is not None:
                found = answer.get("hosts")
                return Scan(decode_scan(found if isinstance(found, dict) else {}), str(answer.get("fault", "")))
        return Scan({}, complete=False)
