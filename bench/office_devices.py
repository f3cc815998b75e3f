"""One process that is all devices of a VLAN of the bench's office (`python -m bench.office_devices SPEC`)."""

from __future__ import annotations

import asyncio
import resource
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from bench.agents import Capture, response
from collectors.decode.snmp_message import Malformed, decode
from lab.devices import MadeDevice, run
from lab.responders import ANSWERS, IDLE, STREAMS, Answer, Settings, Stream, head

TAGS: Mapping[str, str] = {"s": "4", "x": "4x", "i": "2", "o": "6", "g": "66", "c": "65", "t": "67"}
"""lab/faces.yaml's types as snmprec's tags."""

CHARSET, LANGUAGE, TEXT = 0x47, 0x48, 0x41
OPERATION, PRINTER, END = b"\x01", b"\x04", b"\x03"


def mib(settings: Settings) -> Answer:
    """An SNMP v1/v2c agent: `values` are OID, type and text; another community than its own meets silence."""
    rows = ((oid, TAGS[kind], text.replace(":", "") if kind == "x" else text) for oid, kind, text in settings["values"])
    tree, community = Capture.of((*rows, ("1.3.6.1.2.1.1.3.0", "67", "86400000"))), settings["community"]

    def answer(datagram: bytes, _source: tuple[str, int]) -> bytes:
        try:
            asked = decode(datagram)
        except Malformed:
            return b""
        return response(datagram, asked, tree.answer(asked)) if asked.community == community else b""

    return answer


def attribute(tag: int, name: str, value: str) -> bytes:
    """One IPP attribute of one value (RFC 8010, 3.1.4)."""
    octets = value.encode()
    return struct.pack("!BH", tag, len(name)) + name.encode() + struct.pack("!H", len(octets)) + octets


def printer_attributes(settings: Settings, request: bytes) -> bytes:
    """The answer to Get-Printer-Attributes: make, and device id and firmware where the device has them."""
    common = attribute(CHARSET, "attributes-charset", "utf-8") + attribute(
        LANGUAGE, "attributes-natural-language", "en"
    )
    named = {"printer-make-and-model": "make", "printer-device-id": "id", "printer-firmware-string-version": "firmware"}
    own = (attribute(TEXT, name, settings[key]) for name, key in named.items() if settings.get(key))
    return b"\x01\x01\0\0" + request[4:8] + OPERATION + common + PRINTER + b"".join(own) + END


def ipp(settings: Settings) -> Stream:
    """A printer's IPP server: it answers each POST with its attributes, and shows no page."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fields = dict(line.lower().split(": ", 1) for line in (await head(reader)).split("\r\n") if ": " in line)
        length = int(fields.get("content-length", "0"))
        if not fields:
            return
        body = await asyncio.wait_for(reader.readexactly(length), IDLE)
        told = printer_attributes(settings, body) if len(body) >= 8 else b""
        status = "200 OK" if told else "404 Not Found"
        lines = [f"HTTP/1.1 {status}", f"Server: {settings['server']}", "Content-Type: application/ipp"]
        lines += [f"Content-Length: {len(told)}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode() + told)

    return serve


def shell(settings: Settings) -> Stream:
    """An SSH server that tells its version, reads the client's and finds no algorithm in common."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{settings['text']}\r\n".encode())
        await writer.drain()
        await asyncio.wait_for(reader.read(4096), IDLE)

    return serve


def rdp(_settings: Settings) -> Stream:
    """A remote desktop that confirms a connection and asks for TLS (MS-RDPBCGR 2.2.1.2)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await asyncio.wait_for(reader.read(4096), IDLE))[:1] == b"\x03":
            writer.write(bytes.fromhex("030000130ed00000123400021f080002000000"))
            await writer.drain()
            await asyncio.wait_for(reader.read(4096), IDLE)

    return serve


def silent(_settings: Settings) -> Stream:
    """A port of a protocol that answers nobody whom it does not understand."""

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await asyncio.wait_for(reader.read(4096), IDLE):
            pass

    return serve


class OfficeDevice(MadeDevice):
    """One device of the office."""

    streams: Mapping[str, Callable[[Settings], Stream]] = MappingProxyType(
        {**STREAMS, "ipp": ipp, "shell": shell, "rdp": rdp, "silent": silent}
    )
    answers: Mapping[str, Callable[[Settings], Answer]] = MappingProxyType({**ANSWERS, "mib": mib})


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(run(Path(sys.argv[1]), OfficeDevice))
