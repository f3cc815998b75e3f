"""What a command takes: seconds, processor time, the most memory of it and all its children, and when it said what."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOK = 0.25
"""Seconds between two looks at the memory."""

PAGE = os.sysconf("SC_PAGE_SIZE")
PROGRESS = re.compile(r"^discover: (\w+) ")


@dataclass(slots=True)
class Ran:
    """One command's run; `steps` is when each step of lanward showed progress first and last."""

    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    output: str = ""
    code: int = 0
    steps: dict[str, tuple[float, float]] = field(default_factory=dict)


def resident(root: int) -> int:
    """Octets of memory that a process and all below it have now; what they share counts for each."""
    children: dict[int, list[int]] = {}
    sizes: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            sizes[int(entry.name)] = int(fields[21]) * PAGE
    total, left = 0, [root]
    while left:
        one = left.pop()
        total += sizes.get(one, 0)
        left += children.get(one, ())
    return total


def never(_seconds: float) -> bool:
    """No run is too long."""
    return False


def run(command: Sequence[str], directory: Path, too_long: Callable[[float], bool] = never) -> Ran:
    """Run it to its end, or until so many seconds are too long; its processor time is that of its whole tree."""
    ran, began = Ran(), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=directory)
    readers = [
        threading.Thread(target=_follow, args=(process, ran, began), daemon=True),
        threading.Thread(target=_drain, args=(process, ran), daemon=True),
    ]
    for reader in readers:
        reader.start()
    most, pid = 0, 0
    try:
        while not pid:
            most = max(most, resident(process.pid))
            time.sleep(LOOK)
            if too_long(time.monotonic() - began):
                os.kill(process.pid, signal.SIGTERM)
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    for reader in readers:
        reader.join()
    process.returncode = ran.code = os.waitstatus_to_exitcode(status)
    ran.seconds, ran.memory, ran.cpu = time.monotonic() - began, most / 2**20, used.ru_utime + used.ru_stime
    return ran


def _drain(process: subprocess.Popen[str], ran: Ran) -> None:
    assert process.stdout is not None
    ran.output = process.stdout.read()


def _follow(process: subprocess.Popen[str], ran: Ran, began: float) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        at = time.monotonic() - began
        if found := PROGRESS.match(line):
            first, _ = ran.steps.get(found[1], (at, at))
            ran.steps[found[1]] = (first, at)
