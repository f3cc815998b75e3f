"""A child process that speaks lines of JSON: the wall before GPL libraries (docs/adr/0006-licence.md)."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import collectors
from agent.model.errors import EnvironmentFault

LINE_LIMIT = 8 << 20
"""Octets of one line that a worker may send at most."""

_END = 10.0
"""Seconds that a killed process may take to be gone."""

_SOURCE = str(Path(str(collectors.__file__)).resolve().parent.parent)


class Worker:
    """One worker process, its own process group; ends with the `with` block, and its children with it."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._lines: queue.SimpleQueue[dict[str, object] | None] = queue.SimpleQueue()

    def __enter__(self) -> Worker:
        path = os.pathsep.join(filter(None, [_SOURCE, os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            _until_ended(self._process.pid, _END)
        self._process.wait(timeout=_END)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                _close(pipe)

    def _read(self) -> None:
        out = self._process.stdout
        assert out is not None
        while line := _line(out):
            answer = _parse(line)
            if answer is not None:
                self._lines.put(answer)
        self._lines.put(None)

    def send(self, request: Mapping[str, object]) -> None:
        """Hand over one request; raise EnvironmentFault where the worker is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._gone() from None

    def receive(self, timeout: float) -> dict[str, object] | None:
        """The next answer, or None where there is none in time; raise EnvironmentFault where the worker is gone.

        An answer `{"error": ..., "hint": ...}` is raised as EnvironmentFault.
        """
        try:
            answer = self._lines.get(timeout=timeout) if timeout > 0 else self._lines.get_nowait()
        except queue.Empty:
            return None
        if answer is None:
            raise self._gone()
        if "error" in answer:
            raise EnvironmentFault(str(answer["error"]), hint=str(answer.get("hint", "")))
        return answer

    def _gone(self) -> EnvironmentFault:
        said = self._process.stderr.read(4000).decode("utf-8", "replace") if self._process.stderr else ""
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        return EnvironmentFault(f"{self._module} ended: {last[0]}")


def _until_ended(child: int, seconds: float) -> None:
    """Wait for a child's end without looking again and again, as Popen.wait does: that is up to 0.05 s late."""
    end = os.pidfd_open(child)
    try:
        poll = select.poll()
        poll.register(end, select.POLLIN)
        poll.poll(seconds * 1000)
    finally:
        os.close(end)


def _close(pipe: object) -> None:
    try:
        pipe.close()  # type: ignore[attr-defined]  # the three pipes share no type but object
    except BrokenPipeError:
        return


def _line(pipe: object) -> bytes:
    try:
        line: bytes = pipe.readline(LINE_LIMIT)  # type: ignore[attr-defined]  # as above
    except ValueError:
        return b""
    return line


def _parse(line: bytes) -> dict[str, object] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
