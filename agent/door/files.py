"""Where a command's files are: here, or with the caller at the other end of the agent's socket.

A command that the agent runs for somebody must not open a path of his in its own name. So every path that a person
gives goes through `given` or `written`, which put it into a private directory, and what is printed through `shown`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from agent.model.errors import Refused

ROOM = "LANWARD_ROOM"
"""In a request's process and what it starts: the directory that is this request's alone."""


class Files(Protocol):
    """What becomes of the paths that a person gives."""

    def given(self, text: str) -> Path:
        """A file that is read; raise BadInput where it cannot be."""
        ...

    def written(self, text: str) -> Path:
        """A file or directory that is written."""
        ...

    def deliver(self, written: Path | None = None) -> None:
        """Hand over what was written, or only this file or directory; raise EnvironmentFault where that fails."""
        ...

    def shown(self, text: str) -> str:
        """A text for people, with the paths as they gave them."""
        ...


class Local:
    """A person's own process: paths are what they are."""

    def given(self, text: str) -> Path:
        """The path."""
        return Path(text)

    def written(self, text: str) -> Path:
        """The path."""
        with suppress(RuntimeError):  # a home that nobody has
            return Path(text).expanduser()
        return Path(text)

    def deliver(self, written: Path | None = None) -> None:
        """It is there already."""

    def shown(self, text: str) -> str:
        """The text."""
        return text


class Inside(Local):
    """What a request's process starts: its parent gives it paths in the room, which are the only ones it may open."""

    def __init__(self, room: str) -> None:
        self._room = room

    def given(self, text: str) -> Path:
        """The path; raise Refused for one elsewhere."""
        return self._own(text)

    def written(self, text: str) -> Path:
        """The path; raise Refused for one elsewhere."""
        return self._own(text)

    def _own(self, text: str) -> Path:
        path = absolute(text, "/")
        if not self._room or not path.startswith(f"{self._room}/"):
            raise Refused(f"{text}: only the process at the agent's socket gives paths here")
        return Path(path)


class Here:
    """The files of this process."""

    files: Files = Local()


def given(text: str) -> Path:
    """A path that a person gave, to read from: the `parser` of such an option."""
    return Here.files.given(text)


def written(text: str) -> Path:
    """A path that a person gave, to write to: the `parser` of such an option."""
    return Here.files.written(text)


def deliver(written: Path | None = None) -> None:
    """Hand over what was written until now, or only this of it."""
    Here.files.deliver(written)


def shown(text: str) -> str:
    """What is printed, with the paths as a person gave them."""
    return Here.files.shown(text)


def absolute(text: str, directory: str) -> str:
    """The path from the root on, by its text alone: nothing of it leads above the root."""
    parts: list[str] = []
    for part in (text if text.startswith("/") else f"{directory}/{text}").split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
