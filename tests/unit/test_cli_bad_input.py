"""Bad input to the console script: one line, the exit code of DESIGN section 6, nothing changed, no traceback.

It runs in this process but where the machine around it must be another one, or Ctrl-C comes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

from agent.store.repository import open_store
from tests.unit.shell import Said, lanward

PIPE = 65536
"""Octets that a pipe of Linux holds (pipe(7))."""

LANWARD = str(Path(sys.executable).parent / "lanward")
ROOT = os.geteuid() == 0
CONFIGURATION = """
site = "hq"
[scope]
subnets = ["192.0.2.0/24"]
[credentials]
file = "credentials.toml"
[[switch]]
name = "sw1"
host = "192.0.2.250"
platform = "cisco_ios"
credential = "switches"
host_key = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""
READING = (
    "devices", "assess", "verify", "plan", "change list", "change show C1", "device show D1", "audit verify",
    "export --period 2026H2 --output pack", "apply C1", "rollback C1", "change approve C1 --digest 0123456789ab",
)  # fmt: skip


@dataclass
class Site:
    directory: Path

    def run(self, *arguments: str, before: tuple[str, ...] = (), **environment: str) -> Said:
        if not before:
            return lanward(self.directory, *arguments, **environment)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LANWARD_", "SUDO_"))}
        done = subprocess.run(
            [*before, LANWARD, *arguments], cwd=self.directory, env=kept | environment,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    def contents(self) -> dict[str, tuple[int, bytes]]:
        return {
            str(p.relative_to(self.directory)): (p.stat().st_mode, p.read_bytes() if p.is_file() else b"")
            for p in self.directory.rglob("*")
        }

    def refuses(self, code: int, *arguments: str, before: tuple[str, ...] = (), **environment: str) -> str:
        """The one line on stderr; what else must hold for any refusal is checked here."""
        kept = self.contents()
        done = self.run(*arguments, before=before, **environment)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert done.stderr.startswith("lanward: ") and done.stderr.count("\n") == 1, done.stderr
        assert "Traceback" not in done.stderr and "our own fault" not in done.stderr
        assert self.contents() == kept
        return done.stderr


@pytest.fixture
def bare(tmp_path: Path) -> Site:
    (tmp_path / "lanward.toml").write_text(CONFIGURATION)
    (tmp_path / "credentials.toml").write_text('[switches]\nusername = "u"\npassword = "p"\n')
    (tmp_path / "credentials.toml").chmod(0o600)
    return Site(tmp_path)


@pytest.fixture
def site(bare: Site) -> Site:
    open_store(str(bare.directory / "inventory.db"), create=True).close()
    return bare


@pytest.mark.parametrize(
    ("code", "arguments", "says"),
    [
        (2, "discover 10.0.0.0/99", "10.0.0.0/99"),
        (2, "discover 192.0.2.7/24", "host bits"),
        (2, "discover printers", "printers"),
        (4, "discover 10.0.0.0/24", "outside the configured scope"),
        (4, "discover 192.0.0.0/16", "outside the configured scope"),
        (2, "discover --profile brutal", "gentle"),
        (2, "plan --nonsense", "--nonsense"),
        (2, "no-such-command", "no-such-command"),
        (2, "switch test nope", "known: sw1"),
        (2, "switch qualify nope", "known: sw1"),
        (2, "release nope", "known: sw1"),
        (2, "switch add sw2 --host 192.0.2.9 --platform nope --credential c --host-key SHA256:x", "cisco_ios"),
        (2, "device show D1", "D1"),
        (2, "device set D1 class=printer", "D1"),
        (2, "change show C1", "C1"),
        (2, "change approve C1 --digest 0123456789ab", "C1"),
        (2, "apply C1", "C1"),
        (2, "rollback C1", "C1"),
        (2, "export --period 2026H3 --output pack", "2026H2"),
        (2, "export --period 2026H2 --output pack --format odt", "csv"),
        (2, "export --period 2026H2", "--output"),
        (2, "export --period 9999H2 --output pack", "has not begun"),
        (2, "export --period 2026H2 --output lanward.toml", "lanward.toml is a file"),
        (2, "plan --output .", "is a directory"),
        (2, "plan --cli-files lanward.toml", "lanward.toml is a file"),
        (6, "listen --interface nope0", "`ip link` lists the interfaces"),
        (2, "import leases lanward.toml", "dnsmasq.leases"),
        (2, "identify --lint /dev/null", "no vendor definitions"),
        (2, "identify", "name a host"),
        (2, "identify 192.0.2.1 --targets x", "name a host"),
        (2, "identify 192.0.2.1:0 --credential switches", "no host"),
        (2, "identify 192.0.2.1", "--credential"),
        (2, "identify 192.0.2.1 --credential nope", "nope"),
        (2, "identify --targets absent.jsonl", "absent.jsonl"),
        (2, "--config absent.toml devices", "lanward init"),
        (2, "init", "is there already"),
        (6, "init absent/lanward.toml", "cannot be written"),
    ],
)
def test_bad_words(site: Site, code: int, arguments: str, says: str) -> None:
    if arguments.startswith(("apply", "rollback", "change show")):
        (site.directory / "inventory.db.lock").write_text("1\n")  # taking the site's lock is no change of its data
        (site.directory / "inventory.db.lock").chmod(0o600)
        kept = site.contents()
        done = site.run(*arguments.split())
        assert (done.returncode, done.stdout) == (code, "") and says in done.stderr.splitlines()[-1]
        changed = {name for name, value in site.contents().items() if kept.get(name) != value}
        assert changed <= {"inventory.db.lock", "inventory.db.dbos"} and "Traceback" not in done.stderr
    else:
        assert says in site.refuses(code, *arguments.split())


@pytest.mark.parametrize("command", READING)
def test_without_an_inventory_it_says_what_to_do(bare: Site, command: str) -> None:
    assert "lanward discover" in bare.refuses(2, "--db", "absent.db", *command.split())


@pytest.mark.parametrize(
    ("content", "command"),
    [
        (b"", "devices"),
        (b"junk" * 500, "devices"),
        (b"junk" * 500, "discover"),
        (b"junk" * 500, "apply C1"),
        (b"SQLite format 3\0" + b"\xff" * 4000, "assess"),
        (b"SQLite format 3\0" + b"\xff" * 4000, "discover"),
        (b"SQLite format 3\0" + b"\xff" * 4000, "device set D1 class=printer"),
    ],
)
def test_a_file_that_is_no_database_stays_as_it_is(bare: Site, content: bytes, command: str) -> None:
    (bare.directory / "other.db").write_bytes(content)
    said = bare.refuses(6, "--db", "other.db", *command.split())
    assert "other.db" in said and "name another with --db, or move it away" in said


def test_a_database_of_somebody_else_stays_as_it_is(bare: Site) -> None:
    with sqlite3.connect(bare.directory / "other.db") as connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    assert "no lanward database" in bare.refuses(6, "--db", "other.db", "discover")


@pytest.mark.parametrize("command", ["devices", "discover", "verify"])
def test_a_newer_schema(site: Site, command: str) -> None:
    with sqlite3.connect(site.directory / "inventory.db") as connection:
        connection.execute("UPDATE lanward_schema SET version_num = '9999'")
    connection.close()
    assert "upgrade lanward" in site.refuses(6, command)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules:\n  nonsense: 3\n", ":2: rules.nonsense"),
        ("edition: [\n", "policy.yaml"),
        ("groups:\n  management: [10.0.0.0/99]\n", ":2: groups.management"),
    ],
)
def test_a_policy_with_an_error_names_file_line_and_key(site: Site, text: str, says: str) -> None:
    (site.directory / "policy.yaml").write_text(text)
    said = site.refuses(2, "assess", LANWARD_POLICY="policy.yaml")
    assert "policy.yaml:" in said and says in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('site = "hq\n', "lanward.toml:1:"),
        ('site = "hq"\nsit = 1\n', "lanward.toml:2: sit: unknown key; did you mean 'site'?"),
        ('[scope]\nsubnets = ["10.0.0.0/99"]\n', "lanward.toml:2: scope.subnets"),
        ('[rate]\narp = "fast"\n', "lanward.toml:2: rate.arp"),
    ],
)
def test_a_configuration_with_an_error(site: Site, text: str, says: str) -> None:
    (site.directory / "lanward.toml").write_text(text)
    assert says in site.refuses(2, "discover")


@pytest.mark.parametrize("command", ["switch test sw1", "identify 192.0.2.1 --credential switches"])
def test_credentials_that_others_can_read(site: Site, command: str) -> None:
    (site.directory / "credentials.toml").chmod(0o640)
    assert "chmod 600" in site.refuses(6, *command.split())


def test_doctor_tells_a_fault_once(site: Site) -> None:
    (site.directory / "lanward.toml").write_text('sit = "hq"\n')
    rows = {row["check"]: row["detail"] for row in json.loads(site.run("doctor", "--json").stdout)}
    assert "did you mean 'site'" in rows["configuration"]
    assert {rows[name] for name in ("policy", "credentials", "database", "switches")} == {
        "not looked at: see configuration"
    }


def test_doctor_without_a_configuration_says_what_to_run(tmp_path: Path) -> None:
    done = Site(tmp_path).run("doctor", "--json")
    rows = {row["check"]: row["detail"] for row in json.loads(done.stdout)}
    assert done.returncode == 6 and rows["configuration"] == "there is no lanward.toml; run lanward init"


@pytest.mark.parametrize(
    ("arguments", "help_of"),
    [("plan --nonsense", "lanward plan"), ("nope", "lanward"), ("device set D1", "lanward device set")],
)
def test_a_usage_error_points_to_the_help(site: Site, arguments: str, help_of: str) -> None:
    assert site.refuses(2, *arguments.split()).endswith(f"; see {help_of} --help\n")


def test_a_subnet_that_is_none_is_named_once(site: Site) -> None:
    assert site.refuses(2, "discover", "10.0.0.0/33").count("10.0.0.0/33") == 1


def read_only(directory: Path) -> tuple[str, ...]:
    """A prefix that runs a command where the directory cannot be written, for root too."""
    if not ROOT:
        directory.chmod(0o500)
        return ()
    mount = f'mount -t tmpfs -o ro none "{directory}" && exec "$@"'
    return ("unshare", "-m", "--propagation", "private", "sh", "-c", mount, "sh")


@pytest.mark.slow
def test_an_export_into_a_read_only_directory(site: Site) -> None:
    target = site.directory / "pack"
    target.mkdir()
    said = site.refuses(6, "export", "--period", "2026H2", "--output", "pack", before=read_only(target))
    assert "cannot be written" in said and "pack" in said


def test_a_change_without_a_place_for_its_undo_file_is_refused(tmp_path: Path) -> None:
    from agent.model.errors import EnvironmentFault
    from agent.operations.undo import write_private

    (tmp_path / "undo").write_text("a file where the directory should be")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_private(tmp_path / "undo" / "C1-sw1.undo", "no ip access-group")


@pytest.fixture
def no_nmap(site: Site) -> tuple[Site, str]:
    """The tools of this machine but nmap, and a scope of this machine alone."""
    tools = site.directory / "bin"
    tools.mkdir()
    for name in ("ip", "ping", "sh", "unshare", "env"):
        (tools / name).symlink_to(str(shutil.which(name)))
    (site.directory / "lanward.toml").write_text('[scope]\nsubnets = ["127.0.0.1/32"]\n')
    return site, str(tools)


def test_without_nmap_doctor_says_so(no_nmap: tuple[Site, str]) -> None:
    site, path = no_nmap
    done = site.run("doctor", "--json", PATH=path)
    told = {row["check"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 6 and not told["nmap"]["ok"] and "apt-get install nmap" in told["nmap"]["detail"]


@pytest.mark.skipif(not ROOT, reason="not root: no network namespace of its own")
@pytest.mark.slow
def test_without_nmap_discover_goes_on_with_the_rest(no_nmap: tuple[Site, str]) -> None:
    site, path = no_nmap
    isolated = ("unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    done = site.run("discover", "--json", before=isolated, PATH=path)
    run = json.loads(done.stdout)
    assert done.returncode == 0 and (run["hosts"], run["devices"]) == (1, 1)
    assert [e for e in run["errors"] if "nmap is not installed" in e], run["errors"]


def interrupted(site: Site, command: list[str], busy: Callable[[subprocess.Popen[str]], str]) -> tuple[int, str, str]:
    """Ctrl-C once it is at work, which `busy` waits for; code, stdout, and stderr with what `busy` read of it."""
    process = subprocess.Popen(
        command, cwd=site.directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        read = busy(process)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    finally:
        process.kill()
    out, error = process.communicate()
    return process.returncode, out, read + error


def reading(process: subprocess.Popen[str]) -> str:
    """More than a pipe holds is taken only by who reads; then it sleeps, waiting for more."""
    assert process.stdin is not None
    process.stdin.write("\n" * (2 * PIPE))
    process.stdin.flush()
    asleep = 0
    while asleep < 5:
        time.sleep(0.05)
        asleep = asleep + 1 if Path(f"/proc/{process.pid}/stat").read_text().split(") ")[1][0] == "S" else 0
    return ""


def sweeping(process: subprocess.Popen[str]) -> str:
    """Progress of the first collector is told."""
    assert process.stderr is not None
    return "".join(takewhile(lambda line: not line.startswith("discover: arp "), process.stderr))


def test_ctrl_c_while_it_waits(site: Site) -> None:
    code, out, error = interrupted(site, [LANWARD, "identify", "--targets", "-"], reading)
    assert (code, out) == (130, "") and error.count("\n") == 1 and "interrupted" in error


@pytest.mark.skipif(not ROOT, reason="not root: no network namespace of its own")
@pytest.mark.slow
def test_ctrl_c_keeps_what_a_run_has_found(site: Site) -> None:
    (site.directory / "lanward.toml").write_text('[scope]\nsubnets = ["127.0.0.1/32", "192.0.2.0/24"]\n')
    links = "ip link set lo up; ip link add here0 type veth peer name there0; "
    inside = links + 'ip link set here0 up; ip link set there0 up; ip address add 192.0.2.1/24 dev here0; exec "$@"'
    command = ["unshare", "-n", "sh", "-c", inside, "sh", LANWARD, "discover", "--json"]
    code, out, error = interrupted(site, command, sweeping)
    assert (code, out) == (130, "") and "Traceback" not in error
    assert "the next discover goes on" in error.splitlines()[-1], error
    opened = open_store(str(site.directory / "inventory.db"), create=False)
    assert [run.state for run in opened.runs()] == ["interrupted"]
    opened.close()
