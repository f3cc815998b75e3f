"""Databases of older schemas, with a row in every table, come up with every value that the older lanward read.

`tests/golden/schemas/REVISION.{sqlite,postgresql}.sql` are dumps that the older lanward's own tables made, and
`REVISION.json` is what it read from them itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from agent.audit import Entry, verify
from agent.model.change import Change, Receipt
from agent.model.device import Device
from agent.model.finding import Finding
from agent.model.observation import Observation
from agent.model.run import Run
from agent.model.switch import Qualification
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver
from agent.store import schema
from agent.store.codec import decode
from agent.store.repository import SqlStore, open_store
from agent.store.tables import TABLES
from tests.databases import Database

SCHEMAS = Path(__file__).parents[1] / "golden" / "schemas"
OLDER = sorted(path.stem for path in SCHEMAS.glob("*.json"))
KINDS: dict[str, object] = {
    "observations": tuple[Observation, ...],
    "devices": tuple[Device, ...],
    "runs": tuple[Run, ...],
    "findings": tuple[Finding, ...],
    "changes": tuple[Change, ...],
    "receipts": tuple[Receipt, ...],
    "qualifications": tuple[Qualification, ...],
    "waivers": tuple[Waiver, ...],
    "vendors": tuple[Vendor, ...],
    "audit": tuple[Entry, ...],
    "assessed": datetime,
}


@pytest.fixture(params=OLDER)
def older(request: pytest.FixtureRequest, database: Database) -> tuple[str, Database]:
    revision: str = request.param
    database.load((SCHEMAS / f"{revision}.{database.kind}.sql").read_text(encoding="utf-8"))
    return revision, database


def read(store: SqlStore) -> Iterator[tuple[str, object]]:
    for name in KINDS:
        if name == "assessed":
            yield name, store.assessed("hq")
        else:
            yield name, tuple(getattr(store, name)())


def test_the_fixtures_have_a_row_in_every_table(older: tuple[str, Database]) -> None:
    revision, database = older
    assert database.execute("SELECT version_num FROM lanward_schema") == [(revision,)]
    counts = {table: database.execute(f'SELECT count(*) FROM "{table}"')[0][0] for table in TABLES}
    assert all(counts.values()), counts


def test_every_value_is_what_the_older_lanward_read(older: tuple[str, Database]) -> None:
    revision, database = older
    document = json.loads((SCHEMAS / f"{revision}.json").read_text(encoding="utf-8"))
    with closing(open_store(database.url, create=False)) as store:
        for name, found in read(store):
            assert found == decode(KINDS[name], document[name]), name  # type: ignore[type-var]
        assert verify(store.audit(), store.audit_head()) is None
        bare = tuple(replace(device, evidence=()) for device in store.devices())
        assert store.devices(evidence=False) == bare
        store.append("r-2", store.observations())
        store.record("alice", "after", "the upgrade", {}, datetime.fromisoformat(document["assessed"]))
    assert database.execute("SELECT version_num FROM lanward_schema") == [(schema.SHIPPED.head,)]


def test_the_older_file_is_kept_as_it_was(older: tuple[str, Database]) -> None:
    revision, database = older
    if database.kind != "sqlite":
        return
    open_store(database.url, create=False).close()
    kept = Database("sqlite", f"{database.url}.bak-{revision}")
    assert kept.execute("SELECT version_num FROM lanward_schema") == [(revision,)]
    assert kept.execute("SELECT count(*) FROM device") == database.execute("SELECT count(*) FROM device")
