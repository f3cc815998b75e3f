"""A DHCP client for one interface (RFC 2131): takes a lease, sets the address and the route, and renews at half time.

`python -m lab.dhcp_client INTERFACE MAC HOSTNAME [ADDRESS]`; on SIGTERM it gives the lease back.
"""

from __future__ import annotations

import random
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from agent.model.address import Mac

MAGIC = b"\x63\x82\x53\x63"
DISCOVER, REQUEST, ACK, RELEASE = 1, 3, 5, 7
BROADCAST = 0x8000


@dataclass(frozen=True, slots=True)
class Lease:
    """What a server gave; `seconds` is its length."""

    address: IPv4Address
    mask: IPv4Address
    router: IPv4Address
    server: IPv4Address
    seconds: int


def message(kind: int, xid: int, mac: Mac, options: dict[int, bytes], own: str = "0.0.0.0") -> bytes:
    """A BOOTP request with DHCP options (RFC 2131, 2; RFC 2132)."""
    head = struct.pack("!BBBBIHH4s4s4s4s", 1, 1, 6, 0, xid, 0, BROADCAST, IPv4Address(own).packed, *[bytes(4)] * 3)
    chosen = {53: bytes([kind]), 61: b"\x01" + mac.packed(), 55: bytes([1, 3, 6, 42, 51]), **options}
    body = b"".join(bytes([code, len(value)]) + value for code, value in chosen.items())
    return head + mac.packed().ljust(16, b"\0") + bytes(192) + MAGIC + body + b"\xff"


def parse(datagram: bytes) -> tuple[int, IPv4Address, dict[int, bytes]]:
    """Transaction, offered address and options of a reply; options are empty where it is none."""
    if len(datagram) < 240 or datagram[0] != 2 or datagram[236:240] != MAGIC:
        return 0, IPv4Address(0), {}
    options, at = {}, 240
    while at + 1 < len(datagram) and datagram[at] != 255:
        if datagram[at] == 0:
            at += 1
            continue
        options[datagram[at]] = datagram[at + 2 : at + 2 + datagram[at + 1]]
        at += 2 + datagram[at + 1]
    return int.from_bytes(datagram[4:8], "big"), IPv4Address(datagram[16:20]), options


def ask(sock: socket.socket, xid: int, packet: bytes) -> tuple[IPv4Address, dict[int, bytes]] | None:
    """Broadcast a message and wait 2 s for its answer."""
    try:
        sock.sendto(packet, ("255.255.255.255", 67))
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            got, address, options = parse(sock.recv(2048))
            if got == xid and options:
                return address, options
    except OSError:  # no carrier yet, or no answer within the socket's timeout
        time.sleep(0.5)
    return None


def obtain(sock: socket.socket, mac: Mac, hostname: str, wanted: str) -> Lease:
    """DISCOVER and REQUEST until a server acknowledges."""
    named = {12: hostname.encode()}
    hoped = {50: IPv4Address(wanted).packed} if wanted else {}
    while True:
        xid = random.getrandbits(32)
        offer = ask(sock, xid, message(DISCOVER, xid, mac, {**named, **hoped}))
        if offer is None or 54 not in offer[1]:
            continue
        chosen = {50: offer[0].packed, 54: offer[1][54]}
        answer = ask(sock, xid, message(REQUEST, xid, mac, {**named, **chosen}))
        if answer and answer[1].get(53) == bytes([ACK]):
            options = answer[1]
            mask, router, server = (IPv4Address(options[code][:4]) for code in (1, 3, 54))
            return Lease(answer[0], mask, router, server, int.from_bytes(options[51], "big"))


def apply(interface: str, lease: Lease) -> None:
    """Set the lease's address and route in place of any other."""
    length = IPv4Network(f"0.0.0.0/{lease.mask}").prefixlen
    for command in (
        f"addr flush dev {interface}",
        f"addr add {lease.address}/{length} dev {interface}",
        f"route replace default via {lease.router}",
    ):
        subprocess.run(["ip", *command.split()], check=True)


def open_socket(interface: str) -> socket.socket:
    """UDP port 68 on one interface."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    sock.bind(("0.0.0.0", 68))
    sock.settimeout(2)
    return sock


class GiveBack(Exception):
    """SIGTERM came."""


def interrupt(_number: int, _frame: object) -> None:
    """Turn SIGTERM into an exception."""
    raise GiveBack


def main(interface: str, mac: Mac, hostname: str, wanted: str) -> None:
    """Keep a lease until SIGTERM."""
    signal.signal(signal.SIGTERM, interrupt)
    sock, lease = open_socket(interface), None
    try:
        while True:
            lease = obtain(sock, mac, hostname, str(lease.address) if lease else wanted)
            apply(interface, lease)
            time.sleep(lease.seconds / 2)
    except GiveBack:
        if lease:
            given = {54: lease.server.packed}
            packet = message(RELEASE, random.getrandbits(32), mac, given, str(lease.address))
            sock.sendto(packet, (str(lease.server), 67))


if __name__ == "__main__":
    main(sys.argv[1], Mac.parse(sys.argv[2]), sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else "")
