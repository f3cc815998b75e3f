"""The agent's side of one request, in a process of its own: the caller's signals, his going away, and his files."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO, NoReturn

from agent.door.frames import MOST_GIVEN, PIECE, BadFrame, Frame, Kind, Request
from agent.door.line import Line
from agent.model.errors import BadInput, EnvironmentFault

SIGNALS = {b"INT": signal.SIGINT, b"WINCH": signal.SIGWINCH}

ANSWER = 60.0
"""Seconds that a client may take for the next piece of a file."""

GRACE = 20.0
"""Seconds that a command has to end once its caller is gone: what it began on a switch it brings to an end."""


@dataclass(slots=True)
class Lending:
    """Files of the caller's, copied through `room`, which is this request's alone: see agent.door.files.Files."""

    line: Line
    request: Request
    room: Path
    answers: queue.Queue[Frame] = field(default_factory=lambda: queue.Queue(64))
    _texts: dict[str, str] = field(default_factory=dict)
    _given: set[Path] = field(default_factory=set)
    _taken: int = 0
    _delivering: Lock = field(default_factory=Lock)

    def given(self, text: str) -> Path:
        """The file's octets, asked of the caller; raise BadInput with what he said where he cannot read it."""
        place = self._place(text)
        self._given.add(place)  # also where it does not come whole: it is never sent back
        self.line.send(Kind.ASK, self.request.absolute(text).encode("utf-8", "surrogateescape"))
        with _made(place, text) as file:
            while (frame := self._answer()).kind is Kind.DATA:
                self._taken += len(frame.body)
                if self._taken > MOST_GIVEN:
                    raise BadInput(f"{text}: longer than {MOST_GIVEN} octets, with what came before it")
                file.write(frame.body)
        if frame.kind is Kind.FAULT:
            raise BadInput(f"{text}: cannot be read: {frame.text}")
        return place

    def written(self, text: str) -> Path:
        """A place in the room; what is put there, `deliver` hands over."""
        place = self._place(text)
        self._given.discard(place)
        return place

    def deliver(self, written: Path | None = None) -> None:
        """Send what was written and is whole; the caller writes it, in his own name."""
        with self._delivering:
            below = written or self.room
            for place in [below] if below.is_file() else sorted(below.rglob("*")):
                if place.is_file() and place not in self._given:
                    try:
                        self._send(place)
                    finally:
                        place.unlink()

    def shown(self, text: str) -> str:
        """Without the room: paths as the caller wrote them, the longest first."""
        if str(self.room) in text:
            for place in sorted(self._texts, key=len, reverse=True):
                text = text.replace(place, self._texts[place])
        return text.replace(str(self.room), "")

    def _send(self, place: Path) -> None:
        path = "/" + str(place.relative_to(self.room))
        self.line.send(Kind.FILE, path.encode("utf-8", "surrogateescape"))
        with place.open("rb") as file:
            while piece := file.read(PIECE):
                self.line.send(Kind.DATA, piece)
        self.line.send(Kind.END)
        answer = self._answer()
        if answer.kind is not Kind.END:
            raise EnvironmentFault(f"{path} cannot be written: {answer.text}")

    def _answer(self) -> Frame:
        try:
            return self.answers.get(timeout=ANSWER)
        except queue.Empty:
            raise BadFrame(f"no answer in {ANSWER:g} s") from None

    def _place(self, text: str) -> Path:
        place = Path(f"{self.room}{self.request.absolute(text)}")
        self._texts[str(place)] = text
        return place

    def listen(self) -> None:
        """Hear the caller until the connection ends, and then have this process end: for a thread of its own."""
        with suppress(OSError, BadFrame, queue.Full):
            while (frame := self.line.receive()) is not None:
                if frame.kind is not Kind.SIGNAL:
                    self.answers.put(frame, timeout=ANSWER)
                elif number := SIGNALS.get(frame.body):
                    os.kill(os.getpid(), number)
        self._leave()

    def _leave(self) -> NoReturn:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE)
        shutil.rmtree(self.room, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)
        raise SystemExit


def _made(place: Path, text: str) -> BinaryIO:
    """A new file; raise BadInput for a name that is none here."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return place.open("wb")
    except OSError as error:
        raise BadInput(f"{text}: {error.strerror}") from None
