"""`lanward identify` against real SNMP agents on the loopback; each answers as a device of its maker would."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.faces import values
from lab.snmp_agent import V3User, serve
from tests.unit.shell import Said, lanward

COMMUNITY = "look-only"
USER = V3User("watcher", "sha", "authauth1", "aes", "privpriv1")
FACTS = {
    "axis": {"model": "P3245-V", "kind": "Network Camera", "firmware": "10.12.228", "serial": "ACCC8E012345"},
    "kyocera": {"model": "ECOSYS M2540dn", "firmware": "2S5_2000.006.004", "serial": "R4P7400001", "name": "hall"},
    "eaton": {"model": "5PX 1500", "firmware": "02.14.0026", "serial": "G117K00001", "name": "ups1"},
}
EXPECTED = {
    "axis": ("camera", "Axis", "P3245-V", "10.12.228"),
    "kyocera": ("mfp", "Kyocera", "ECOSYS M2540dn", "2S5_2000.006.004"),
    "eaton": ("ups", "Eaton", "5PX 1500", "02.14.0026"),
}
CREDENTIALS = f"""
[wrong]
community = "not-this-one"
[v2]
community = "{COMMUNITY}"
[v3]
version = "3"
username = "{USER.name}"
auth_protocol = "SHA"
auth_key = "{USER.auth_key}"
priv_protocol = "AES"
priv_key = "{USER.priv_key}"
"""


@pytest.fixture(scope="module")
def agents() -> Iterator[dict[str, int]]:
    """The ports of an agent for each face."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def begin() -> dict[str, int]:
        started = {}
        for name, facts in FACTS.items():
            tree = values(name, facts | {"mac": "00:40:8c:01:02:03"})
            running.append(serve(("127.0.0.1", 0), lambda tree=tree: tree, (COMMUNITY,), (USER,)))
            started[name] = running[-1].address[1]
        return started

    async def end() -> None:
        for agent in running:
            agent.close()

    running: list[object] = []
    yield asyncio.run_coroutine_threadsafe(begin(), loop).result(30)
    asyncio.run_coroutine_threadsafe(end(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "lanward.toml").write_text('[credentials]\nfile = "credentials.toml"\n')
    (tmp_path / "credentials.toml").write_text(CREDENTIALS)
    (tmp_path / "credentials.toml").chmod(0o600)
    return tmp_path


def run(home: Path, *arguments: str, stdin: str = "") -> Said:
    done = lanward(home, "identify", *arguments, stdin=stdin)
    assert sorted(p.name for p in home.iterdir()) == ["credentials.toml", "lanward.toml"], "it opens no database"
    return done


@pytest.mark.parametrize("credentials", [("v2",), ("v3",)])
def test_a_named_host(home: Path, agents: dict[str, int], credentials: tuple[str, ...]) -> None:
    named = [word for name in credentials for word in ("--credential", name)]
    done = run(home, f"127.0.0.1:{agents['axis']}", *named, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["class"], said["vendor"], said["model"], said["firmware"]) == EXPECTED["axis"]
    assert said["host"] == f"127.0.0.1:{agents['axis']}" and said["serial"] == FACTS["axis"]["serial"]
    assert {row["attribute"] for row in said["evidence"]} >= {"class", "vendor", "model", "firmware"}
    assert not [word for word in (COMMUNITY, "not-this-one", USER.auth_key) if word in done.stdout + done.stderr]


def test_a_host_that_does_not_answer_is_no_device(home: Path, agents: dict[str, int]) -> None:
    done = run(home, f"127.0.0.1:{agents['axis']}", "--credential", "wrong")
    assert (done.returncode, done.stdout) == (3, "") and done.stderr.count("\n") == 1
    assert "no SNMP answer" in done.stderr and "not-this-one" not in done.stderr


def test_many_targets_one_line_each_in_their_order(home: Path, agents: dict[str, int]) -> None:
    rows = [{"host": "127.0.0.1", "port": port, "community": COMMUNITY} for port in agents.values()]
    lines = [json.dumps(rows[2]), "", "no json", json.dumps(rows[0]), json.dumps(rows[1] | {"community": "x"}),
             json.dumps(rows[1]), json.dumps({"host": "127.0.0.1"})]  # fmt: skip
    done = run(home, "--targets", "-", stdin="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    classes = [one["class"] for one in said]
    assert classes == ["ups", "unknown", "camera", "unknown", "mfp", "unknown"]
    for one, name in ((said[0], "eaton"), (said[2], "axis"), (said[4], "kyocera")):
        assert (one["class"], one["vendor"], one["model"], one["firmware"]) == EXPECTED[name]
        assert (one["host"], one["port"], one["community"]) == ("127.0.0.1", agents[name], COMMUNITY)
        assert "error" not in one
    assert [one.get("error", "")[:7] for one in said if "error" in one] == ["no JSON", "no SNMP", "communi"]
    assert said[3]["vendor"] is None and said[3]["confidence"] == 0


UNKNOWN = """1.3.6.1.2.1.1.1.0|4|Thermo station
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.53973.1
1.3.6.1.4.1.53973.1.1.1.0|4|TS-200
1.3.6.1.4.1.53973.1.1.2.0|4|3.10.4
1.3.6.1.4.1.53973.1.1.3.0|4x|54533230303437313138
a damaged line
"""


def test_a_capture_says_why_and_drafts_a_definition_that_passes_the_linter(tmp_path: Path) -> None:
    capture = tmp_path / "thermo.snmprec"
    capture.write_text(UNKNOWN)
    why = json.loads(lanward(tmp_path, "identify", "--capture", str(capture), "--json").stdout)
    assert (why["model"], why["firmware"], why["serial"]) == ("TS-200", "3.10.4", "TS20047118")
    assert [(e["value"], e["source"]) for e in why["evidence"] if e["won"] and e["attribute"] == "serial"] == [
        ("TS20047118", "snmp.1.3.6.1.4.1.53973.1.1.3.0")
    ]
    drafted = lanward(tmp_path, "identify", "--capture", str(capture), "--draft").stdout
    assert "serial: [53973.1.1.3.0]  # TS20047118" in drafted and "enterprises: [53973]" in drafted
    (tmp_path / "draft.yaml").write_text(drafted)
    assert lanward(tmp_path, "identify", "--lint", "draft.yaml").returncode == 0


def test_the_linter_names_the_fault(tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text("vendors: [{vendor: A, enterprises: [9]}, {vendor: B, enterprises: [9]}]")
    done = lanward(tmp_path, "identify", "--lint", "twice.yaml")
    assert (done.returncode, done.stdout) == (2, "twice.yaml: enterprise 9 is defined twice\n")
    (tmp_path / "wrong.yaml").write_text("vendors: [{vendor: A, colour: red}]")
    assert "colour" in lanward(tmp_path, "identify", "--lint", "wrong.yaml").stderr


def test_no_capture_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "x.snmprec").write_text("nothing\n")
    assert lanward(tmp_path, "identify", "--capture", "x.snmprec").returncode == 2
