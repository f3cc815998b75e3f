"""The undo file: native commands on disk, which work without lanward."""

from __future__ import annotations

import os
from pathlib import Path

from agent.model.change import SwitchPlan
from agent.model.errors import EnvironmentFault
from agent.model.switch import SwitchState


def write_undo(directory: Path, change: str, plan: SwitchPlan, before: SwitchState) -> Path:
    """Write the undo commands and the configuration as it was; both readable by their owner alone.

    Raise EnvironmentFault where the directory cannot be written: without an undo file nothing is changed.
    """
    path = directory / f"{change}-{plan.switch}.undo"
    write_private(path, "\n".join(plan.undo) + "\n")
    write_private(path.with_suffix(".before"), before.running + "\n")
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, and be sure that it is on disk; raise EnvironmentFault otherwise."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror}") from error
