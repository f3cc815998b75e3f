"""New SQLite files with the rights that the umask leaves: SQLite itself never lets a group write."""

from __future__ import annotations

from pathlib import Path

from agent.model.errors import EnvironmentFault


def make_file(path: Path) -> None:
    """Make an empty file where there is none; raise EnvironmentFault where it cannot be made."""
    try:
        if not path.exists():
            path.touch(mode=0o666)
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be made: {error.strerror}") from None
