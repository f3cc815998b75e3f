"""Everything that a whole job sends, as captures on every link show it."""

from __future__ import annotations

import json
import os
import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.lab.samples import comparable, sample
from tests.lab.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: needs network namespaces")]

NEVER = {515, *range(9100, 9117), 9999, *range(4001, 4017), 10001, 502, 102, 47808}
IPP = 631
LINUX_SLL2 = 276
ARP, IPV4, IPV6, TAGGED = 0x0806, 0x0800, 0x86DD, 0x8100
ARP_LIMIT = 10
GROUPS = {IPv4Address("224.0.0.251"), IPv4Address("239.255.255.250")}
"""mDNS, SSDP and WS-Discovery on the agent's own link, which is wholly in scope."""

SPOOLERS = ("mfp", "laser")


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet on one interface: `source` is the frame's source MAC as text, `body` begins after the link layer."""

    at: float
    link: tuple[str, int]
    source: str
    kind: int
    body: bytes


def packets(file: Path) -> Iterator[Packet]:
    """Read a pcap of Linux cooked frames, version 2 (draft-ietf-opsawg-pcaplinktype, LINKTYPE_LINUX_SLL2)."""
    octets = file.read_bytes()
    magic, *_, kind = struct.unpack_from("<IHHiIII", octets)
    assert (magic, kind & 0xFFFF) == (0xA1B2C3D4, LINUX_SLL2), f"{file.name} is no such capture"
    at = 24
    while at + 16 <= len(octets):
        seconds, fraction, size, _ = struct.unpack_from("<IIII", octets, at)
        whole = octets[at + 16 : at + 16 + size]
        protocol, index = struct.unpack_from("!H2xI", whole)
        mac = ":".join(f"{octet:02x}" for octet in whole[12:18])
        body = whole[20:]
        while protocol == TAGGED:
            protocol, body = struct.unpack_from("!2xH", body)[0], body[4:]
        yield Packet(seconds + fraction / 1e6, (file.stem, index), mac, protocol, body)
        at += 16 + size


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment or a datagram; `data` is as much of the payload as was captured, `length` its true length."""

    target: IPv4Address
    source_port: int
    port: int
    protocol: int
    length: int
    data: bytes


def segment(body: bytes) -> Segment | None:
    """The transport part of an IPv4 packet; None for other protocols and later fragments."""
    start, total, protocol = (body[0] & 15) * 4, int.from_bytes(body[2:4], "big"), body[9]
    assert not int.from_bytes(body[6:8], "big") & 0x1FFF, "a fragment: its ports are not seen"
    if protocol not in (6, 17):
        return None
    source_port, port = struct.unpack_from("!HH", body, start)
    head = start + ((body[start + 12] >> 4) * 4 if protocol == 6 else 8)
    return Segment(IPv4Address(body[16:20]), source_port, port, protocol, total - head, body[head:total])


def busiest_second(times: list[float]) -> int:
    """How many of these moments lie in the fullest second, whenever it begins."""
    ordered = sorted(times)
    return max((bisect_left(ordered, at + 1.0) - index for index, at in enumerate(ordered)), default=0)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the captures show of the agent and the router."""

    truth: dict[str, Any]
    all: tuple[Packet, ...]

    def one(self, role: str) -> dict[str, Any]:
        """A device of the truth."""
        return next(device for device in self.truth["devices"] if device["role"] == role)

    def sent(self) -> Iterator[Packet]:
        """The agent's IPv4 packets."""
        own = IPv4Address(self.one("agent")["ips"][0]).packed
        return (p for p in self.all if p.kind == IPV4 and p.body[12:16] == own)

    def segments(self) -> Iterator[Segment]:
        """The agent's TCP segments and datagrams."""
        return (found for packet in self.sent() if (found := segment(packet.body)))

    def requests(self, role: str) -> dict[tuple[tuple[str, int], str], list[tuple[float, IPv4Address]]]:
        """When and for whom a machine's ARP requests went over each link, by link and sending MAC."""
        own = {bytes.fromhex(mac.replace(":", "")) for mac in self.one(role)["macs"]}
        found: dict[tuple[tuple[str, int], str], list[tuple[float, IPv4Address]]] = defaultdict(list)
        for packet in self.all:
            if packet.kind == ARP and packet.body[6:8] == b"\0\1" and packet.body[8:14] in own:
                found[packet.link, packet.body[8:14].hex(":")].append((packet.at, IPv4Address(packet.body[24:28])))
        return found


PACK = "pack"
"""Where the job's export lies, in the site's directory."""


@pytest.fixture(scope="module")
def job(surveyed: Callable[..., Site], tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Seen]:
    """Discover, assess, plan, approve, apply, verify, export; the survey lends its qualified switches."""
    site, folder = surveyed("harmless"), tmp_path_factory.mktemp("capture")
    with site.lab.capture(folder):
        run = site.json("discover")
        assert run["hosts"] > 20 and not run["not_scanned"]
        site.lanward("assess")
        planned = site.applied()
        assert planned["switches"] and site.json("verify") == []
    site.lanward("assess")
    site.lanward("export", "--period", "2026H2", "--format", "json", "--output", str(site.directory / PACK))
    return site, Seen(site.lab.truth(), tuple(p for file in sorted(folder.glob("*.pcap")) for p in packets(file)))


def test_the_captures_hold_what_they_should(job: tuple[Site, Seen]) -> None:
    """Without this the rest could pass on empty files."""
    site, seen = job
    lab = site.lab
    reached = {(found.target, found.port) for found in seen.segments()}
    for role in SPOOLERS:
        assert {(IPv4Address(lab.address(role)), port) for port in (515, 9100, 9999)} <= reached
    assert (IPv4Address(lab.address("ipp")), IPP) in reached
    assert {IPv4Address(one["host"]) for one in seen.truth["switches"]} <= {t for t, port in reached if port == 22}


def test_spools_stay_empty(job: tuple[Site, Seen]) -> None:
    site, _ = job
    assert {role: site.lab.spool(role) for role in (*SPOOLERS, "serial")} == dict.fromkeys((*SPOOLERS, "serial"), b"")


def test_no_octet_goes_to_a_printing_or_controlling_port(job: tuple[Site, Seen]) -> None:
    _, seen = job
    assert [found for found in seen.segments() if found.port in NEVER and found.length] == []


def test_ipp_ports_get_valid_ipp_only(job: tuple[Site, Seen]) -> None:
    """RFC 8010, 4: an HTTP POST of application/ipp; RFC 8010, 3.1.1: version, Get-Printer-Attributes, attributes."""
    _, seen = job
    written = {
        (found.target, found.source_port): found for found in seen.segments() if found.port == IPP and found.length
    }
    assert written
    for found in written.values():
        head, _, body = found.data.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /") and b"\r\nContent-Type: application/ipp\r\n" in head + b"\r\n"
        length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        assert found.length == len(head) + 4 + length, "more than one request, or less"
        assert body[0] in (1, 2) and body[2:4] == b"\x00\x0b" and body[8] == 1
    assert "Get-Printer-Attributes" in job[0].lab.ipp_log()


@pytest.mark.parametrize("role", ["agent", "router"])
def test_arp_keeps_its_pace_on_each_link(job: tuple[Site, Seen], role: str) -> None:
    _, seen = job
    requests = seen.requests(role)
    assert requests
    fullest = {link: busiest_second([at for at, _ in sent]) for link, sent in requests.items()}
    assert max(fullest.values()) <= ARP_LIMIT, fullest


def test_nothing_leaves_the_scope(job: tuple[Site, Seen]) -> None:
    _, seen = job
    scope = [ip_network(text) for text in seen.truth["scope"]]
    sent = [(IPv4Address(packet.body[16:20]), packet.body[8]) for packet in seen.sent()]
    assert {hops for target, hops in sent if target in GROUPS} == {1}, "a router could pass a group's question on"
    targets = {target for target, _ in sent if target not in GROUPS}
    targets |= {target for sent in seen.requests("agent").values() for _, target in sent}
    assert len(targets) > 20
    assert [str(target) for target in sorted(targets) if not any(target in subnet for subnet in scope)] == []
    macs = set(seen.one("agent")["macs"])
    others = {packet.kind for packet in seen.all if packet.source in macs} - {ARP, IPV4}
    assert others == set(), "frames of other kinds come from the agent's machine"


def test_a_plain_version_scan_prints(job: tuple[Site, Seen]) -> None:
    """The control, with the ACLs off again: what the guard is there for."""
    site, _ = job
    site.lanward("release", "ALL")
    lab = site.lab
    scan = ["nmap", "-n", "-Pn", "-sV", "-sC", "-p", "515,631,9100,9999", *(lab.address(role) for role in SPOOLERS)]
    assert lab.run_in("agent", scan, timeout=120).returncode == 0
    assert [role for role in SPOOLERS if not lab.spool(role)] == []


def test_the_samples_are_what_a_run_of_today_gives(job: tuple[Site, Seen]) -> None:
    site, _ = job
    made = comparable(json.loads((site.directory / PACK / "assessment.json").read_text(encoding="utf-8")))
    shown = sample()
    for part in ("devices", "findings", "receipts"):
        assert made[part] == shown[part]
