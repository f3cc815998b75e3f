"""Retention on both databases: what goes, what stays, what it leaves in the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.model.errors import LanwardError
from agent.model.run import Run, RunState
from agent.operations import retention
from agent.operations.context import Context
from agent.operations.register import rebuild
from agent.operations.retention import retain
from agent.store.repository import SqlStore, open_store
from agent.wiring import Wiring
from agent.workflows.owner import DISCOVERING, owner, ownership
from bench.inventory import SITE, observations, run_starts
from tests.databases import Database
from tests.unit.shell import Said, lanward

DEVICES, RUNS = 6, 30
NOW = run_starts(RUNS)[-1] + timedelta(days=200)


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


def fill(store: SqlStore, site: str = SITE) -> None:
    seen = [replace(one, site=site) for one in observations(DEVICES, RUNS)]
    store.append("r", seen)
    for n, start in enumerate(run_starts(RUNS)):
        store.save_run(Run(f"{site}-{n}", site, "standard", (), RunState.DONE, start))


@pytest.fixture
def store(database: Database) -> Iterator[SqlStore]:
    with closing(open_store(database.url, create=True)) as opened:
        fill(opened)
        yield opened


def context(store: SqlStore, directory: Path, **days: int) -> Context:
    made = Wiring({"site": SITE}, {}, directory).context()
    kept = replace(made.config.retention, **days)
    return replace(made, config=replace(made.config, retention=kept), store=lambda: store, clock=Still(), actor="ann")


def test_the_log_shrinks_and_the_register_does_not_change(store: SqlStore, tmp_path: Path) -> None:
    made = context(store, tmp_path)
    register, before = rebuild(made), list(store.observations(SITE))
    plan = retain(made, dry_run=True)
    assert (list(store.observations(SITE)), list(store.audit())) == (before, [])
    done = retain(made)
    left = list(store.observations(SITE))
    assert (done.thinned, done.raw) == (plan.thinned, plan.raw)
    assert len(left) == len(before) - done.thinned < len(before) / 2
    assert rebuild(made) == register == store.devices(SITE)
    assert not any(one.raw for one in left)
    assert any(one.raw for one in before)
    [entry] = store.audit()
    assert (entry.actor, entry.action, entry.subject) == ("ann", "retention", SITE)
    assert retain(made).thinned == 0, "a second one finds nothing, and records nothing"
    assert len(list(store.audit())) == 1


def test_what_is_young_and_what_is_another_sites_stays(store: SqlStore, tmp_path: Path) -> None:
    fill(store, "branch")
    branch = list(store.observations("branch"))
    retain(context(store, tmp_path, repeat_days=210, raw_days=215))
    assert list(store.observations("branch")) == branch
    left = list(store.observations(SITE))
    young = [one for one in observations(DEVICES, RUNS) if one.seen >= NOW - timedelta(days=210)]
    assert left[-len(young) :] == young
    assert any(one.raw for one in left if one.seen >= NOW - timedelta(days=215))


def test_nothing_goes_where_nothing_is_to_be_forgotten(store: SqlStore, tmp_path: Path) -> None:
    done = retain(context(store, tmp_path, repeat_days=0, raw_days=0))
    assert (done.thinned, done.raw, list(store.audit())) == (0, 0, [])


def test_a_thinning_that_would_change_the_register_is_refused(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "redundant", lambda log, runs, before, periods: tuple(number for number, _ in log))
    before = list(store.observations())
    with pytest.raises(LanwardError, match="would resolve to another register; nothing was changed"):
        retain(context(store, tmp_path))
    assert list(store.observations()) == before


@pytest.mark.slow
def test_the_file_becomes_smaller(tmp_path: Path) -> None:
    path = tmp_path / "inventory.db"
    with closing(open_store(str(path), create=True)) as store:
        store.append("r", observations(40, RUNS))
        done = retain(context(store, tmp_path))
        assert done.after is not None
        assert done.after < done.before * 0.6
    assert path.stat().st_size == done.after


def test_the_command_owns_the_site_while_it_thins(
    tmp_path: Path,
) -> None:
    with closing(open_store(str(tmp_path / "inventory.db"), create=True)) as store:
        fill(store)

    def retention(*words: str) -> Said:
        return lanward(tmp_path, "retention", *words, LANWARD_SITE=SITE)

    config = Wiring({"site": SITE}, {}, tmp_path).config()
    with ownership(config, DISCOVERING):
        tried, refused = retention("--dry-run", "--json"), retention()
    assert refused.returncode == 4 and "is discovering devices" in refused.stderr
    found = json.loads(tried.stdout)
    assert (found["dry_run"], found["after"], found["thinned"] > 0) == (True, None, True)
    assert json.loads(retention("--json").stdout)["thinned"] == found["thinned"]
    assert owner(config) is None
