"""Labs for tests. A survey (discover, assess, qualify) of seed 1 is made once and shared by all workers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from netmiko.base_connection import BaseConnection

from lab.network import Lab
from tests.lab.site import Site, lab_name
from tests.lab.switch_bench import Bench, bench_up, session

SEED = 1
SURVEY_MINUTE = 10.0
"""Seconds that a switch's minute lasts while it is qualified: the shortest revert timer must outlive a change."""


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """An inventory of seed 1, every device found, every switch qualified; LANWARD_TEST_SURVEY names a kept one."""
    if ready := os.environ.get("LANWARD_TEST_SURVEY"):
        return Path(ready)
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    made = shared / "survey.db"
    with FileLock(str(shared / "survey.lock")):
        if not made.exists():
            with Lab(lab_name("survey"), SEED, minute=SURVEY_MINUTE) as lab:
                _survey(Site(lab), made)
    return made


def _survey(site: Site, made: Path) -> None:
    site.lanward("discover")
    site.lanward("assess")
    site.lanward("switch", "qualify", "acc1", "dist1", "lnx1")
    shutil.copy(site.database, made.with_suffix(".part"))
    made.with_suffix(".part").rename(made)


@pytest.fixture(scope="module")
def surveyed(survey: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Site]]:
    """Brings up labs of seed 1 that know the survey already: `surveyed("name", minute=10.0)`; all go at the end."""
    labs: list[Lab] = []

    def up(name: str, minute: float = 10.0) -> Site:
        lab = Lab(lab_name(name), SEED, minute=minute)
        labs.append(lab)
        lab.up()
        site = Site(lab)
        site.adopt(survey)
        return site

    yield up
    for lab in labs:
        lab.down()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The lab's switch with three hosts, for the tests of one file."""
    with bench_up(tmp_path_factory.mktemp("lsw")) as made:
        yield made


@pytest.fixture
def cli(bench: Bench) -> Iterator[BaseConnection]:
    """A session with it; afterwards the switch is as it was started."""
    with session(bench) as connection:
        yield connection
