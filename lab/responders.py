"""What the made devices say on their open ports: web page, raw printing, RTSP, SIP, telnet, SSH banner, NTP."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

Settings = Mapping[str, Any]
Stream = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = Callable[[bytes, tuple[str, int]], bytes]

IDLE = 30.0
"""Seconds without a byte after which a device closes a connection."""

SPOOL_IDLE = 2.0
"""The same for a printing port: the job has ended."""

FRAME = b"$\x00" + struct.pack("!H", 1024) + bytes(range(256)) * 4
"""One interleaved RTP frame of a stream (RFC 2326, 10.12)."""


async def head(reader: asyncio.StreamReader) -> str:
    """The lines of a request up to its empty line; empty where none came in time."""
    try:
        raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE)
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return ""
    return raw.decode("latin-1")


def http(settings: Settings) -> Stream:
    """A device's web page: `title`, `server`, and with `realm`, `user`, `password` a login (RFC 7617)."""
    token = base64.b64encode(f"{settings.get('user')}:{settings.get('password')}".encode()).decode()
    page = f"<html><head><title>{settings['title']}</title></head><body><h1>{settings['title']}</h1></body></html>"

    def answer(request: str) -> tuple[str, str, str]:
        if "realm" in settings and f"\r\nauthorization: basic {token}".lower() not in request.lower():
            return "401 Unauthorized", f'WWW-Authenticate: Basic realm="{settings["realm"]}"\r\n', "Login required"
        path = request.split(" ")[1] if request.count(" ") > 1 else "/"
        return ("200 OK", "", page) if path in ("/", "/index.html") else ("404 Not Found", "", "Not found")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await head(reader)
        if request and re.match(r"[A-Z]+ \S+ HTTP/1\.[01]\r\n", request):
            status, extra, body = answer(request)
            body = "" if request.startswith("HEAD ") else body
            writer.write(
                f"HTTP/1.1 {status}\r\nServer: {settings['server']}\r\n{extra}Content-Type: text/html\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )

    return serve


def spool(settings: Settings) -> Stream:
    """A printing port: every byte goes to paper, here to `file`."""
    target = Path(settings["file"])
    target.touch()

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while data := await asyncio.wait_for(reader.read(65536), SPOOL_IDLE):
            append(target, data)

    return serve


def append(target: Path, data: bytes) -> None:
    """Add to a spool file."""
    with target.open("ab") as out:
        out.write(data)


def rtsp(settings: Settings) -> Stream:
    """An RTSP server that streams interleaved frames on PLAY (RFC 2326)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await head(reader):
            number = re.search(r"^CSeq: *(\d+)", request, re.MULTILINE | re.IGNORECASE)
            method = request.split(" ")[0]
            known = method in ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN")
            lines = [f"RTSP/1.0 {'200 OK' if known else '400 Bad Request'}", f"CSeq: {number[1] if number else 0}"]
            lines += [f"Server: {settings['server']}", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            if method == "PLAY":
                writer.write(FRAME * 16)
            await writer.drain()
            if not known:
                return

    return serve


def telnet(settings: Settings) -> Stream:
    """A console that tells what it is and asks for a password, three times."""
    banner = "\r\n".join(["", *settings["lines"], ""])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(banner.encode())
        for _ in range(3):
            writer.write(b"\r\nPlease keyin your password:")
            await writer.drain()
            if not await asyncio.wait_for(reader.readline(), IDLE):
                return

    return serve


def banner(settings: Settings) -> Stream:
    """A server that speaks first, such as SSH (RFC 4253, 4.2), and understands nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{settings['text']}\r\n".encode())
        await writer.drain()
        await asyncio.wait_for(reader.read(4096), IDLE)

    return serve


def visitors(settings: Settings) -> Stream:
    """A public web server that writes down who came, a JSON line each, to `file`."""
    page = http({"title": "It works", "server": "nginx"})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        note(settings["file"], "tcp", writer.get_extra_info("peername")[0])
        await page(reader, writer)

    return serve


def note(file: str, protocol: str, source: str) -> None:
    """Add a visit to a log."""
    with Path(file).open("a") as log:
        log.write(json.dumps({"at": time.time(), "protocol": protocol, "source": source}) + "\n")


def sip_answer(settings: Settings) -> Answer:
    """200 to OPTIONS, 405 to the rest, with the `agent` that names the device (RFC 3261, 11.2)."""

    def answer(datagram: bytes, _source: tuple[str, int]) -> bytes:
        lines = datagram.decode("latin-1").split("\r\n")
        if not lines[0].endswith("SIP/2.0"):
            return b""
        same = [line for line in lines[1:] if re.match(r"(via|from|to|call-id|cseq|[vfti]) *:", line, re.IGNORECASE)]
        status = "200 OK" if lines[0].startswith("OPTIONS ") else "405 Method Not Allowed"
        name = [f"{settings['header']}: {settings['agent']}"]
        return "\r\n".join([f"SIP/2.0 {status}", *same, *name, "Content-Length: 0", "", ""]).encode()

    return answer


def sip(settings: Settings) -> Stream:
    """SIP over TCP."""
    answer = sip_answer(settings)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await head(reader):
            writer.write(answer(request.encode("latin-1"), ("", 0)))
            await writer.drain()

    return serve


def ntp_answer(_settings: Settings) -> Answer:
    """A stratum 2 time server (RFC 5905, 7.3)."""

    def answer(datagram: bytes, _source: tuple[str, int]) -> bytes:
        if len(datagram) < 48:
            return b""
        now = struct.pack("!II", int(time.time()) + 2208988800, 0)
        return bytes([0x24, 2, 6, 0xEC]) + bytes(8) + b"LNWD" + now + datagram[40:48] + now + now

    return answer


def visit_answer(settings: Settings) -> Answer:
    """A public UDP service that writes down who came and answers nothing."""

    def answer(_datagram: bytes, source: tuple[str, int]) -> bytes:
        note(settings["file"], "udp", source[0])
        return b""

    return answer


STREAMS: Mapping[str, Callable[[Settings], Stream]] = {
    "http": http, "spool": spool, "rtsp": rtsp, "telnet": telnet, "banner": banner, "sip": sip, "visitors": visitors,
}  # fmt: skip
ANSWERS: Mapping[str, Callable[[Settings], Answer]] = {"sip": sip_answer, "ntp": ntp_answer, "visitors": visit_answer}
