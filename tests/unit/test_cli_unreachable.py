"""The command against switches that do not answer: exit 3 where none does, 5 where a release came half way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.change_bench import Bench
from tests.unit.shell import lanward

CONFIGURATION = """
site = "hq"
[database]
url = "{database}"
[credentials]
file = "credentials.toml"
{switches}
"""
SILENT = """
[[switch]]
name = "{name}"
host = "127.0.0.9"
port = 9
platform = "cisco_ios"
credential = "switches"
host_key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""


@pytest.fixture
async def silent(make_site: Callable[..., Bench], tmp_path: Path) -> tuple[Path, str]:
    """Where a change is in force and its switch, at the discard port of this machine's loopback, answers no more."""
    bench = make_site()
    change = bench.applied("D11").id
    text = CONFIGURATION.format(database=bench.inventory, switches=SILENT.format(name="acc1"))
    (tmp_path / "lanward.toml").write_text(text)
    (tmp_path / "credentials.toml").write_text('[switches]\nusername = "u"\npassword = "p"\n')
    (tmp_path / "credentials.toml").chmod(0o600)
    return tmp_path, change


@pytest.mark.parametrize(
    "command", ["plan --device D11", "plan", "rollback {change}", "release acc1", "release ALL", "switch test acc1"]
)
def test_a_switch_that_does_not_answer(silent: tuple[Path, str], command: str) -> None:
    home, change = silent
    done = lanward(home, *command.format(change=change).split())
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 3 and last.startswith("lanward: ") and "127.0.0.9" in last, done
    assert "Traceback" not in done.stderr
