"""Writing an export's files: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.model.errors import BadInput, EnvironmentFault


def write_file(directory: Path, name: str, octets: bytes) -> Path:
    """Write a file in a directory, which is made where it is absent; raise EnvironmentFault where that fails."""
    with writing(directory, name) as partial:
        partial.write_bytes(octets)
    return directory / name


@contextmanager
def writing(directory: Path, name: str) -> Iterator[Path]:
    """A path to write to, which takes its name when all is written; raise EnvironmentFault where that fails."""
    path, partial = directory / name, directory / f".{name}.partial"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise _fault(path, error) from error
    finally:
        with suppress(OSError):  # gone under its name already, or never made
            partial.unlink()


def writable(directory: Path) -> None:
    """Make the directory where it is absent; raise EnvironmentFault where files cannot be written there.

    Raise BadInput for a file.
    """
    if directory.exists() and not directory.is_dir():
        raise BadInput(f"{directory} is a file", hint="name a directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _fault(directory, error) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise EnvironmentFault(f"{directory}: cannot be written", hint="name a directory that this user may write to")


def _fault(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"{path}: cannot be written: {error.strerror}", hint="name a directory that this user may write to"
    )
