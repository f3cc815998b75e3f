"""Ownership of a site whose inventory is a file: flock(2) on a file beside it, which says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from agent.config import Config
from agent.model.errors import EnvironmentFault
from agent.workflows.owner import Owner


class FileLock:
    """See agent.workflows.owner.Lock; the kernel lets go of it when we die. `looking` makes no file."""

    def __init__(self, config: Config, *, looking: bool = False) -> None:
        self._path = Path(f"{config.database}.lock")
        there = not looking or self._path.exists()
        self._descriptor = self._opened(os.O_RDONLY if looking else os.O_RDWR | os.O_CREAT) if there else -1

    def _opened(self, flags: int) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, flags | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise EnvironmentFault(f"{self._path} cannot be opened: {error.strerror}") from error

    def take(self, me: Owner) -> bool:
        """See Lock."""
        if not self.free():
            return False
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{json.dumps(asdict(me))}\n".encode(), 0)
        return True

    def free(self) -> bool:
        """See Lock; it is ours then, until it is closed."""
        if self._descriptor < 0:
            return True
        with suppress(BlockingIOError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def holder(self) -> Owner | None:
        """Who wrote the file last; None where nobody has finished writing."""
        try:
            return Owner(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def close(self) -> None:
        """See Lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
