"""The process that alone imports scapy (GPL-2.0-only) and alone needs CAP_NET_RAW: it sends ARP requests.

Started as `python -m collectors.wire.frames_worker`. First line in: `{"interface": NAME, "mac": OWN, "address": OWN}`;
then `{"arp": [TARGET, ...]}`, a broadcast frame for each target, an IPv4 address as an integer. Lines out:
`{"ready": true}`, `{"sent": COUNT}`, `{"frames": [HEX, ...]}` for ARP frames on the interface, and
`{"error": TEXT, "hint": TEXT}`.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys

from scapy.arch.linux import L2Socket
from scapy.data import ETH_P_ARP
from scapy.layers.l2 import ARP, Ether

from collectors.wire.frame_ring import TAIL, FrameRing

FRAME_LIMIT = 64
"""Octets of a received frame that are passed on: an ARP packet and its padding."""

AT_ONCE = 512
"""Frames that are sent, or read, before the other direction has its turn."""

BACKLOG = 4 << 20
"""Octets that may wait to be read: the answers of some thousand devices to one burst."""

SO_RCVBUFFORCE = getattr(socket, "SO_RCVBUFFORCE", 33)
"""linux/asm-generic/socket.h; needs CAP_NET_ADMIN."""


def say(**answer: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def request_head(mac: str, address: str) -> bytes:
    """A broadcast ARP request (RFC 826) less the target's address, which is its last four octets."""
    packet = ARP(op=1, hwsrc=mac, psrc=address, hwdst="00:00:00:00:00:00", pdst="0.0.0.0")
    return bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff", type=ETH_P_ARP) / packet)[:-TAIL]


def widen(sock: socket.socket) -> None:
    """A longer queue: past the system's limit where that is permitted, up to it elsewhere."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BACKLOG)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BACKLOG)


def serve(ears: socket.socket, ring: FrameRing) -> None:
    """Send what is asked and pass on what is heard, until stdin ends."""
    say(ready=True)
    while True:
        ready, _, _ = select.select([sys.stdin, ears], [], [])
        if ears in ready:
            hear(ears)
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                return
            ask(ears, ring, json.loads(line)["arp"])


def ask(ears: socket.socket, ring: FrameRing, targets: list[int]) -> None:
    """Send a frame for each target, and read in between; raises struct.error for a target that is no IPv4 address."""
    for start in range(0, len(targets), AT_ONCE):
        ring.send(targets[start : start + AT_ONCE])
        hear(ears)
    say(sent=len(targets))


def hear(ears: socket.socket) -> None:
    """Pass on the frames that have come in, without waiting for any."""
    found: list[str] = []
    with contextlib.suppress(BlockingIOError):
        while len(found) < AT_ONCE:
            found.append(ears.recv(2048, socket.MSG_DONTWAIT)[:FRAME_LIMIT].hex())
    if found:
        say(frames=found)


def main() -> None:
    """Open the interface that the first line names, then serve."""
    first = json.loads(sys.stdin.readline())
    try:
        link = L2Socket(iface=first["interface"], type=ETH_P_ARP, promisc=False)  # closes when nobody holds it
        widen(link.ins)
        serve(link.ins, FrameRing(first["interface"], request_head(first["mac"], first["address"])))
    except PermissionError:
        say(error="no permission to send ARP", hint="run as root or give CAP_NET_RAW")
    except OSError as error:
        say(error=f"{first['interface']}: {error.strerror or error}")


if __name__ == "__main__":
    main()
