"""TCP handshakes without a payload, for looks before and after a change; and what this machine is itself."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from agent.model.address import IpAddress, Mac, parse_ip
from agent.model.errors import BadMac

SECONDS = 1.5
"""How long a handshake may take; offices are near."""

AT_ONCE = 16

Target = tuple[IpAddress, int]


@dataclass(frozen=True, slots=True)
class TcpProber:
    """Asks from this machine; the caller has asked the guard."""

    seconds: float = SECONDS

    def source(self, address: IpAddress) -> IpAddress | None:
        """This machine's own address towards another one; connecting a datagram socket sends nothing."""
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((str(address), 9))
            except OSError:
                return None
            return parse_ip(str(probe.getsockname()[0]))

    def own_macs(self) -> tuple[Mac, ...]:
        """The MACs of this machine's interfaces, from sysfs."""
        texts = (path.read_text(encoding="ascii") for path in Path("/sys/class/net").glob("*/address"))
        return tuple(sorted({mac for text in texts if (mac := _mac(text)) is not None and mac.value}))

    def answers(self, targets: Sequence[Target]) -> dict[Target, bool]:
        """Whether each TCP port completes a handshake; a reset or silence is False."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(targets, pool.map(self._answers, targets), strict=True))

    def _answers(self, target: Target) -> bool:
        address, port = target
        try:
            socket.create_connection((str(address), port), self.seconds).close()
        except OSError:
            return False
        return True


def _mac(text: str) -> Mac | None:
    try:
        return Mac.parse(text)
    except BadMac:
        return None


prober = TcpProber()
