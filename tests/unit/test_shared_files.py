"""What the agent makes under its umask, its group may use: docs/agent.md and docs/systemd/ rely on it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.config import load
from agent.store.repository import open_store
from agent.workflows.engine import make_system_database
from agent.workflows.owner import ownership


@pytest.fixture(params=[0o007, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The unit file's umask, Debian's, a careful person's."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_databases_and_lock_have_what_the_umask_leaves(tmp_path: Path, umask: int) -> None:
    config = load({}, {}, tmp_path)
    with closing(open_store(config.database, create=True)) as store:
        assert store.changes() == ()
        inventory = Path(config.database)
        assert rights(inventory) == rights(Path(f"{inventory}-wal")) == 0o666 & ~umask
    make_system_database(config)
    assert rights(Path(f"{inventory}.dbos")) == 0o666 & ~umask
    with ownership(config):
        assert rights(Path(f"{inventory}.lock")) == 0o666 & ~umask


def test_a_file_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    config = load({}, {}, tmp_path)
    made = Path(f"{config.database}.dbos")
    made.touch(mode=0o600)
    make_system_database(config)
    assert rights(made) == 0o600


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
