"""The console script in this process, as a shell sees it: words in; exit code, stdout and stderr out."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from agent.cli import main
from agent.store import repository


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def lanward(directory: Path, *words: str, stdin: str = "", **environment: str) -> Said:
    """Run the command in a directory; of this process's environment it sees no LANWARD_ and no SUDO_ variable."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LANWARD_", "SUDO_"))}
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(directory),
        mock.patch.dict(os.environ, kept | environment, clear=True),
        mock.patch.object(sys, "argv", ["lanward", *words]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
        _closing_stores(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = _exit_code()
    return Said(code, out.getvalue(), err.getvalue())


def _exit_code() -> int:
    try:
        main.run()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    raise AssertionError("the console script always exits")


@contextlib.contextmanager
def _closing_stores() -> Iterator[None]:
    """Let go of the database, as the end of a process does."""
    opened: list[repository.SqlStore] = []
    real = repository.open_store

    def noted(url_or_path: str, *, create: bool) -> repository.SqlStore:
        opened.append(real(url_or_path, create=create))
        return opened[-1]

    with mock.patch.object(repository, "open_store", noted):
        try:
            yield
        finally:
            for store in opened:
                store.close()
