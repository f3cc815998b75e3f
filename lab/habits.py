"""What the made devices do by themselves: ask the time, publish a reading, call home, pull a stream, say ARP."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Any

from agent.model.address import Mac
from lab import netns

Settings = Mapping[str, Any]
PLAY = "\r\n".join(["PLAY rtsp://camera/axis-media/media.amp RTSP/1.0", "CSeq: 3", "User-Agent: recorder", "", ""])


async def forever(namespace: str, habit: Callable[[str], Awaitable[None]], every: float) -> None:
    """Do something again and again; a network that refuses is nothing to a device."""
    while True:
        with suppress(OSError):  # unreachable, refused, timed out or no carrier: try again next time
            await asyncio.wait_for(habit(namespace), every + 5)
        await asyncio.sleep(every)


def sockets(namespace: str, kind: int) -> socket.socket:
    """A non-blocking IPv4 socket in a namespace."""
    with netns.inside(namespace):
        sock = socket.socket(socket.AF_INET, kind)
    sock.setblocking(False)
    return sock


def clock(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Ask `server` for the time (RFC 5905), so that the network knows the device is there."""

    async def habit(namespace: str) -> None:
        with sockets(namespace, socket.SOCK_DGRAM) as sock:
            sock.connect((settings["server"], 123))
            sock.send(bytes([0x23]) + bytes(47))

    return habit


def home(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Call the maker's server on the Internet by TCP 80 and UDP 443."""

    async def habit(namespace: str) -> None:
        with sockets(namespace, socket.SOCK_DGRAM) as sock:
            sock.connect((settings["server"], 443))
            sock.send(b"status")
        await exchange(namespace, settings["server"], 80, b"GET / HTTP/1.1\r\nHost: cloud\r\n\r\n", 64)

    return habit


def stream(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Pull a piece of the camera's stream, as a recorder does all day."""

    async def habit(namespace: str) -> None:
        await exchange(namespace, settings["camera"], 554, PLAY.encode(), 8192)

    return habit


async def exchange(namespace: str, address: str, port: int, request: bytes, enough: int) -> bytes:
    """Send a request and read until enough came or the peer closed; 3 s for each step."""
    loop = asyncio.get_running_loop()
    with sockets(namespace, socket.SOCK_STREAM) as sock:
        await asyncio.wait_for(loop.sock_connect(sock, (address, port)), 3)
        await loop.sock_sendall(sock, request)
        answer = b""
        while len(answer) < enough:
            data = await asyncio.wait_for(loop.sock_recv(sock, 65536), 3)
            if not data:
                break
            answer += data
        return answer


def field(text: str) -> bytes:
    """A UTF-8 string of MQTT (3.1.1, 1.5.3)."""
    return struct.pack("!H", len(text.encode())) + text.encode()


def mqtt(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Publish a reading to the broker at QoS 0 (MQTT 3.1.1, 3.1 and 3.3)."""
    connect = field("MQTT") + bytes([4, 2, 0, 60]) + field(settings["client"])
    publish = field(f"sensors/{settings['client']}/co2") + b'{"co2": 612}'

    async def habit(namespace: str) -> None:
        packets = bytes([0x10, len(connect)]) + connect + bytes([0x30, len(publish)]) + publish + b"\xe0\x00"
        await exchange(namespace, settings["broker"], 1883, packets, 4)

    return habit


def arp(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Ask for the gateway by ARP (RFC 826): all that a silent device ever says."""
    mac, own = Mac.parse(settings["mac"]).packed(), IPv4Address(settings["address"]).packed
    gateway = IPv4Address(settings["gateway"]).packed
    request = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + own + bytes(6) + gateway
    frame = b"\xff" * 6 + mac + b"\x08\x06" + request

    async def habit(namespace: str) -> None:
        with netns.inside(namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind(("eth0", 0))
            sock.send(frame)

    return habit


def tlv(kind: int, value: bytes) -> bytes:
    """One element of an LLDPDU (IEEE 802.1AB-2009, 8.4)."""
    return struct.pack("!H", kind << 9 | len(value)) + value


def lldp(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Announce an emulated switch on `interfaces`: chassis, port, 120 s, name, description, bridge and router."""
    mac = Mac.parse(settings["chassis"]).packed()
    elements = tlv(1, b"\x04" + mac) + tlv(2, b"\x05" + settings["port"].encode()) + tlv(3, struct.pack("!H", 120))
    elements += tlv(5, settings["name"].encode()) + tlv(6, settings["description"].encode())
    elements += tlv(7, struct.pack("!HH", 0x14, 0x14)) + tlv(0, b"")
    frame = bytes.fromhex("0180c200000e") + mac + b"\x88\xcc" + elements

    async def habit(namespace: str) -> None:
        for interface in settings["interfaces"]:
            with netns.inside(namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
                sock.bind((interface, 0))
                sock.send(frame)

    return habit


HABITS: Mapping[str, Callable[[Settings], Callable[[str], Awaitable[None]]]] = {
    "clock": clock, "home": home, "stream": stream, "mqtt": mqtt, "arp": arp, "lldp": lldp,
}  # fmt: skip
