"""systemd's notification protocol (sd_notify(3)): one datagram a message on the socket that it names."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"


def tell(*lines: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send assignments to systemd; False where nobody listens, for a daemon also runs without it."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto("\n".join(lines).encode(), name)
        return True
    return False


def status(text: str) -> str:
    """The assignment behind `systemctl status`'s line."""
    return f"STATUS={text}"
