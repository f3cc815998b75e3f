"""The process that alone imports scapy (GPL-2.0-only) and alone needs CAP_NET_RAW: it sends single ARP requests.

Started as `python -m collectors.wire.frames_worker`. First line in: `{"interface": NAME}`; then
`{"arp": TARGET, "mac": OWN_MAC, "address": OWN_ADDRESS}`, each one broadcast frame. Lines out: `{"ready": true}`,
`{"sent": TARGET}`, `{"frame": HEX}` for each ARP frame on the interface, `{"error": TEXT, "hint": TEXT}`.
"""

from __future__ import annotations

import json
import select
import sys
from ipaddress import IPv4Address

from scapy.arch.linux import L2Socket
from scapy.data import ETH_P_ARP
from scapy.layers.l2 import ARP, Ether

FRAME_LIMIT = 64
"""Octets of a received frame that are passed on: an ARP packet and its padding."""


def say(**answer: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def request_frame(request: dict[str, str]) -> bytes:
    """An ARP request (RFC 826) as a broadcast frame; raises ValueError for a target that is no IPv4 address."""
    target, address = IPv4Address(request["arp"]), IPv4Address(request["address"])
    packet = ARP(op=1, hwsrc=request["mac"], psrc=str(address), hwdst="00:00:00:00:00:00", pdst=str(target))
    return bytes(Ether(src=request["mac"], dst="ff:ff:ff:ff:ff:ff", type=ETH_P_ARP) / packet)


def open_socket(interface: str) -> L2Socket | None:
    """A packet socket for ARP alone, or None after saying why there is none."""
    try:
        return L2Socket(iface=interface, type=ETH_P_ARP, promisc=False)
    except PermissionError:
        say(error="no permission to send ARP", hint="run as root or give CAP_NET_RAW")
    except OSError as error:
        say(error=f"{interface}: {error.strerror or error}")
    return None


def serve(socket: L2Socket) -> None:
    """Send what is asked and pass on what is heard, until stdin ends."""
    say(ready=True)
    while True:
        ready, _, _ = select.select([sys.stdin, socket.ins], [], [])
        if socket.ins in ready:
            say(frame=socket.ins.recv(2048)[:FRAME_LIMIT].hex())
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                return
            request = json.loads(line)
            socket.outs.send(request_frame(request))
            say(sent=request["arp"])


def main() -> None:
    """Open the interface that the first line names, then serve."""
    opened = open_socket(json.loads(sys.stdin.readline())["interface"])
    if opened:
        serve(opened)


if __name__ == "__main__":
    main()
