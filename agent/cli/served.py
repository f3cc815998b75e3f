"""The process behind one request at the agent's socket: `lanward` as the agent's user, for whoever connected."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.diagnostics import INTERRUPTED, OK, guarded
from agent.door import files
from agent.door.frames import TERMINAL, BadFrame, Kind
from agent.door.lending import Lending
from agent.door.line import Line
from agent.model.errors import Refused

PATIENCE = 5.0
"""Seconds in which a request must be there."""

NICENESS, EXPENDABLE = 5, 1000
"""Below the agent itself, and the first to go where memory is short: proc(5), oom_score_adj."""

OWN = "run it yourself, with --socket '' and a configuration of your own"
LOCAL: Mapping[str, str] = {
    "init": OWN,
    "identify": OWN,
    "lab": "the lab is no part of the agent's site",
    "agent": "it runs already: lanward agent status",
    "switch add": "the agent's lanward.toml is its administrator's",
    "backup": "who keeps the agent's machine does that, as the agent's user",
    "restore": "who keeps the agent's machine does that, as the agent's user",
}
"""What is not done for others, and what to do: it would use the agent's credentials or files where the caller says."""


def main() -> None:
    """The last word of the command line is the connection's descriptor; before it come the agent's own options."""
    *options, number = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.nice(NICENESS)
    with suppress(OSError):  # a /proc that may not be written
        Path("/proc/self/oom_score_adj").write_text(str(EXPENDABLE), encoding="ascii")
    line = Line(socket.socket(fileno=int(number)))
    said = ""
    try:
        code = serve(line, options)
    except BadFrame as error:
        code, said = error.exit_code, f"lanward: {error}"
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as left:  # as rich does where nobody reads any more
        code = left.code if isinstance(left.code, int) else OK
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who has his answer hangs up, which is no Ctrl-C any more
    flush()
    with suppress(OSError):
        line.send(Kind.EXIT, json.dumps({"code": code, "say": said}).encode())


def flush() -> None:
    """Let go of what is printed; nobody need be there to read it, now or at this process's end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def serve(line: Line, options: Sequence[str]) -> int:
    """Do what is asked on the caller's own streams; the exit code."""
    request, streams = line.receive_request(PATIENCE)
    settle(streams, request.terminal)
    from agent.cli.main import command

    with TemporaryDirectory(prefix="lanward-") as room:
        lending = Lending(line, request, Path(room))
        files.Here.files = lending
        os.environ[files.ROOM] = room
        threading.Thread(target=lending.listen, name="caller", daemon=True).start()

        def asked() -> int:
            permitted(request.words)
            return command((*options, *request.words))

        def delivered() -> int:
            lending.deliver()
            return 0

        code = guarded(asked)
        return guarded(delivered) or code


def settle(streams: tuple[int, ...], terminal: Mapping[str, str]) -> None:
    """Take the caller's streams for our own, and of his environment what his terminal is."""
    for own, given in enumerate(streams):
        os.dup2(given, own)
        os.close(given)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())
    for name in TERMINAL:
        os.environ.pop(name, None)
    os.environ.update(terminal)


def permitted(words: Sequence[str]) -> None:
    """Raise Refused for options before a command's name, and for commands that are not done for others."""
    import typer.main

    from agent import plugins
    from agent.cli.main import app

    node: Any = typer.main.get_command(app)
    path: list[str] = []
    for word in words:
        if word == "--help":
            return
        if not getattr(node, "commands", None):
            break
        if word.startswith("-"):  # "--" too, behind which a command could hide
            raise Refused(f"{word} is not for others to say", hint="a command's options come after its name")
        if word not in node.commands:
            break
        path.append(word)
        node = node.commands[word]
    name = " ".join(path)
    reason = LOCAL.get(name) or (LOCAL["lab"] if path and path[0] in plugins.names(plugins.COMMANDS) else "")
    if reason:
        raise Refused(f"'lanward {name}' is not done through the agent's socket", hint=reason)
