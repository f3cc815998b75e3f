"""What goes through the socket: frames of a kind, a length and octets, and the request that comes first; pure."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum

from agent.door.files import absolute
from agent.model.errors import BadInput

HEADER = struct.Struct("!cI")
MOST_OCTETS = 1 << 20
"""Of one frame's body: a request, or a piece of a file."""

PIECE = 1 << 18
"""Octets of a file in one frame."""

MOST_GIVEN = 64 << 20
"""Octets of all files that one request reads."""

MOST_WORDS = 4096

TERMINAL = frozenset({"LANG", "LC_ALL", "LC_MESSAGES", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"})
"""All that a caller's environment may say."""

SIZES = frozenset({"COLUMNS", "LINES"})
_SIZE = re.compile(r"[0-9]{1,3}")
"""Help a billion columns wide takes all memory there is."""

_PLAIN = re.compile(r"[A-Za-z0-9_.@:,+-]{0,64}")


class BadFrame(BadInput):
    """What came through the socket is not what lanward sends."""


class Kind(Enum):
    """The first octet of a frame; who sends it stands beside it."""

    REQUEST = b"R"  # the client, once, with its stdin, stdout and stderr
    SIGNAL = b"S"  # the client: INT or WINCH
    ASK = b"?"  # the agent: the path of a file that it wants to read
    FILE = b"F"  # the agent: the path of a file that it sends
    DATA = b"D"  # either: a piece of a file
    END = b"E"  # either: the file is through; the client also says so when it has written one
    FAULT = b"!"  # the client: why it cannot read or write
    EXIT = b"X"  # the agent, once: {"code", "say"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    kind: Kind
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text; raise BadFrame where it is none."""
        try:
            return self.body.decode("utf-8", "surrogateescape")
        except UnicodeDecodeError:
            raise BadFrame("a frame is not UTF-8") from None

    def encoded(self) -> bytes:
        """The octets that are sent."""
        return HEADER.pack(self.kind.value, len(self.body)) + self.body


class Decoder:
    """Octets in, whole frames out; what is incomplete waits."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, octets: bytes) -> tuple[Frame, ...]:
        """The frames that are complete now; raise BadFrame for an unknown kind or a body that is too long."""
        self._held += octets
        found = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return tuple(found)

    def _next(self) -> Frame | None:
        if len(self._held) < HEADER.size:
            return None
        letter, length = HEADER.unpack_from(self._held)
        try:
            kind = Kind(letter)
        except ValueError:
            raise BadFrame(f"a frame of unknown kind {letter!r}") from None
        if length > MOST_OCTETS:
            raise BadFrame(f"a frame of {length} octets", hint=f"at most {MOST_OCTETS}")
        end = HEADER.size + length
        if len(self._held) < end:
            return None
        body = bytes(self._held[HEADER.size : end])
        del self._held[:end]
        return Frame(kind, body)


@dataclass(frozen=True, slots=True)
class Request:
    """A command's words after `lanward`, what its terminal is, and where the caller stands: absolute directories."""

    words: tuple[str, ...]
    terminal: Mapping[str, str]
    directory: str
    home: str

    def absolute(self, text: str) -> str:
        """A path of the caller's, from the root on."""
        told = f"{self.home}{text[1:]}" if text == "~" or text.startswith("~/") else text
        return absolute(told, self.directory)

    def encoded(self) -> bytes:
        """As JSON; raise BadInput where it is longer than a frame."""
        body = json.dumps(asdict(self)).encode()
        if len(body) > MOST_OCTETS:
            raise BadInput(f"{len(self.words)} words are too long for one command", hint="name fewer")
        return body


def parse_request(body: bytes) -> Request:
    """The request of a client that need not be ours; raise BadFrame."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise BadFrame("the request is no JSON") from None
    if not isinstance(document, dict) or set(document) != {"words", "terminal", "directory", "home"}:
        raise BadFrame("the request is not one of this version of lanward")
    words, terminal = document["words"], document["terminal"]
    if not isinstance(words, list) or not isinstance(terminal, dict) or len(words) > MOST_WORDS:
        raise BadFrame("the request has no words")
    directory, home = _directory(document["directory"]), _directory(document["home"])
    return Request(tuple(_word(word) for word in words), _terminal(terminal), directory, home)


def _word(word: object) -> str:
    if not isinstance(word, str) or "\0" in word:
        raise BadFrame("a word of the request is no text")
    return word


def _directory(path: object) -> str:
    if not _word(path).startswith("/"):
        raise BadFrame("a directory of the request is not absolute")
    return str(path)


def _terminal(told: Mapping[str, object]) -> Mapping[str, str]:
    """What is known and plain of it; the rest is left out."""
    texts = {name: value for name, value in told.items() if name in TERMINAL and isinstance(value, str)}
    return {name: value for name, value in texts.items() if (_SIZE if name in SIZES else _PLAIN).fullmatch(value)}
