"""Who is behind this process: nobody but its own user, or the one who came by the agent's socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from agent.door.line import peer
from agent.door.server import VARIABLE
from agent.model.errors import Refused


def came_by(environment: Mapping[str, str]) -> tuple[int, ...]:
    """The connection's descriptor, for the processes that this one starts; nothing without one."""
    text = environment.get(VARIABLE, "")
    return (int(text),) if text.isdigit() else ()


def caller(environment: Mapping[str, str], door: Path | None, database: str) -> int | None:
    """The user id at the other end of the connection, None for a process without one.

    Only the agent's user gets to say so: the connection was made to the configured socket, and socket and database
    file are this process's own. Raise Refused for anything else, since a variable is nobody's name.
    """
    if VARIABLE not in environment:
        return None
    try:
        with socket.socket(fileno=os.dup(int(environment[VARIABLE]))) as connection:
            uid, name = peer(connection), connection.getsockname()
        ours = name == str(door) and _owned(Path(name)) and ("://" in database or _owned(Path(database)))
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise Refused(f"{VARIABLE} names no connection to this agent", hint=f"unset {VARIABLE}")
    return uid


def _owned(path: Path) -> bool:
    return path.stat().st_uid == os.geteuid()
