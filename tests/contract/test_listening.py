"""Whoever declares that he sends nothing (intrusive 0) sends nothing."""

from __future__ import annotations

import ast
import sys
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from agent import plugins
from agent.guard import SilentGuard
from agent.model.errors import Refused
from agent.model.hearing import Hearing
from agent.model.probe import Probe
from agent.operations.discover import PHASES
from agent.ports import Collector, Job

ROOT = Path(__file__).resolve().parents[2]
OFFICE = ROOT / "tests" / "golden" / "listen" / "office.pcap"
SILENT = {name: one for name, one in plugins.load_all(plugins.COLLECTORS).items() if one.intrusive == 0}
SENDING = ("socket.sendto", "socket.sendmsg", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.exec")


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits who does not send")


class Nothing:
    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"who does not send needs no {name}")


def test_the_listener_is_one_of_them() -> None:
    assert "listen" in SILENT


@pytest.mark.parametrize("name", SILENT)
def test_it_has_no_ports_and_no_place_in_a_run_that_sends(name: str) -> None:
    one: Collector = SILENT[name]
    assert one.ports == () and one.phase not in PHASES and "scanned" not in one.produces


@pytest.mark.parametrize("name", SILENT)
def test_it_works_under_a_guard_that_refuses_everything_and_opens_no_way_out(name: str) -> None:
    one: Collector = SILENT[name]
    opened: list[str] = []
    watching = [True]

    def watch(event: str, _: object) -> None:
        if watching[0] and event in SENDING:
            opened.append(event)

    sys.addaudithook(watch)  # cannot be taken off again, so it goes to sleep
    job = Job("rec", (), SilentGuard(), Now(), Nothing(), hearing=Hearing(capture=OFFICE))  # type: ignore[arg-type]  # asks none
    try:
        seen = list(one.collect(job, lambda _: None))
    finally:
        watching[0] = False
    assert len(seen) > 50 and opened == []
    assert {o.attribute for o in seen} <= {*one.produces} | {
        o.attribute for o in seen if o.attribute.startswith(tuple(p for p in one.produces if p.endswith(".")))
    }


def test_that_guard_refuses_everything() -> None:
    guard, probe = SilentGuard(), Probe(ip_address("10.77.0.20"), "arp")
    for deed in (
        lambda: guard.permit(probe),
        guard.permit_now,
        lambda: guard.permit_group(probe.address, 5353, ip_network("10.77.0.0/24")),
        lambda: guard.pace("arp"),
        lambda: guard.permit_sweep([ip_address("10.77.0.20")]),
        lambda: guard.permit_scripts(["ssl-cert"]),
    ):
        with pytest.raises(Refused, match="nothing is sent while listening"):
            deed()
    assert guard.version_ports([80]) == ()


def test_the_listening_socket_has_nothing_that_sends() -> None:
    for module in ("listening", "capture"):
        tree = ast.parse((ROOT / "collectors" / "wire" / f"{module}.py").read_text())
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not {name for name in named if name.startswith(("send", "write", "connect"))}
