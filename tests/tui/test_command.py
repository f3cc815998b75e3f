"""`lanward tui` and `lanward devices --filter` as commands."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.tui import desks


def lanward(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*desks.COMMAND, *words], cwd=directory, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("tui",), 6, "no terminal to show screens on"),
        (("tui", "--lang", "fr"), 2, "no language 'fr'; choose en, zh-TW"),
        (("tui", "--theme", "pink"), 2, "no theme 'pink'; choose dark, light"),
        (("devices", "--filter", "clas:x"), 2, "column 1: no field 'clas'; did you mean 'class:'?"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = lanward(tmp_path, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_the_register_is_filtered_as_on_the_screen(tmp_path: Path) -> None:
    desks.site(tmp_path)
    done = lanward(tmp_path, "devices", "--filter", "class:printer -firmware:1.", "--json")
    assert [device["id"] for device in json.loads(done.stdout)] == ["d-4b3057c362"]


def test_a_real_terminal_shows_the_register_and_is_left_by_ctrl_q(tmp_path: Path) -> None:
    desks.site(tmp_path)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24", LC_ALL="C.UTF-8")
        os.execv(desks.COMMAND[0], [*desks.COMMAND, "tui", "--lang", "zh-TW"])
    seen = read_until(terminal, "設備軟體控管措施")
    os.write(terminal, b"2")
    seen += read_until(terminal, "d-18ddc6cefe")
    os.write(terminal, b"\x11")
    read_until(terminal, "never shown")
    assert "設備軟體控管措施" in seen and "d-18ddc6cefe" in seen
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def read_until(terminal: int, wanted: str, seconds: float = 40.0) -> str:
    """What the terminal shows until a text is in it, the program has ended, or the time is over."""
    shown, end = b"", time.monotonic() + seconds
    while wanted.encode() not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
    return shown.decode(errors="replace")
