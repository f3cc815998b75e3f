"""One process that is all made devices: each socket is opened in its device's namespace (`python -m lab.devices SPEC`).

A Unix socket beside SPEC takes `stop ROLE` and `start ROLE`, a line each, and answers `ok`; what starts is what SPEC
says then.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from lab import netns
from lab.faces import values
from lab.habits import HABITS, forever
from lab.responders import ANSWERS, STREAMS, Answer, Settings, Stream
from lab.snmp_agent import SnmpAgent, V3User, serve, udp_socket


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram by a pure function."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer, or keep quiet."""
        if answer := self._answer(data, addr):
            self._transport.sendto(answer, addr)


Make = Callable[[Mapping[str, Any]], "MadeDevice"]
"""Makes a device of its specification."""


class MadeDevice:
    """One device's listeners and habits, which start and stop together; what it may serve is by kind."""

    streams: Mapping[str, Callable[[Settings], Stream]] = STREAMS
    answers: Mapping[str, Callable[[Settings], Answer]] = ANSWERS

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self._servers: list[asyncio.Server] = []
        self._transports: list[asyncio.BaseTransport] = []
        self._habits: list[asyncio.Task[None]] = []
        self._agents: list[SnmpAgent] = []

    async def start(self) -> None:
        """Open everything."""
        for service in self._spec["services"]:
            await self._open(service)
        for habit in self._spec["habits"]:
            action = HABITS[habit["kind"]](habit)
            self._habits.append(asyncio.create_task(forever(self._spec["namespace"], action, habit["every"])))

    async def _open(self, service: Mapping[str, Any]) -> None:
        if service["kind"] == "snmp":
            self._agents.append(self._snmp(service))
        elif service["protocol"] == "tcp":
            await self._listen(service, self.streams[service["kind"]](service))
        else:
            with netns.inside(self._spec["namespace"]):
                sock = udp_socket("0.0.0.0", service["port"])
            answer = self.answers[service["kind"]](service)
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: Datagrams(answer), sock=sock)
            self._transports.append(transport)

    def _snmp(self, service: Mapping[str, Any]) -> SnmpAgent:
        with netns.inside(self._spec["namespace"]):
            sock = udp_socket("0.0.0.0")
        tree = values(service["face"], service["facts"])
        users = [V3User(**user) for user in service.get("users", ())]
        return serve(sock, lambda: tree, service.get("communities", ()), users)

    async def _listen(self, service: Mapping[str, Any], stream: Stream) -> None:
        with netns.inside(self._spec["namespace"]):
            sock = socket.create_server(("0.0.0.0", service["port"]))
        tls = secured(service["tls"]) if "tls" in service else None
        self._servers.append(await asyncio.start_server(politely(stream), sock=sock, ssl=tls))

    async def stop(self) -> None:
        """Close everything."""
        for task in self._habits:
            task.cancel()
        for server in self._servers:
            server.close()
        for transport in self._transports:
            transport.close()
        for agent in self._agents:
            agent.close()
        for kept in (self._habits, self._servers, self._transports, self._agents):
            kept.clear()


@cache
def secured(file: str) -> ssl.SSLContext:
    """TLS with the key and certificate in one PEM file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def politely(stream: Stream) -> Stream:
    """A stream handler that closes when it is done, whatever the peer does."""

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await stream(reader, writer)
            await writer.drain()
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    return serve_one


def specified(spec: Path, made: Make) -> dict[str, MadeDevice]:
    """The devices of a specification, by role."""
    return {one["role"]: made(one) for one in json.loads(spec.read_text())["devices"]}


async def run(spec: Path, made: Make = MadeDevice) -> None:
    """Be the devices of a specification until SIGTERM."""
    devices = specified(spec, made)
    for device in devices.values():
        await device.start()

    async def obey(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, _, role = (await reader.readline()).decode().strip().partition(" ")
        await devices[role].stop()
        if verb == "start":
            devices[role] = specified(spec, made)[role]
            await devices[role].start()
        writer.write(b"ok\n")

    server = await asyncio.start_unix_server(politely(obey), path=spec.with_suffix(".ctl"))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with server:
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
