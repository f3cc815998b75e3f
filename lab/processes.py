"""The lab's processes: started with a record on disk, so that another process can end exactly these."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.model.errors import EnvironmentFault

MARK = "LANWARD_LAB_STATE"
"""In the environment of everything that a lab starts; its value is the lab's state directory."""

OWN_WORLD = (
    "unshare",
    "--mount",
    "--uts",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
)
"""Mounts, host name and process ids of its own; all that is started in it ends with its first process (unshare(1))."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process as it was recorded; `start` is its start time in clock ticks since boot (proc(5), field 22)."""

    name: str
    pid: int
    start: int


def start_time(pid: int) -> int | None:
    """When a process started, or None where there is none (a zombie counts as none)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def marked(state: Path) -> set[int]:
    """The processes whose environment carries this lab's mark, the caller excepted."""
    wanted = f"{MARK}={state}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if wanted in environment.split(b"\0"):
                found.add(int(entry.name))
    return found


class Processes:
    """Starts and ends the processes of one lab; what runs is read from the record, never remembered."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._record = state / "processes.jsonl"
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, argv: list[str], *, namespace: str = "", environment: Mapping[str, str] | None = None
    ) -> int:
        """Start a process of its own session, its output in `logs/NAME.log`; the pid."""
        log = self._state / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        where = ["ip", "netns", "exec", namespace] if namespace else []
        env = {**os.environ, **(environment or {}), MARK: str(self._state)}
        with log.open("ab") as out:
            child = subprocess.Popen(
                [*where, *argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True
            )
        with self._record.open("a") as record:
            record.write(json.dumps({"name": name, "pid": child.pid, "start": start_time(child.pid) or 0}) + "\n")
        self._children[child.pid] = child
        return child.pid

    def recorded(self) -> tuple[Started, ...]:
        """Every process ever started for this lab, oldest first."""
        if not self._record.exists():
            return ()
        return tuple(Started(**json.loads(line)) for line in self._record.read_text().splitlines())

    def running(self, name: str) -> int | None:
        """The pid of the newest living process of this name."""
        living = [one.pid for one in self.recorded() if one.name == name and self._alive(one)]
        return living[-1] if living else None

    def expect(self, name: str) -> int:
        """Like `running`; raise EnvironmentFault with the last line of its log where it is gone."""
        pid = self.running(name)
        if pid is None:
            log = self._state / "logs" / f"{name}.log"
            lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
            raise EnvironmentFault(f"the lab's {name} ended: {lines[-1] if lines else 'it said nothing'}")
        return pid

    def stop(self, name: str) -> None:
        """End the processes of this name and wait until they are gone."""
        self._end({one.pid for one in self.recorded() if one.name == name and self._alive(one)})

    def stop_all(self) -> None:
        """End everything recorded and everything that carries the lab's mark."""
        self._end({one.pid for one in self.recorded() if self._alive(one)} | marked(self._state))
        self._end(marked(self._state))

    def _alive(self, one: Started) -> bool:
        self._reap(one.pid)
        return start_time(one.pid) == one.start

    def _reap(self, pid: int) -> None:
        if pid in self._children and self._children[pid].poll() is not None:
            del self._children[pid]

    def _end(self, pids: set[int]) -> None:
        for number, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)):
            for pid in pids:
                _send(pid, number)
            deadline = time.monotonic() + patience
            while pids and time.monotonic() < deadline:
                for pid in pids:
                    self._reap(pid)
                pids = {pid for pid in pids if start_time(pid) is not None}
                time.sleep(0.02)
        if pids:
            raise EnvironmentFault(f"processes {sorted(pids)} of the lab do not end")


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
