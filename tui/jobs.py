"""Long works as child processes of the command line itself: what they say on stderr is shown live."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from agent.door.caller import came_by
from agent.door.files import shown

_STEP = re.compile(r"[a-z-]+: (?P<phase>.+?) (?P<done>\d+)(?:/(?P<total>\d+))?(?: (?P<note>.*))?")
"""A line of `agent.diagnostics.progress` where stderr is no terminal: `apply: dist1 3/10 bind`."""

KEPT_LINES = 200

POLL = 0.1
"""Seconds between two looks at what a child has said."""

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Step:
    """How far a phase is; `total` 0 means "not known"."""

    phase: str
    done: int
    total: int
    note: str = ""


def read_step(line: str) -> Step | None:
    """A line of progress, or None for any other line."""
    found = _STEP.fullmatch(line)
    return Step(found["phase"], int(found["done"]), int(found["total"] or 0), found["note"] or "") if found else None


@dataclass(slots=True, eq=False)
class Job:
    """One child process: its words after `lanward`, what it has said so far, how it ended; and what it `writes`.

    It writes to files, not to pipes, so that it goes on unharmed where this program ends before it.
    """

    words: tuple[str, ...]
    writes: Path | None = None
    steps: dict[str, Step] = field(default_factory=dict)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    output: str = ""
    code: int | None = None
    _process: asyncio.subprocess.Process | None = None

    @property
    def name(self) -> str:
        """The command as a person would type it."""
        return shown(" ".join(word for word in self.words if word != "--json"))

    @property
    def running(self) -> bool:
        """True until the child has ended."""
        return self.code is None

    def document(self) -> object:
        """What it printed on stdout as JSON, or None where it printed none."""
        try:
            return json.loads(self.output)
        except ValueError:
            return None

    @property
    def error(self) -> str:
        """Its one line about what went wrong, without the program's name."""
        said = [line.removeprefix("lanward: ") for line in self.lines if line.startswith("lanward: ")]
        return said[-1] if said else ""

    async def run(self, command: Sequence[str], told: Callable[[Job], None]) -> None:
        """Run to the end; `told` is called whenever it has said something, and once it has ended."""
        with TemporaryFile() as out, TemporaryFile() as err:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                *self.words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=came_by(os.environ),
            )
            ended = asyncio.create_task(self._process.wait())
            heard = 0
            while not ended.done():
                await asyncio.wait((ended,), timeout=POLL)
                heard = self._listen(err.fileno(), heard, told)
            out.seek(0)
            self.output = out.read().decode(errors="replace")
        self.code = ended.result()
        told(self)

    def _listen(self, descriptor: int, heard: int, told: Callable[[Job], None]) -> int:
        """Take in whole lines; by `pread`, since the file's own position is the child's."""
        new = os.pread(descriptor, CHUNK, heard)
        whole = new[: new.rfind(b"\n") + 1]
        for line in whole.decode(errors="replace").splitlines():
            if step := read_step(line):
                self.steps[step.phase] = step
            self.lines.append(shown(line))
        if whole:
            told(self)
        return heard + len(whole)

    def stop(self) -> None:
        """Ask it to end, as Ctrl-C does: what was found is kept, a switch's change is finished first."""
        if self.running and self._process is not None:
            self._process.send_signal(signal.SIGINT)
