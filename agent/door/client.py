"""A person's end of the agent's socket: hands over words, terminal and files, and leaves with the agent's exit code."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.diagnostics import say
from agent.door.files import absolute
from agent.door.frames import MOST_GIVEN, PIECE, TERMINAL, Frame, Kind, Request
from agent.door.line import STREAMS, Line
from agent.model.errors import BadInput, EnvironmentFault

VARIABLE = "LANWARD_SOCKET"

RELAYED = {signal.SIGINT: b"INT", signal.SIGTERM: b"INT", signal.SIGWINCH: b"WINCH"}
"""What the command is told of; whatever ends this process otherwise, it hears as the end of the connection."""

LEFT = "\x1b[?1049l\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?25h"
"""Main screen, no mouse, no bracketed paste, a cursor: what a screen that died may have left otherwise."""


def destination(words: Sequence[str], environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """The socket that is asked, empty for "this process itself", and the words without `--socket`; raise BadInput.

    `--db` and `--config` name a database of one's own, so they win over the environment and go with no `--socket`.
    """
    rest = list(words)
    if rest and not rest[0].startswith("-"):
        return environment.get(VARIABLE, ""), rest
    name, equals, value = (rest or [""])[0].partition("=")
    if name != "--socket":
        return "", rest
    if not equals and len(rest) < 2:
        raise BadInput("--socket needs a path", hint="lanward --socket /run/lanward/lanward.sock devices")
    path, rest = (value, rest[1:]) if equals else (rest[1], rest[2:])
    if path and rest and rest[0].startswith("-"):
        raise BadInput(f"{rest[0]} does not go with --socket", hint="the agent has its own configuration and database")
    return path, rest


def ask(path: str, words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Have the agent run a command; its exit code. Raise EnvironmentFault where no agent is reached."""
    streams = _streams()  # before the socket, which would take the number of one that is closed
    terminal = {name: environment[name] for name in TERMINAL & set(environment)}
    request = Request(tuple(words), terminal, str(Path.cwd()), str(Path("~").expanduser()))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, terminal_kept() as restore:
        line = Line(connection)
        try:
            connection.connect(path)
        except OSError as error:
            hint = "systemctl status lanward-agent; --socket '' works on files of your own"
            raise EnvironmentFault(f"{path}: no agent is reached: {error.strerror or error}", hint=hint) from None
        with _relayed() as wakened:
            with suppress(ConnectionError):  # turned away: the answer is there to be read
                line.send_request(request, streams)
            ended = Conversation(line, request, root=os.geteuid() == 0).follow(wakened)
        if ended is None:
            restore()
            raise EnvironmentFault(f"{path}: the agent ended the connection", hint="systemctl status lanward-agent")
    if ended["say"]:  # it had no streams of ours yet
        say(str(ended["say"]))
    return int(ended["code"])


def _streams() -> tuple[int, ...]:
    """stdin, stdout and stderr, or nothing in the place of one that is closed."""
    return tuple(one if _is_open(one) else os.open(os.devnull, os.O_RDWR) for one in range(STREAMS))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@contextmanager
def terminal_kept() -> Iterator[Any]:
    """What puts the terminal back as it was, for the case that nobody else does."""
    kept = None
    with suppress(termios.error, OSError):
        kept = termios.tcgetattr(0)

    def restore() -> None:
        if kept is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, kept)
        if sys.stdout.isatty():
            sys.stdout.write(LEFT)
            sys.stdout.flush()

    yield restore


@contextmanager
def _relayed() -> Iterator[int]:
    """A descriptor on which the number of each signal arrives that the command is to hear of."""
    wakened, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    former = signal.set_wakeup_fd(waking)
    kept = {number: signal.signal(number, lambda *_: None) for number in RELAYED}
    try:
        yield wakened
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former)
        os.close(wakened)
        os.close(waking)


class Conversation:
    """What follows a request: signals one way, files both ways, and in the end the exit code.

    Files that nobody named are the terminal UI's alone, and not for `root`, who would make of the agent's user another
    root.
    """

    def __init__(self, line: Line, request: Request, *, root: bool = False) -> None:
        self._line = line
        self._named = {request.absolute(text) for word in request.words for text in _texts(word) if text}
        self._screens = request.words[:1] == ("tui",) and not root
        self._writing: Incoming | None = None

    def follow(self, wakened: int) -> dict[str, Any] | None:
        """Until the command has ended; None where the connection did so first."""
        while True:
            with suppress(OSError):  # the agent is gone, which the next receive says
                ready, _, _ = select.select([self._line.connection.fileno(), wakened], [], [])
                if wakened in ready:
                    self._relay(os.read(wakened, 64))
                if self._line.connection.fileno() not in ready:
                    continue
            for frame in self._frames():
                if frame is None:
                    return None
                if frame.kind is Kind.EXIT:
                    return dict(json.loads(frame.body))
                self._answer(frame)

    def _frames(self) -> Iterator[Frame | None]:
        try:
            yield self._line.receive()
            while self._line.waiting:
                yield self._line.receive()
        except OSError:
            yield None

    def _relay(self, numbers: bytes) -> None:
        for number in numbers:
            if name := RELAYED.get(signal.Signals(number)):
                self._line.send(Kind.SIGNAL, name)

    def _answer(self, frame: Frame) -> None:
        try:
            if frame.kind is Kind.ASK:
                self._read(frame.text)
            elif frame.kind is Kind.FILE:
                self._writing = Incoming(self._allowed(frame.text))
            elif frame.kind is Kind.DATA and self._writing:
                self._writing.take(frame.body)
            elif frame.kind is Kind.END and self._writing:
                self._writing.keep()
                self._writing = None
                self._line.send(Kind.END)
        except (BadInput, OSError) as error:
            if self._writing:
                self._writing.drop()
            self._writing = None
            said = error.strerror if isinstance(error, OSError) else str(error)
            with suppress(OSError):
                self._line.send(Kind.FAULT, str(said or error).encode("utf-8", "surrogateescape"))

    def _read(self, path: str) -> None:
        """Send a file that was named on the command line."""
        if path not in self._named:
            raise BadInput("it is not named on the command line")
        with Path(path).open("rb") as file:
            sent = 0
            while piece := file.read(PIECE):
                sent += len(piece)
                if sent > MOST_GIVEN:
                    raise BadInput(f"it is longer than {MOST_GIVEN} octets")
                self._line.send(Kind.DATA, piece)
        self._line.send(Kind.END)

    def _allowed(self, path: str) -> Path:
        """Below what was named on the command line anything may be written; from the screens a new, visible file."""
        target = Path(absolute(path, "/"))
        if any(str(above) in self._named for above in (target, *target.parents)):
            return target
        if not self._screens or target.exists() or any(part.startswith(".") for part in target.parts):
            raise BadInput("it is no word of the command line, and there already, hidden, or not from the screens")
        return target


def _texts(word: str) -> tuple[str, ...]:
    """What of a word may be a path: all of it, or what follows `--option=`."""
    return (word, word.partition("=")[2]) if word.startswith("-") and "=" in word else (word,)


class Incoming:
    """A file of the agent's, written under its name when it is whole; a device or a pipe is written to as it is."""

    def __init__(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._target = self._partial = target
        if target.is_file() or not target.exists():
            self._partial = target.with_name(f".{target.name}.partial")
            self._partial.unlink(missing_ok=True)  # and never through it: it may be somebody's link
        self._file = self._partial.open("wb" if self._partial == target else "xb")

    def take(self, piece: bytes) -> None:
        """Some more of it."""
        self._file.write(piece)

    def keep(self) -> None:
        """All of it is there."""
        self._file.close()
        if self._partial != self._target:
            self._partial.replace(self._target)

    def drop(self) -> None:
        """The rest of it does not come."""
        with suppress(OSError):  # a full disk says so again
            self._file.close()
        if self._partial != self._target:
            self._partial.unlink(missing_ok=True)
