"""Real answers of switches' command lines, from ../shared, as tables: what ntc-templates reads in them is all there."""

from __future__ import annotations

import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.guard import PacketGuard
from agent.model.address import Scope
from agent.model.errors import DeviceRefused
from agent.model.observation import ATTACHMENT, INFRASTRUCTURE_PORT, MAC, WARNING
from agent.model.switch import Switch
from agent.ports import Job
from collectors.decode.show import capabilities, decode_show, mac_of, parse
from collectors.decode.tables import SwitchTables
from collectors.show import families
from collectors.tables import TablesCollector

SHARED = Path(os.environ.get("LANWARD_SHARED", Path(__file__).parents[1] / ".." / "shared")).resolve()
ARCHIVE = SHARED / "corpus" / "show-outputs.tar.xz"
HOST = ip_address("192.0.2.1")
needs_answers = pytest.mark.skipif(not ARCHIVE.exists(), reason=f"the answers are absent: no {ARCHIVE}")


@dataclass(frozen=True)
class Answer:
    family: str
    table: str
    name: str
    rows: list[dict[str, Any]]
    tables: SwitchTables


def folder(name: str) -> list[str]:
    """Platform and command of a file's path; the corpus names templates, which write blanks otherwise."""
    return [part.replace("-", "_") if n else part for n, part in enumerate(name.split("/")[1:3])]


@pytest.fixture(scope="module")
def answers() -> tuple[Answer, ...]:
    """Each answer to a command of ours, with the parse that came with it."""
    with tarfile.open(ARCHIVE) as archive:
        texts = {m.name.removeprefix("./"): f.read().decode() for m in archive if (f := archive.extractfile(m))}
    found = []
    for family, tables in families().items():
        for table, columns in tables.items():
            wanted = [family, re.sub(r"[ -]", "_", columns.get("command", ""))]
            for name in sorted(n for n in texts if n.endswith(".raw") and folder(n) == wanted):
                rows = parse(family, columns["command"], texts[name])
                known = yaml.safe_load(texts[name.removesuffix(".raw") + ".yml"])["parsed_sample"]
                found.append(Answer(family, table, name, known, decode_show("sw", HOST, tables, {table: rows})))
    return tuple(found)


@needs_answers
def test_every_family_whose_answers_are_there_is_read(answers: tuple[Answer, ...]) -> None:
    tried = Counter((a.family, a.table) for a in answers)
    assert {family for family, _ in tried} >= {
        *("cisco_ios", "cisco_nxos", "cisco_s300", "arista_eos", "aruba_aoscx", "hp_procurve", "hp_comware"),
        *("huawei_vrp", "juniper_junos", "extreme_exos", "fortinet", "ubiquiti_edgeswitch"),
    }
    assert sum(tried.values()) == 50


def one(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def macs(answer: Answer) -> Iterator[tuple[int, str]]:
    """MAC and port of each row, by the parse that came with the answer."""
    columns = families()[answer.family][answer.table]
    for row in answer.rows:
        digits = re.sub(r"[^0-9a-f]", "", one(row.get(columns.get("mac", columns.get("chassis", "")), "")).lower())
        port = one(row.get(columns.get("port", ""), ""))
        if len(digits) == 12 and int(digits, 16) and not int(digits[:2], 16) & 1:
            yield int(digits, 16), port


@needs_answers
def test_every_row_of_forwarding_and_arp_tables_is_there(answers: tuple[Answer, ...]) -> None:
    total = 0
    for answer in answers:
        if answer.table == "forwarding":
            held = {row.mac.value for row in answer.tables.learned} | {mac.value for mac in answer.tables.macs}
            rows = {mac for mac, port in macs(answer) if not re.match(r"(?i)drop|igmp|vpc|multicast|$", port)}
        elif answer.table in ("arp", "neighbours6"):
            held = {row.mac.value for row in answer.tables.resolved}
            rows = {mac for mac, _ in macs(answer)}
        else:
            continue
        assert rows <= held, answer.name
        total += len(rows)
    assert total >= 120


@needs_answers
def test_every_neighbour_stands_at_its_port_by_its_full_name(answers: tuple[Answer, ...]) -> None:
    total = 0
    for answer in (a for a in answers if a.table in ("lldp", "cdp")):
        columns = families()[answer.family][answer.table]
        wanted = [r for r in answer.rows if one(r.get(columns["port"])) and one(r.get(columns["chassis"]))]
        assert len(answer.tables.neighbours) == len(wanted), answer.name
        for row, neighbour in zip(wanted, answer.tables.neighbours, strict=True):
            name = answer.tables.port_name(neighbour.interface)
            digits = re.sub(r"\.0$", "", re.sub(r"^[A-Za-z-]+ ?", "", one(row[columns["port"]])))
            assert name.endswith(digits.replace(" ", "_")) and not re.match(r"(?:Gi|Te|Eth|Et|XGE|GE)\d", name)
            assert one(row.get(columns["system"], ""))[:40].strip() in neighbour.system
        total += len(wanted)
    assert total > 60


@needs_answers
def test_trunks_are_told_from_access_ports(answers: tuple[Answer, ...]) -> None:
    status = [a for a in answers if a.table == "status"]
    assert sum(len(a.tables.trunks) for a in status) > 10 and sum(len(a.tables.plain) for a in status) > 50
    assert not any(a.tables.trunks & a.tables.plain for a in status)


def test_macs_in_every_grouping() -> None:
    for text in ("3821c7-c1cd00", "3821-c7c1-cd00", "3821.c7c1.cd00", "38:21:c7:c1:cd:00", "3821c7c1cd00"):
        assert str(mac_of(text)) == "38:21:c7:c1:cd:00"
    for text in ("", "0000.0000.0000", "0100.5e00.0001", "2001:db8::1", "Incomplete"):
        assert mac_of(text) is None


def test_capabilities_in_letters_and_words() -> None:
    assert capabilities("B,R") == capabilities("bridge router") == capabilities("Router Switch IGMP")
    assert capabilities("B, T") == {"bridge", "telephone"} and capabilities("WLAN") == {"wlan-access-point"}


# --- a whole switch, through the collector ---

IOS = {
    "show mac address-table": """          Mac Address Table
-------------------------------------------

Vlan    Mac Address       Type        Ports
----    -----------       --------    -----
 All    0100.0ccc.cccc    STATIC      CPU
  30    0011.2233.4455    DYNAMIC     Gi1/0/3
  30    00bb.0000.0002    DYNAMIC     Gi1/0/24
  40    0011.2233.4466    DYNAMIC     Gi1/0/24
Total Mac Addresses for this criterion: 4
""",
    "show ip arp": """Protocol  Address          Age (min)  Hardware Addr   Type   Interface
Internet  10.20.30.9              4   0011.2233.4455  ARPA   Vlan30
Internet  10.20.30.1              -   00bb.0000.0001  ARPA   Vlan30
""",
    "show interfaces status": """
Port      Name               Status       Vlan       Duplex  Speed Type
Gi1/0/3   reception          connected    30         a-full  a-100 10/100/1000BaseTX
Gi1/0/24  core1              connected    trunk      a-full a-1000 10/100/1000BaseTX
""",
    "show power inline": """
Interface Admin  Oper       Power   Device              Class Max
                            (Watts)
--------- ------ ---------- ------- ------------------- ----- ----
Gi1/0/3   auto   on         7.0     Ieee PD             2     30.0
Gi1/0/24  auto   off        0.0     n/a                 n/a   30.0
""",
    "show ip dhcp snooping binding": """
MacAddress          IpAddress        Lease(sec)  Type           VLAN  Interface
------------------  ---------------  ----------  -------------  ----  --------------------
00:11:22:33:44:55   10.20.30.9       85000       dhcp-snooping   30    GigabitEthernet1/0/3
Total number of bindings: 1
""",
}


class Console:
    """A switch's command line that knows some commands, and the enforcer that opens it."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known, self.asked = known, list[str]()

    @contextmanager
    def open(self, switch: Switch) -> Iterator[Console]:
        yield self

    def show(self, command: str) -> str:
        self.asked.append(command)
        if command not in self.known:
            raise DeviceRefused("acc1", command, "% Invalid input detected")
        return self.known[command]


class Now:
    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError


def collected(known: dict[str, str], platform: str = "cisco_ios") -> list[tuple[str, str, str]]:
    guard = PacketGuard(Scope.parse(["10.20.0.0/16"]), Now(), management=frozenset({HOST}))
    switch = Switch("acc1", str(HOST), platform, "switches")
    job = Job("here", (), guard, Now(), None, switches=(switch,), enforcer=Console(known))  # type: ignore[arg-type]  # asks none
    return [(o.attribute, str(o.address), o.value) for o in TablesCollector().collect(job, lambda _: None)]


def test_a_switch_without_snmp_tells_the_same_by_its_command_line() -> None:
    seen = collected(IOS)
    assert (MAC, "10.20.30.9", "00:11:22:33:44:55") in seen
    assert ("leased-to", "10.20.30.9", "00:11:22:33:44:55") in seen
    assert (ATTACHMENT, "00:11:22:33:44:55", "acc1 GigabitEthernet1/0/3 30") in seen
    assert ("fact.port.description", "00:11:22:33:44:55", "reception") in seen
    assert ("fact.port.power", "00:11:22:33:44:55", "PoE class 2") in seen
    assert (INFRASTRUCTURE_PORT, "00:11:22:33:44:66", "acc1 GigabitEthernet1/0/24 40") in seen
    assert not [address for name, address, _ in seen if name == ATTACHMENT and address != "00:11:22:33:44:55"]


def test_commands_that_a_model_lacks_are_passed_over_but_its_forwarding_table_is_missed() -> None:
    only = {"show mac address-table": IOS["show mac address-table"]}
    assert [v for name, _, v in collected(only) if name == WARNING and "refused" in v] == []
    assert any("refused 'show mac address-table'" in v for name, _, v in collected({}) if name == WARNING)


def test_an_answer_that_is_not_understood_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = IOS | {"show ip arp": "Protocol  Address\nno such thing at all\n"}
    assert any("not understood: 'show ip arp'" in value for name, _, value in collected(odd) if name == WARNING)
    assert (ATTACHMENT, "00:11:22:33:44:55", "acc1 GigabitEthernet1/0/3 30") in collected(odd)


def test_a_switch_of_a_family_that_is_not_known_says_so() -> None:
    assert any("has no SNMP credential: not read" in value for _, _, value in collected(IOS, "linux"))
