"""Every command teaches itself, and every reading command has one JSON document for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from agent.cli.main import app

READING = (
    "doctor", "devices", "device show", "device history", "assess", "plan", "verify", "change list", "change show",
    "switch list", "switch test", "export", "discover", "identify", "audit verify", "apply", "rollback", "release",
    "lab status", "exception list", "exception show", "vendor list", "vendor show", "import vendors",
    "import devices", "import leases", "listen", "reconcile", "since",
)  # fmt: skip


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    yield " ".join(path), command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does(name: str) -> None:
    text = COMMANDS[name].help or ""
    assert len(text.split()) >= 3 and text[0].isupper(), f"lanward {name}: {text!r}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name: str) -> None:
    silent = [p.name for p in COMMANDS[name].params if "--help" not in p.opts and not (getattr(p, "help", "") or "")]
    assert not silent, f"lanward {name}: {', '.join(silent)}"


@pytest.mark.parametrize("name", READING)
def test_reading_commands_have_a_document_for_scripts(name: str) -> None:
    assert any("--json" in p.opts for p in COMMANDS[name].params)
