import ast
import importlib
import importlib.metadata
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from agent.guard import CONTROL_PORTS, payload_forbidden
from agent.model.device import Port

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple(sorted(point.name for point in importlib.metadata.entry_points(group="lanward.collectors")))
PHASES = ("infrastructure", "sweep", "ask", "probe", "identify")
WORKERS = {"collectors/wire/frames_worker.py": "scapy", "collectors/wire/nmap_worker.py": "nmap"}
OURS = ("agent", "collectors", "policies", "tui", "lab")


def collector(name):
    return importlib.import_module(f"collectors.{name}").collector


def imported(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found


def roots(path):
    return {name.split(".")[0] for name in imported(path)}


def sources():
    return [path for package in OURS for path in (ROOT / package).rglob("*.py")]


@pytest.mark.parametrize("name", NAMES)
def test_a_collector_declares_what_it_is(name):
    one = collector(name)
    assert one.name == name
    assert one.phase in PHASES or not one.intrusive  # who sends nothing has runs of his own: test_listening.py
    assert one.intrusive in (0, 1, 2, 3)
    assert one.produces and all(isinstance(attribute, str) and attribute for attribute in one.produces)
    assert "scanned" in one.produces or not one.intrusive
    assert "warning" in one.produces
    assert all(isinstance(port, Port) for port in one.ports)
    assert list(inspect.signature(one.collect).parameters) == ["job", "report"]


def test_only_a_person_switches_the_login_test_on():
    assert len(NAMES) >= 9
    off = [name for name in NAMES if not getattr(collector(name), "enabled_by_default", True)]
    assert off == ["default_login"]


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("nmap", "ipp")])
def test_no_collector_but_these_two_has_a_port_that_prints_or_moves_machines(name):
    assert not [p for p in collector(name).ports if payload_forbidden(p.port, "any")]


def test_no_profile_of_nmap_looks_at_a_control_port():
    assert not [p for p in collector("nmap").ports if p.port in CONTROL_PORTS]


def test_no_module_imports_both_gpl_libraries_and_none_but_the_workers_imports_either():
    users = {str(path.relative_to(ROOT)): gpl for path in sources() if (gpl := roots(path) & {"scapy", "nmap"})}
    assert users == {path: {library} for path, library in WORKERS.items()}


@pytest.mark.parametrize(("path", "library"), WORKERS.items())
def test_a_worker_imports_its_one_library_the_standard_library_and_ours(path, library):
    assert roots(ROOT / path) <= {library, *sys.stdlib_module_names, *OURS}


@pytest.mark.parametrize(("path", "library"), WORKERS.items())
def test_nobody_imports_a_worker(path, library):
    module = path.removesuffix(".py").replace("/", ".")
    assert not [str(source) for source in sources() if module in imported(source)]


def test_a_process_with_all_collectors_loaded_has_neither_library():
    code = (
        "import sys, importlib\n"
        f"for name in {NAMES!r}: importlib.import_module('collectors.' + name)\n"
        "print([m for m in ('scapy', 'nmap', 'pysnmp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_licences_are_what_the_decision_rests_on():
    assert importlib.metadata.metadata("scapy")["License-Expression"] == "GPL-2.0-only"
    assert "gpl-3" in importlib.metadata.metadata("python-nmap")["License"]
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n\nCopyright (c) 2026 the lanward authors\n")


def test_only_wire_imports_what_reaches_the_network():
    reach = {"socket", "ssl", "scapy", "nmap", "pysnmp", "subprocess"}
    outside = [
        p for p in (ROOT / "collectors").rglob("*.py") if "wire" not in p.relative_to(ROOT).parts and roots(p) & reach
    ]
    assert outside == []


def test_decoders_do_no_io():
    reach = {"os", "pathlib", "asyncio", "threading", "time", "socket", "subprocess", "random"}
    assert [p.name for p in (ROOT / "collectors" / "decode").glob("*.py") if roots(p) & reach] == []
