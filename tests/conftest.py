"""What every test may use; lab tests need root and are skipped, with the reason, for anybody else."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.databases import KINDS, Database, PostgresServer, postgres_server, programs

ROOT = Path(__file__).parents[1]


FIRST = (
    *("test_register", "test_register_drawn", "test_lab_network", "test_lab_switch", "test_collect_wire"),
    *("test_harmless", "test_change_moves", "test_corpus_identify", "test_change_refusals", "test_change_traffic"),
    *("test_tui_two_people", "test_agent", "test_change_crash", "test_register_churn"),
)
"""Files that take minutes: begun last, one of them would keep a worker after all others ended. A worker is given one of
the first line and the one below it. The survey that the changes wait for is made by the first; what needs no network
fills the time until then.
"""


def pytest_configure() -> None:
    """Ctrl-C means Ctrl-C to what tests start: a shell's background job has SIGINT ignored, and its children too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in tests/lab and put it first, and skip it for whoever cannot make a network."""
    for item in items:
        if in_lab(item):
            item.add_marker(pytest.mark.lab)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="the virtual network needs root"))
    items.sort(
        key=lambda item: (
            FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST),
            not in_lab(item),
        )
    )


def in_lab(item: pytest.Item) -> bool:
    """Whether a test needs the virtual network."""
    return item.path.relative_to(ROOT / "tests").parts[0] == "lab"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """As root nothing may be skipped: a skipped check is no green check."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.geteuid() == 0 and skipped and exitstatus == 0 and session.config.option.markexpr in ("", "not faults"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{len(skipped)} skipped as root: that is a failure", red=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session; skipped, with the reason, where Debian's server is not installed."""
    if programs() is None:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="session")
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Database]:
    """Makes an empty database of a kind: `new_database("postgresql")`."""

    def made(kind: str) -> Database:
        if kind == "sqlite":
            return Database(kind, str(tmp_path_factory.mktemp("db") / "inventory.db"))
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.database()

    return made


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, new_database: Callable[[str], Database]) -> Database:
    """An empty database, once of each kind."""
    return new_database(request.param)
