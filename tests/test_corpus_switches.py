"""The tables of the real switches of ../shared: all load, edge ports are told from uplinks, what is known agrees."""

from __future__ import annotations

import asyncio
import bisect
import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any

import pytest

from agent.model.address import Mac
from agent.model.switch import Switch
from collectors.decode.tables import CISCO_COLUMNS, COLUMNS, UNTOLD, Neighbour, SwitchTables
from collectors.decode.topology import CROWD, place, uplinks
from collectors.decode.varbind import SnmpValue, Varbind, numbers
from collectors.tables import read_switch
from collectors.wire.snmp import SnmpTarget, Walk

SHARED = Path(os.environ.get("LANWARD_SHARED", Path(__file__).parents[1] / ".." / "shared")).resolve()
ARCHIVE = SHARED / "corpus" / "snmp-switches.tar.xz"
pytestmark = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"the captures are absent: no {ARCHIVE}")
ROOTS = tuple(f"{root}." for root in (*COLUMNS.values(), *CISCO_COLUMNS.values(), "1.3.6.1.2.1.1"))
HOST = ip_address("192.0.2.1")


def value_of(tag: str, text: str) -> SnmpValue:
    """A value of a capture by its tag: a number of ASN.1's, `x` behind it for hexadecimal text, `e` for escapes."""
    if tag == "4e":
        return text.encode("latin-1").decode("unicode_escape").encode("latin-1")
    if tag.endswith("x"):
        octets = bytes.fromhex(text.replace(" ", ""))
        return IPv4Address(octets) if tag == "64x" else octets
    if tag == "4":
        return text.encode()
    return IPv4Address(text) if tag == "64" else text if tag == "6" else int(text)


def varbinds(capture: bytes) -> dict[tuple[int, ...], SnmpValue]:
    found: dict[tuple[int, ...], SnmpValue] = {}
    for line in capture.decode("utf-8", "replace").split("\n"):
        if not line.startswith(ROOTS):
            continue
        try:
            oid, tag, text = line.rstrip("\r").split("|", 2)
            found[numbers(oid)] = value_of(tag, text)
        except ValueError:
            continue  # a continued or damaged line of the capture
    return found


class Agent:
    """An SNMP agent of one capture."""

    def __init__(self, capture: bytes) -> None:
        self.rows = varbinds(capture)
        self.keys = sorted(self.rows)

    async def get(self, _: SnmpTarget, oids: Iterable[str]) -> tuple[Varbind, ...]:
        return tuple((oid, self.rows[numbers(oid)]) for oid in oids if numbers(oid) in self.rows)

    async def walk(self, _: SnmpTarget, root: str, limit: int) -> Walk:
        base = numbers(root)
        start = bisect.bisect_right(self.keys, base)
        end = bisect.bisect_left(self.keys, (*base[:-1], base[-1] + 1))
        return Walk(tuple((".".join(map(str, k)), self.rows[k]) for k in self.keys[start:end][:limit]))

    async def columns(self, target: SnmpTarget, roots: Sequence[str], limit: int) -> tuple[Walk, ...]:
        return tuple([await self.walk(target, root, limit) for root in roots])


@dataclass
class Known:
    """One line of switches.jsonl, and what was read of its capture."""

    truth: dict[str, Any]
    tables: SwitchTables

    @cached_property
    def uplinks(self) -> dict[int, str]:
        return uplinks(self.tables, [self.tables])

    def wanted(self, *kinds: str) -> int:
        return sum(self.truth["rows"][kind] for kind in kinds)


@pytest.fixture(scope="module")
def switches() -> tuple[Known, ...]:
    with tarfile.open(ARCHIVE) as archive:
        files = {Path(m.name).name: f.read() for m in archive if (f := archive.extractfile(m))}
    found = []
    for line in files["switches.jsonl"].decode().splitlines():
        truth = json.loads(line)
        switch, target = Switch(truth["name"], str(HOST), "any", "x"), SnmpTarget(HOST, community="c")
        read = asyncio.run(read_switch(Agent(files[truth["snmprec"]]), switch, target))  # type: ignore[arg-type]  # in part
        assert read.tables is not None and not read.faults
        found.append(Known(truth, read.tables))
    return tuple(found)


def silent(switches: Sequence[Known], read: str, *kinds: str) -> set[str]:
    """Captures that have rows of a kind of which nothing was read."""
    return {one.truth["name"] for one in switches if one.wanted(*kinds) and not getattr(one.tables, read)}


def test_the_tables_of_all_load(switches: tuple[Known, ...]) -> None:
    assert len(switches) == 181
    assert silent(switches, "learned", "fdb_bridge", "fdb_qbridge") == {"fortiswitch_424ef"}  # ports without MACs
    assert silent(switches, "neighbours", "lldp_rem", "cdp_cache") == set()
    no_mac = {"arubaos-cx_10.06", "lambdatrail_hs"}  # one row each, of zeros, of a foreign index
    assert silent(switches, "resolved", "ipNetToMedia", "ipNetToPhysical") == no_mac
    assert sum(len(s.tables.neighbours) for s in switches) == sum(s.wanted("lldp_rem", "cdp_cache") for s in switches)
    learned = sum(len(s.tables.learned) for s in switches)
    rows = sum(s.wanted("fdb_qbridge") or s.wanted("fdb_bridge") for s in switches)
    assert learned > 0.99 * (rows - 280)


def agrees(tables: SwitchTables, truth: dict[str, Any]) -> bool:
    """Whether a neighbour that LibreNMS knows is read at the same port."""
    ports = {str(truth["ifName"]).lower(), str(truth["ifDescr"]).lower().replace(" ", "_")}
    here = (n for n in tables.neighbours if tables.port_name(n.interface).lower() in ports)
    return any(str(truth["remote_hostname"])[:20].lower() in text(n) for n in here)


def text(neighbour: Neighbour) -> str:
    compact = neighbour.chassis.replace(":", "")
    return f"{neighbour.system} {neighbour.chassis} {compact} {neighbour.description}".lower()


def test_neighbours_stand_at_the_ports_where_others_found_them(switches: tuple[Known, ...]) -> None:
    told = [(s, truth) for s in switches for truth in s.truth["truth_neighbours"] or ()]
    missed = Counter(s.truth["name"] for s, truth in told if not agrees(s.tables, truth))
    assert len(told) == 303 and missed == {"timos": 4}  # Nokia's own MIB alone has them


def test_macs_and_addresses_agree_where_they_are_known(switches: tuple[Known, ...]) -> None:
    for one in switches:
        macs = {row.mac for row in one.tables.learned}
        assert {Mac.parse(row["mac_address"]) for row in one.truth["truth_fdb"] or ()} <= macs
        arp = {(str(row.address), row.mac) for row in one.tables.resolved}
        known = {(r["ipv4_address"], Mac.parse(r["mac_address"])) for r in one.truth["truth_arp"] or ()}
        assert known <= arp


def crowds(one: Known) -> Counter[int]:
    return Counter(port for port, _ in {(row.interface, row.mac) for row in one.tables.learned})


def test_edge_ports_are_told_from_uplinks(switches: tuple[Known, ...]) -> None:
    """No attachment is where a switch or router is heard, spanning tree knows one, a crowd is, or no port is told."""
    edges = 0
    for one in switches:
        tables, names = one.tables, {i.index: i.name for i in one.tables.interfaces}
        heard = {n.interface for n in tables.neighbours if "bridge" in n.capabilities and "telephone" not in
                 n.capabilities and "wlan-access-point" not in n.capabilities}  # fmt: skip
        behind = heard | tables.bridges | tables.trunks | {i for i, n in crowds(one).items() if n > CROWD} | {UNTOLD}
        attached = {edge.port for placement in place([tables]) for edge in placement.edges}
        assert not attached & {names.get(index, tables.port_name(index)) for index in behind - tables.plain}, one.truth
        edges += sum(1 for index in crowds(one) if index not in one.uplinks)
    assert 500 < edges < 700


def test_a_mac_without_an_edge_port_has_a_reason(switches: tuple[Known, ...]) -> None:
    for one in switches:
        for placement in place([one.tables]):
            if len(placement.edges) != 1 and one.tables.learned:
                assert placement.note.startswith("edge port not known: "), placement
