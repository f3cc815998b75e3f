"""WS-Discovery: cameras by ONVIF, printers and scanners by DPWS, and what their metadata say of maker and model."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from ipaddress import IPv4Address

from agent.model.address import IpAddress, Mac
from agent.model.device import Port
from agent.model.observation import ALIVE, PORT, SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.http import decode_http
from collectors.decode.wsd import (
    CAMERA,
    WSD_PORT,
    decode_matches,
    decode_metadata,
    encode_get,
    encode_probe,
    metadata_location,
)
from collectors.groups import GroupInquiry, ask_links
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.http import exchange, post_request

GROUP = IPv4Address("239.255.255.250")
LISTEN = 1.5
"""Seconds: devices answer within half a second (WS-Discovery 1.1, 3.1.3, APP_MAX_DELAY)."""

DEVICE = "Device"
"""The type of DPWS devices, whose metadata anybody may read."""


class WsdCollector:
    """Probes for devices, and asks each DPWS device that answers for its metadata."""

    name = "wsd"
    phase = "sweep"
    produces: tuple[str, ...] = ("wsd.", "onvif.", ALIVE, PORT, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("udp", WSD_PORT, "ws-discovery"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        found: dict[IpAddress, dict[str, str]] = {}
        for seen in ask_links(job, report, _probe(str(uuid.uuid4()))):
            if not isinstance(seen.address, Mac):
                found.setdefault(seen.address, {})[seen.attribute] = seen.value
            yield seen
        yield from _metadata(job, report, {a: t for a, t in found.items() if DEVICE in t.get("wsd.types", "").split()})


def _probe(token: str) -> GroupInquiry:
    return GroupInquiry(
        name="wsd",
        group=GROUP,
        port=WSD_PORT,
        to_all=(encode_probe(token), encode_probe(token, CAMERA)),
        to_one=lambda _address: encode_probe(token),
        listen=LISTEN,
        decode=lambda datagrams, address, sighting: decode_matches(datagrams, token, address, sighting),
    )


def _metadata(job: Job, report: Report, devices: dict[IpAddress, dict[str, str]]) -> Iterator[Observation]:
    where = {a: place for a, told in devices.items() if (place := metadata_location(told.get("wsd.xaddrs", ""), a))}

    def ask(question: Question) -> Observations:
        address, (port, path) = question.address, where[question.address]
        body = encode_get(str(uuid.uuid4()), devices[address].get("wsd.endpoint", ""))
        request = post_request(address, port, path, "application/soap+xml", body)
        reply = decode_http(exchange(address, port, request).octets)
        if reply.status != 200:
            why = f"tcp/{port} gives no device metadata: HTTP status {reply.status}"
            return (question.sighting.warning(address, why),)
        return decode_metadata(reply.body, address, question.sighting)

    yield from in_turn(job, report, Inquiry("wsd", "http", ask), {a: (place[0],) for a, place in where.items()})


collector = WsdCollector()
