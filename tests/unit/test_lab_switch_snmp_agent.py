"""The SNMP agent against net-snmp, an independent implementation."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lab.snmp_agent import (
    Community,
    Counter,
    Counter64,
    Gauge,
    Integer,
    IpAddress,
    Octets,
    Oid,
    OidKey,
    TimeTicks,
    V3User,
    Value,
    View,
    serve,
)

SYSTEM: Mapping[OidKey, Value] = {
    (1, 3, 6, 1, 2, 1, 1, 1, 0): Octets.text("a tree"),
    (1, 3, 6, 1, 2, 1, 1, 2, 0): Oid.parse("1.3.6.1.4.1.9.1.1"),
    (1, 3, 6, 1, 2, 1, 1, 3, 0): TimeTicks(4200),
    (1, 3, 6, 1, 2, 1, 2, 1, 0): Integer(-2),
    (1, 3, 6, 1, 2, 1, 2, 2, 1, 5, 1): Gauge(2**40),
    (1, 3, 6, 1, 2, 1, 2, 2, 1, 10, 2): Counter(2**32 + 7),
    (1, 3, 6, 1, 2, 1, 2, 2, 1, 10, 10): Counter(9),
    (1, 3, 6, 1, 2, 1, 4, 20, 1, 1, 10, 0, 0, 1): IpAddress("10.0.0.1"),
    (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 1): Counter64(2**40),
    (1, 3, 6, 1, 2, 1, 47, 1): Octets(b"\x00\xff"),
}
EXPECTED = [
    '.1.3.6.1.2.1.1.1.0 = STRING: "a tree"',
    ".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.9.1.1",
    ".1.3.6.1.2.1.1.3.0 = Timeticks: (4200) 0:00:42.00",
    ".1.3.6.1.2.1.2.1.0 = INTEGER: -2",
    ".1.3.6.1.2.1.2.2.1.5.1 = Gauge32: 4294967295",
    ".1.3.6.1.2.1.2.2.1.10.2 = Counter32: 7",
    ".1.3.6.1.2.1.2.2.1.10.10 = Counter32: 9",
    ".1.3.6.1.2.1.4.20.1.1.10.0.0.1 = IpAddress: 10.0.0.1",
    ".1.3.6.1.2.1.31.1.1.1.6.1 = Counter64: 1099511627776",
    ".1.3.6.1.2.1.47.1 = Hex-STRING: 00 FF ",
]
USER = V3User("lan", "sha", "authauth1", "aes", "privpriv1")
V3 = "-v3 -u lan -l authPriv -a SHA -A authauth1 -x AES -X privpriv1"


def ask(
    tool: str, arguments: str, oid: str = ".1.3.6.1", engine_id: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a net-snmp tool against an agent of SYSTEM; the tree changes are seen through `10.9.8.7`."""

    async def run() -> subprocess.CompletedProcess[str]:
        agent = serve(
            ("127.0.0.1", 0),
            lambda: SYSTEM,
            ("public", Community("public@10", "vlan-10")),
            (USER,),
            contexts={"vlan-10": lambda: {(1, 3, 6, 1, 9): Integer(10)}},
            engine_id=engine_id,
        )
        host, port = agent.address
        command = [tool, "-On", "-r0", "-t2", *arguments.split(), f"{host}:{port}", *oid.split()]
        try:
            return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        finally:
            agent.close()

    return asyncio.run(run())


@pytest.fixture(params=["snmpwalk", "snmpbulkwalk"])
def walker(request: pytest.FixtureRequest) -> Iterator[str]:
    yield str(request.param)


@pytest.mark.parametrize("version", ["-v2c -c public", V3])
def test_walks_give_every_value_in_lexicographic_order(walker: str, version: str) -> None:
    lines = ask(walker, version).stdout.splitlines()
    assert [line for line in lines if "No more variables" not in line] == EXPECTED


def test_version_1_skips_counter64() -> None:
    lines = ask("snmpwalk", "-v1 -c public").stdout.splitlines()
    assert lines[:-1] == [line for line in EXPECTED if "Counter64" not in line] or lines == [
        line for line in EXPECTED if "Counter64" not in line
    ]


def test_get_tells_a_missing_instance_from_a_missing_object() -> None:
    answer = ask("snmpget", "-v2c -c public", ".1.3.6.1.2.1.2.2.1.10.3 .1.3.6.1.2.1.99.1.0 .1.3.6.1.2.1.2.1.0").stdout
    assert "No Such Instance" in answer.splitlines()[0]
    assert "No Such Object" in answer.splitlines()[1]
    assert answer.splitlines()[2].endswith("INTEGER: -2")


def test_a_community_may_show_another_context_as_may_a_user() -> None:
    assert ask("snmpwalk", "-v2c -c public@10").stdout.splitlines()[0] == ".1.3.6.1.9 = INTEGER: 10"
    assert ask("snmpwalk", V3 + " -n vlan-10").stdout.splitlines()[0] == ".1.3.6.1.9 = INTEGER: 10"


@pytest.mark.parametrize(
    "who",
    [
        "-v2c -c private",
        "-v3 -u lan -l authPriv -a SHA -A wrongwrong -x AES -X privpriv1",
        "-v3 -u lan -l noAuthNoPriv",
        "-v3 -u lan -l authNoPriv -a SHA -A authauth1",
        "-v3 -u nobody -l authPriv -a SHA -A authauth1 -x AES -X privpriv1",
    ],
)
def test_who_is_not_allowed_gets_no_value(who: str) -> None:
    answer = ask("snmpget", who, ".1.3.6.1.2.1.1.1.0")
    assert "a tree" not in answer.stdout
    assert answer.returncode != 0


def test_an_engine_id_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    engine_id = bytes.fromhex("80000009030056b2000001")
    answer = ask("snmpget", V3 + " -e 0x" + engine_id.hex(), ".1.3.6.1.2.1.1.1.0", engine_id)
    assert '"a tree"' in answer.stdout and list(tmp_path.iterdir()) == []


def test_a_set_is_refused() -> None:
    answer = ask("snmpset", "-v2c -c public", ".1.3.6.1.2.1.1.1.0 s x")
    assert "notWritable" in answer.stderr


def test_the_tree_is_read_afresh_and_keys_sort_by_arcs() -> None:
    trees = iter([{(1, 10): Integer(1), (1, 2): Integer(2)}, {(1, 3): Integer(3)}])
    view = View(lambda: next(trees), keep=0.0)
    assert view.next((1,), visible=lambda _: True) == ((1, 2), Integer(2))
    assert view.next((1, 2), visible=lambda _: True) == ((1, 3), Integer(3))
