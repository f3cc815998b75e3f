"""Fixtures that several unit tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from people import Office

from agent.operations.context import Context
from agent.store.repository import open_store
from lab.switch import show_neighbours
from lab.switch.machine import Machine
from lab.switch.session import Session
from tests.unit.change_bench import Bench, make_bench
from tests.unit.lab_switch import Recorder, describe


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(describe(tmp_path), Recorder())


@pytest.fixture
def session(machine: Machine) -> Session:
    machine.lines[0] = ("net", "10.99.0.2")
    return Session(machine, machine.spec.users[0], 0, "10.99.0.2")


@pytest.fixture
def ann(here: Office) -> Context:
    """A requester of the module's own office."""
    return here.person("ann", "netops")


@pytest.fixture(scope="session")
def empty_inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of an empty inventory, made once: its schema takes longer than a test."""
    file = tmp_path_factory.mktemp("inventory") / "inventory.db"
    open_store(str(file), create=True).close()
    return file


@pytest.fixture
def make_site(tmp_path: Path, empty_inventory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Makes a site with emulated switches: `make_site(switches=2)`; its inventory is in memory where there is room."""
    made: list[Bench] = []
    memory = tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    monkeypatch.setattr(show_neighbours, "neighbours", lambda _: ())

    def make(**settings: object) -> Bench:
        inventory = Path(memory) / f"{len(made)}.db"
        shutil.copy(empty_inventory, inventory)
        made.append(make_bench(tmp_path / "site", inventory, **settings))
        return made[-1]

    yield make
    for one in made:
        one.store.close()
    shutil.rmtree(memory)


@pytest.fixture
def bench(make_site: Callable[..., Bench]) -> Bench:
    """A site with one switch."""
    return make_site()
