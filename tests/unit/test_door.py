"""The agent's socket: who comes in and what he may ask; real users, a process for each request."""

from __future__ import annotations

import fcntl
import grp
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from test_cli_help import COMMANDS

from agent.cli import agent as agent_commands
from agent.cli import main
from agent.cli.interface import CHILD
from agent.cli.served import LOCAL, permitted
from agent.diagnostics import guarded
from agent.door import client, files
from agent.door.server import MOST_OF_ONE, VARIABLE, Door, opened
from agent.model.errors import BadInput, EnvironmentFault, Refused
from agent.store.repository import open_store
from agent.wiring import Wiring

EXAMPLE = Path(__file__).parents[2] / "inventory.db.example"
ANN, EVE = "games", "lp"

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="other users are played by root")


# -- what may be asked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *(name.split() for name in LOCAL),
        *(["--config", "x", "devices"], ["--db=x", "devices"], ["--socket", "x"], ["--", "backup", "x"]),
        *(["switch", "--", "add", "x"], ["agent", "--log-format", "text"], ["lab", "demo"], ["-x", "backup"]),
    ],
    ids=" ".join,
)
def test_what_is_not_done_for_others(words: list[str]) -> None:
    with pytest.raises(Refused):
        permitted(words)


def test_every_path_goes_through_the_caller_s_hand() -> None:
    """An option that opens the caller's path in the agent's name would read and write what only the agent may."""
    ours = (files.given, files.written)
    for name, command in COMMANDS.items():
        local = not name or name in LOCAL or (name.split()[0] in LOCAL and name.split()[0] != "agent")
        for parameter in () if local else command.params:
            kind = parameter.type_descriptor
            told = f"{kind.annotation} {parameter.metavar or ''}"
            suspect = any(word in told for word in ("Path", "File", "FILE", "DIR"))
            assert not suspect or kind.parameter_info.parser in ours, f"lanward {name}: {parameter.name}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["devices"], ("/env", ["devices"])),
        (["--socket", "/s", "devices"], ("/s", ["devices"])),
        (["--socket=/s", "devices", "--json"], ("/s", ["devices", "--json"])),
        (["--socket", "", "init"], ("", ["init"])),
        (["--socket=", "--db", "x", "devices"], ("", ["--db", "x", "devices"])),
        (["--config", "x", "devices"], ("", ["--config", "x", "devices"])),
        (["--help"], ("", ["--help"])),
        ([], ("", [])),
    ],
)
def test_where_a_command_goes(words: list[str], expected: tuple[str, list[str]]) -> None:
    assert client.destination(words, {client.VARIABLE: "/env"}) == expected


def test_a_socket_and_a_database_of_ones_own_are_no_pair() -> None:
    with pytest.raises(BadInput, match="--db does not go with --socket"):
        client.destination(["--socket", "/s", "--db", "x", "devices"], {})


# -- the door ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that everybody can get to, unlike pytest's."""
    with TemporaryDirectory(prefix="door", dir="/tmp") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def site(home: Path) -> Path:
    """An inventory that only its owner can read, and the configuration of its agent."""
    (home / "site").mkdir(mode=0o700)
    shutil.copy(EXAMPLE, home / "site" / "inventory.db")
    group = grp.getgrgid(pwd.getpwnam(ANN).pw_gid).gr_name
    (home / "site" / "lanward.toml").write_text(
        f"""site = "tainan-hq"
[scope]
subnets = ["192.0.2.0/24"]
[roles]
requester = ["{group}"]
[agent]
socket = "{home}/door"
[[switch]]
name = "acc1"
host = "192.0.2.250"
platform = "cisco_ios"
credential = "switches"
host_key = "SHA256:{"A" * 43}"
"""
    )
    return home


@contextmanager
def door(home: Path) -> Iterator[None]:
    flags = {"config": str(home / "site" / "lanward.toml"), "db": None}
    with agent_commands.door(Wiring(flags).context(), flags):
        yield


def as_user(user: str, home: Path, *words: str, stdout: int | None = None) -> int:
    """The process of somebody who asks the agent; what it says stands in `out`."""
    number = pwd.getpwnam(user)
    told = os.open(home / "out", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    if (process := os.fork()) == 0:
        try:
            os.dup2(told, 2)
            os.dup2(told if stdout is None else stdout, 1)
            sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - pytest's own would keep it
            os.setgroups([])
            os.setgid(number.pw_gid)
            os.setuid(number.pw_uid)
            os.chdir("/" if user == EVE else home / user)
            os._exit(guarded(lambda: client.ask(str(home / "door"), words, {"LC_ALL": "C.UTF-8"})))
        finally:
            os._exit(99)
    os.close(told)
    return process


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.fixture
def desk(home: Path) -> Path:
    """Ann's own directory, with a register that nobody else can read."""
    made = home / ANN
    made.mkdir(mode=0o700)
    (made / "register.csv").write_text("vendor,mac\nNadir,00:11:22:00:00:09\n")
    number = pwd.getpwnam(ANN)
    for path in (made, made / "register.csv"):
        os.chown(path, number.pw_uid, number.pw_gid)
    (made / "register.csv").chmod(0o600)
    return made


@root_only
@pytest.mark.slow
def test_a_requester_s_files_are_opened_by_his_own_hand(site: Path, desk: Path) -> None:
    with door(site):
        assert ended(as_user(ANN, site, "import", "devices", "register.csv")) == 0, (site / "out").read_text()
        assert "register.csv (utf-8): 1 rows imported" in (site / "out").read_text()
        assert ended(as_user(ANN, site, "import", "devices", str(site / "site" / "lanward.toml"))) == 2
        assert "cannot be read: Permission denied" in (site / "out").read_text()
        assert ended(as_user(ANN, site, "import", "devices", "x" * 300)) == 2
        assert "x: File name too long" in (site / "out").read_text()
        assert ended(as_user(ANN, site, "devices", "--config=x")) == 2
        assert "see lanward devices --help" in (site / "out").read_text()
        assert ended(as_user(ANN, site, "export", "--period=2026H2", "--format=json", "--output=pack", "--json")) == 0
    with closing(open_store(str(site / "site" / "inventory.db"), create=False)) as store:
        assert [(entry.actor, entry.action) for entry in store.audit()][-1] == (ANN, "import.devices")
    assert {path.owner() for path in (desk / "pack").iterdir()} == {ANN} and not list(
        Path("/tmp").glob("lanward-*/home")
    )


@pytest.mark.slow
def test_a_child_of_the_screens_opens_no_path_in_the_agent_s_name(site: Path) -> None:
    """A terminal UI's export over the socket wrote where the caller said, as the agent's user."""
    with TemporaryDirectory(prefix="room") as room, came_to(site) as number:
        told = {client.VARIABLE: "", VARIABLE: str(number), files.ROOM: room}
        command = [*CHILD, "--config", str(site / "site" / "lanward.toml"), "export", "--period=2026H2"]
        for output, code in ((f"{site}/pack", 4), (f"{room}/../pack", 4), (f"{room}/pack", 0)):
            asked = [*command, "--format=json", f"--output={output}"]
            done = subprocess.run(asked, env={**os.environ, **told}, pass_fds=(number,), capture_output=True)
            assert done.returncode == code, done.stderr
        assert not (site / "pack").exists() and not Path(room, "..", "pack").exists()
        assert list(Path(room, "pack").iterdir())


@contextmanager
def came_to(home: Path) -> Iterator[int]:
    """The descriptor of somebody's connection to the door, as its process has it."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as person:
        listener.bind(str(home / "door"))
        listener.listen(1)
        person.connect(str(home / "door"))
        connection, _ = listener.accept()
        with connection:
            yield connection.fileno()


@root_only
@pytest.mark.slow
def test_who_is_in_no_group_looks_and_logs_in_nowhere(site: Path) -> None:
    with door(site):
        assert ended(as_user(EVE, site, "devices", "--json")) == 0
        assert len(json.loads((site / "out").read_text())) > 20
        assert ended(as_user(EVE, site, "agent", "status", "--json")) == 0
        told = json.loads((site / "out").read_text())
        assert told["you"] == {"user": EVE, "role": "viewer"}
        assert told["socket"] == {"path": str(site / "door"), "there": True}
        assert ended(as_user(EVE, site, "retention")) == 4
        assert f"{EVE} may not" in (site / "out").read_text()
        assert ended(as_user(EVE, site, "switch", "test", "acc1")) == 4
        assert f"{EVE} may not use the agent's credential" in (site / "out").read_text()
    assert not (site / "door").exists()


@root_only
def test_where_viewers_are_named_others_do_not_come_in(site: Path) -> None:
    file = site / "site" / "lanward.toml"
    file.write_text(file.read_text().replace("[roles]", '[roles]\nviewer = ["lanward-no-such-group"]'))
    with door(site):
        assert ended(as_user(EVE, site, "devices")) == 4
    assert (site / "out").read_text() == (
        f"lanward: {EVE} may not use the agent; members of lanward-no-such-group may look\n"
    )


@root_only
def test_nobody_need_read_to_the_end(site: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with door(site):
        process = as_user(EVE, site, "agent", "status", stdout=writing)
        os.close(writing)
        assert ended(process) in (0, 1)
    assert (site / "out").read_text() == ""


@contextmanager
def full_pipe() -> Iterator[int]:
    """Where whoever writes must wait."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"x" * 4096)
    yield writing
    os.close(reading)
    os.close(writing)


@root_only
def test_ctrl_c_ends_the_command_and_a_caller_who_is_gone_does_too(site: Path, desk: Path) -> None:
    command = (*agent_commands.SERVED, "--config", str(site / "site" / "lanward.toml"))
    made = Door(command, lambda uid: "requester", {})
    with opened(site / "door", made), full_pipe() as pipe:
        for count, (number, left) in enumerate(((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)), 1):
            process = as_user(ANN, site, "devices", stdout=pipe)
            until(lambda count=count: made.counted.get("requester") == count)
            time.sleep(1)
            assert Path(f"/proc/{made.inside[0].process.pid}/oom_score_adj").read_text() == "1000\n"
            os.kill(process, number)
            assert ended(process) == left
            until(lambda: not made.inside)


def until(reached: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_one_person_cannot_take_all_places_nor_fill_the_log_and_no_place_is_lost(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "lanward")
    made = Door(("sleep", "60"), lambda uid: "viewer", {})
    with opened(home / "door", made):
        crowd = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(MOST_OF_ONE)]
        for one in crowd:
            one.connect(str(home / "door"))
        until(lambda: len(made.inside) == MOST_OF_ONE)
        assert [client.ask(str(home / "door"), ["devices"], {}) for _ in range(3)] == [4, 4, 4]
        for served in made.inside:
            served.process.kill()
        until(lambda: not made.inside)
        for one in crowd:
            one.close()
    assert made.counted == {"viewer": MOST_OF_ONE, "refused": 3}
    assert [record.message for record in caplog.records].count("request refused") == 1


def test_a_fault_with_one_person_shuts_the_door_to_nobody_else(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def admit(uid: int) -> str:
        raise ValueError("a directory service with a fault")

    with opened(home / "door", Door((), admit, {})):
        assert [client.ask(str(home / "door"), ["devices"], {}) for _ in range(2)] == [6, 6]
    assert capfd.readouterr().err == 2 * "lanward: a directory service with a fault\n"


def test_what_a_dead_agent_left_is_replaced_and_what_is_no_socket_is_not(home: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(home / "door"))
    with pytest.raises(EnvironmentFault, match="no agent is reached: Connection refused"):
        client.ask(str(home / "door"), ["devices"], {})
    with opened(home / "door", Door((), lambda uid: "viewer", {})):
        assert (home / "door").stat().st_mode & 0o777 == 0o666
    (home / "door").write_text("a file")
    with pytest.raises(EnvironmentFault, match="Address already in use"), opened(home / "door", Door((), str, {})):
        pass


def test_doctor_says_who_one_is_and_whether_the_agent_is_reached(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main.command(["--config", str(site / "site" / "lanward.toml"), "doctor", "--json"])
    row = next(one for one in json.loads(capsys.readouterr().out) if one["check"] == "agent's socket")
    assert not row["ok"] and row["detail"].startswith(f"{site}/door: no agent listens; you are ")


def test_a_door_without_roles_does_not_open(site: Path) -> None:
    file = site / "site" / "lanward.toml"
    file.write_text(re.sub("requester = .*", "", file.read_text()))
    with pytest.raises(BadInput, match=r"\[agent\] socket without \[roles\]"), door(site):
        pass
