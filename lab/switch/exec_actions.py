"""What EXEC commands do: showing, saving, clearing, reloading; each takes the session and the line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lab.switch import modes, output
from lab.switch.asker import Asker
from lab.switch.grammar import Words, match
from lab.switch.machine import Machine, NoArchive
from lab.switch.show import show as shown
from lab.switch.spec import User


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the CLI asks; the answer goes to `then`. `key` means that one key is enough, `[confirm]`."""

    prompt: str
    then: Callable[[str], str]
    hidden: bool = False
    key: bool = False


class Terminal(Protocol):
    """The part of a session that these need."""

    machine: Machine
    user: User
    line: int
    length: int
    width: int
    question: Question | None

    @property
    def privileged(self) -> bool:
        """Whether the session has privilege level 15."""
        ...


def show(session: Terminal, line: str) -> str:
    """A show command and the filter behind its pipe."""
    command, *filters = output.split_pipe(line)
    table = modes.show_table(session.privileged, session.machine.family.tcam)
    found = match(Words.of(command).drop(1), table)
    level = 15 if session.privileged else session.user.privilege
    asker = Asker(session.user.name, session.line, level, session.length, session.width)
    return output.filtered(shown(session.machine, asker, found), filters)


def show_bare(_session: Terminal, _line: str) -> str:
    """`show` alone."""
    return '% Type "show ?" for a list of subcommands\n'


def write(session: Terminal, _line: str = "") -> str:
    """`write memory` ends with `[OK]`: Cisco IOS Configuration Fundamentals, "Managing Configuration Files"."""
    session.machine.save()
    return "Building configuration...\n[OK]\n"


def write_terminal(session: Terminal, _line: str) -> str:
    """The old name of `show running-config`."""
    return show(session, "show running-config")


def copy_startup(session: Terminal, _line: str) -> str:
    """`copy running-config startup-config` asks for the file's name first."""
    session.question = Question("Destination filename [startup-config]? ", lambda _: write(session))
    return ""


def archive_config(session: Terminal, _line: str) -> str:
    """Put the running configuration into the archive."""
    try:
        session.machine.archive()
    except NoArchive:
        return "%Error: Archive path is not configured\n"
    return ""


def clear_mac(session: Terminal, _line: str) -> str:
    """Forget the learned addresses."""
    session.machine.plane.flush()
    return ""


def clear_counters(session: Terminal, _line: str) -> str:
    """Count matches from zero again."""
    session.machine.clear_hits()
    return ""


def clear_logging(session: Terminal, _line: str) -> str:
    """Empty the log buffer once confirmed."""

    def clear(_answer: str) -> str:
        session.machine.log.clear()
        return ""

    session.question = Question("Clear logging buffer [confirm]", clear, key=True)
    return ""


def clear_lock(session: Terminal, _line: str) -> str:
    """Take the configuration from whoever holds it."""
    session.machine.lock = None
    return ""


def reload(session: Terminal, _line: str) -> str:
    """`reload`: asks whether to save what is not saved, then for confirmation."""

    def go(_answer: str) -> str:
        session.machine.reboot()
        return ""

    def save(answer: str) -> str:
        if answer.lower().startswith("y"):
            session.machine.save()
        session.question = confirm
        return ""

    confirm = Question("Proceed with reload? [confirm]", go, key=True)
    modified = session.machine.text(session.machine.running) != session.machine.startup
    asked = Question("\nSystem configuration has been modified. Save? [yes/no]: ", save)
    session.question = asked if modified else confirm
    return ""


ACTIONS: Mapping[str, Callable[[Terminal, str], str]] = {
    "show": show,
    "show-bare": show_bare,
    "write": write,
    "write-terminal": write_terminal,
    "copy-startup": copy_startup,
    "archive-config": archive_config,
    "clear-mac": clear_mac,
    "clear-counters": clear_counters,
    "clear-logging": clear_logging,
    "clear-lock": clear_lock,
    "reload": reload,
}
