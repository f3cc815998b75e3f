"""The agent's end of its socket: lets people in by the kernel's word for who they are, a process for each request.

The agent itself reads nothing from a connection: what a client sends, and when, can only hurt its own process.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agent.door.frames import Frame, Kind
from agent.door.line import peer
from agent.journal import note, warn
from agent.model.errors import EnvironmentFault, LanwardError, Refused

MOST_CLIENTS, MOST_OF_ONE = 32, 8
"""Requests at one time, and those of one person among them."""

LOOK = 0.5
"""Seconds between two looks for requests that have ended."""

LEAVE = 10.0
"""Seconds that requests have to end when the agent does."""

NOTED_EVERY = 10.0
"""Seconds between two lines of the log that say that the same person was turned away; the metrics count them all."""

VARIABLE = "LANWARD_DOOR"
"""In a request's process and what it starts: the descriptor of the connection, whose peer is the actor."""

DROPPED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LANWARD_SOCKET")
"""Of the agent's environment: what is the agent's alone."""


@dataclass(frozen=True, slots=True)
class Served:
    """One request's process, and whose it is."""

    process: subprocess.Popen[bytes]
    uid: int
    role: str


@dataclass(slots=True)
class Door:
    """Who comes in: `admit` names the role of a user id or raises Refused; `command` is begun for each request.

    `counted` counts requests by role, and those who were turned away under `refused`.
    """

    command: tuple[str, ...]
    admit: Callable[[int], str]
    counted: MutableMapping[str, int]
    inside: list[Served] = field(default_factory=list)
    _noted: dict[int, float] = field(default_factory=dict)

    def keep(self, listener: socket.socket, stop: threading.Event) -> None:
        """Let people in until `stop`, then have those inside leave."""
        listener.settimeout(LOOK)
        while not stop.is_set():
            self._count_out()
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                warn("door", reason=str(error))
                stop.wait(LOOK)
                continue
            with connection:
                self._meet(connection)
        self._empty()

    def _meet(self, connection: socket.socket) -> None:
        uid = peer(connection)
        try:
            self._make_room(uid)
            role = self.admit(uid)
            self.inside.append(Served(self._begin(connection), uid, role))
        except Exception as error:  # whatever it is, the next one is let in
            role = "refused"
            self._note_refusal(uid, error)
            turn_away(connection, error)
        self.counted[role] = self.counted.get(role, 0) + 1

    def _note_refusal(self, uid: int, error: Exception) -> None:
        """Now and then for one person: the journal would drop our other lines in a flood."""
        now = time.monotonic()
        if now - self._noted.get(uid, -NOTED_EVERY) >= NOTED_EVERY:
            self._noted[uid] = now
            note("request refused", uid=uid, reason=str(error))

    def _make_room(self, uid: int) -> None:
        if len(self.inside) >= MOST_CLIENTS or sum(one.uid == uid for one in self.inside) >= MOST_OF_ONE:
            raise Refused("the agent serves as many requests as it can", hint="end one of yours, or wait")

    def _begin(self, connection: socket.socket) -> subprocess.Popen[bytes]:
        number = connection.fileno()
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        return subprocess.Popen(
            (*self.command, str(number)),
            env={**kept, VARIABLE: str(number), "PYTHONUTF8": "1"},
            pass_fds=(number,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _count_out(self) -> None:
        self.inside = [one for one in self.inside if one.process.poll() is None]

    def _empty(self) -> None:
        for one in self.inside:
            one.process.send_signal(signal.SIGINT)
        end = time.monotonic() + LEAVE
        while self.inside and time.monotonic() < end:
            time.sleep(0.05)
            self._count_out()
        for one in self.inside:
            with suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()


def turn_away(connection: socket.socket, error: Exception) -> None:
    """Say why, and no more."""
    code = error.exit_code if isinstance(error, LanwardError) else EnvironmentFault.exit_code
    body = json.dumps({"code": code, "say": f"lanward: {error}"}).encode()
    connection.setblocking(False)
    with suppress(OSError):
        connection.send(Frame(Kind.EXIT, body).encoded())


@contextmanager
def opened(path: Path, door: Door) -> Iterator[None]:
    """The door at this path, open while inside; raise EnvironmentFault where it cannot be."""
    listener, stop = listening(path), threading.Event()
    keeper = threading.Thread(target=door.keep, args=(listener, stop), name="door")
    keeper.start()
    note("door opened", path=str(path))
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        stop.set()
        keeper.join()
        listener.close()


def listening(path: Path) -> socket.socket:
    """A socket that everybody may connect to, since the kernel says who does; what a dead agent left is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if path.is_socket():
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen(MOST_CLIENTS)
    except OSError as error:
        listener.close()
        raise EnvironmentFault(f"[agent] socket {path}: {error.strerror or error}", hint="name another path") from None
    return listener
