"""SNMPv1 and v2c over one UDP socket for all agents: what carries the mass queries."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Any

from agent.model.errors import DeviceRefused, DeviceUnreachable
from collectors.decode.snmp_message import GET, GET_BULK, GET_NEXT, RESPONSE, Malformed, Message, decode, encode
from collectors.wire.snmp import Answer, Ask, Kind, SnmpTarget

_KINDS = {Kind.GET: GET, Kind.NEXT: GET_NEXT, Kind.BULK: GET_BULK}
_BUFFER = 4 << 20
"""Octets of answers that may wait while Python is busy; Linux gives no more than net.core.rmem_max."""

Peer = tuple[str, int]


class DatagramWire(asyncio.DatagramProtocol):
    """Requests under way by peer and request id; an answer from elsewhere, or that nobody waits for, is nothing."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Peer, int], asyncio.Future[Message]] = {}
        self._noise: dict[Peer, str] = {}
        self._transports: dict[int, asyncio.DatagramTransport] = {}
        self._request = random.randrange(1 << 30)

    def close(self) -> None:
        """Give the sockets back."""
        for transport in self._transports.values():
            transport.close()

    async def ask(self, target: SnmpTarget, request: Ask) -> Answer:
        """See Wire; raises Malformed where nothing but noise came back."""
        transport = await self._transport(target.address.version)
        peer = (str(target.address), target.port)
        self._request = number = self._request + 1 & 0x7FFFFFFF
        kind = Kind.NEXT if request.kind is Kind.BULK and target.version == "1" else request.kind
        octets = encode(_KINDS[kind], target.version, target.community, number, request.oids, request.repetitions)
        self._noise.pop(peer, None)
        for _ in range(target.retries + 1):
            if said := await self._tried(transport, octets, (peer, number), target.timeout):
                return Answer(said.status, said.index, said.varbinds)
        if noise := self._noise.pop(peer, ""):
            raise Malformed(noise)
        raise DeviceUnreachable(str(target.address), "no SNMP answer")

    async def _tried(
        self, transport: asyncio.DatagramTransport, octets: bytes, key: tuple[Peer, int], seconds: float
    ) -> Message | None:
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        try:
            transport.sendto(octets, key[0])
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        except OSError as error:
            raise DeviceRefused(key[0][0], "SNMP", error.strerror or "it cannot be sent to") from None
        finally:
            del self._waiting[key]

    async def _transport(self, version: int) -> asyncio.DatagramTransport:
        if version not in self._transports:
            sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            sock.bind(("", 0))
            made, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=sock)
            self._transports[version] = made
        return self._transports[version]

    # --- asyncio.DatagramProtocol ---

    def connection_made(self, transport: Any) -> None:
        """Nothing to do: `_transport` holds it."""

    def datagram_received(self, octets: bytes, source: tuple[Any, ...]) -> None:
        """Hand an answer to whoever waits for it."""
        peer = (source[0].partition("%")[0], source[1])
        try:
            said = decode(octets)
        except Malformed as fault:
            self._noise[peer] = str(fault)
            return
        future = self._waiting.get((peer, said.request))
        if future and not future.done() and said.kind == RESPONSE:
            future.set_result(said)
