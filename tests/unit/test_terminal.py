"""Foreign text on the terminal: no escape sequence, no markup."""

from __future__ import annotations

import io
import sys

import pytest

from agent.cli import output
from agent.diagnostics import progress, say
from agent.journal import Lines
from agent.model.errors import BadInput
from agent.operations.register import check_word
from agent.ports import Progress

EVIL = "[/red] a\x1b[2Jb\x9b31mc"
SHOWN = "[/red] a [2Jb 31mc"


def test_nobody_says_what_nobody_can_read() -> None:
    check_word("place", "三樓 [/red]")
    with pytest.raises(BadInput, match="nobody can read"):
        check_word("place", EVIL)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_tables_and_complaints(capsys: pytest.CaptureFixture[str]) -> None:
    output.lines([EVIL + "\n\tkept"])
    output.table(("a",), [(EVIL,)])
    say(EVIL)
    shown = capsys.readouterr()
    assert shown.out.splitlines()[:2] == [SHOWN, "\tkept"]
    assert SHOWN in shown.out.splitlines()[-1] and shown.err == f"{SHOWN}\n"


def test_a_log_for_people_is_one_line_of_text() -> None:
    import logging

    record = logging.makeLogRecord({"name": "lanward", "msg": EVIL + "\nx", "created": 0.0, "levelname": "INFO"})
    assert Lines("text", str).format(record).endswith(f"info {SHOWN}\\nx")


def test_progress_shows_a_note_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fire exit reports through it: a note that Rich read as markup ended it halfway."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress("release") as report:
        report(Progress("release", 0, 2, EVIL))
        report(Progress("[/red]", 1, 2, "still here"))
    assert SHOWN in screen.getvalue() and "\x1b[2J" not in screen.getvalue()
