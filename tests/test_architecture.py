"""The house stands as DESIGN draws it: who may import whom, and what a help text may cost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("dbos", "netmiko", "nmap", "openpyxl", "pysnmp", "scapy", "sqlalchemy", "textual", "z3")
OUR_PACKAGES = ("agent", "collectors", "policies", "tui", "lab")


def test_import_contracts_hold() -> None:
    done = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "used"),
    [
        ("--help", ()),
        ("devices", ("sqlalchemy",)),
        ("change list", ("sqlalchemy", "z3")),
        ("assess", ("sqlalchemy", "z3")),
    ],
)
def test_a_command_loads_nothing_heavy_that_it_does_not_use(words: str, used: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "lanward.toml").write_text('site = "tainan-hq"\n')
    shutil.copy(ROOT / "inventory.db.example", tmp_path / "inventory.db")
    script = (
        f"import sys; sys.argv = ['lanward', *{words.split()!r}]\n"
        "from agent.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit as done:\n    assert done.code in (0, 1)\n"
        f"print('heavy:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1:] == [" ".join(("heavy:", *sorted(used)))], done.stdout[-200:] + done.stderr


def test_no_other_distribution_owns_our_packages() -> None:
    owners = {
        (file.parts[0], distribution.metadata["Name"])
        for distribution in distributions()
        for file in distribution.files or ()
        if file.parts and file.parts[0] in OUR_PACKAGES
    }
    assert {name for _, name in owners} <= {"lanward"}


@pytest.mark.parametrize("package", ["agent", "collectors", "policies"])
def test_no_value_of_the_lab_in_the_program(package: str) -> None:
    pool = (ROOT / "lab" / "pool.yaml").read_text(encoding="utf-8")
    serials = {word.strip("'\"") for word in pool.split() if len(word) > 9 and any(c.isdigit() for c in word)}
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".yaml") and "definitions" not in path.parts
    )
    assert "lab." not in [line.split()[1][:4] for line in text.splitlines() if line.startswith("from lab")]
    assert not [word for word in serials if word in text]
    assert "from lab" not in text


@pytest.mark.parametrize("path", sorted(p for top in OUR_PACKAGES for p in (ROOT / top).rglob("*.py")), ids=str)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
