"""Whatever value of the model goes into the store comes out equal, and canonical JSON is one text a value."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.audit import Entry, Head, canonical, link, sealed, verify
from agent.model.address import Mac
from agent.model.change import Change, Plan, Receipt
from agent.model.device import Device
from agent.model.finding import Finding
from agent.model.observation import RAW_LIMIT, Observation
from agent.model.run import Run
from agent.model.switch import Qualification
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver
from agent.store import rows
from agent.store.codec import Malformed, decode, dumps, encode, loads
from agent.store.repository import SqlStore, open_store
from tests.databases import KINDS as DATABASES
from tests.databases import Database
from tests.examples import most

QUICK = settings(max_examples=most(15), deadline=None)

ANY_TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "\0", "\ud800", "\ue000x", "臺北", "a\r\nb", '"\\', "'; DROP TABLE run"]),
)
TIMES = st.datetimes(
    datetime(1990, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))]),
)
SCALARS: dict[object, st.SearchStrategy[Any]] = {
    str: ANY_TEXT,
    int: st.integers(0, 4000),
    bool: st.booleans(),
    types.NoneType: st.none(),
    Mac: st.integers(0, 2**48 - 1).map(Mac),
    IPv4Address: st.integers(0, 2**32 - 1).map(IPv4Address),
    IPv6Address: st.integers(0, 2**128 - 1).map(IPv6Address),
    IPv4Network: st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda n: IPv4Network(n, strict=False)),
    IPv6Network: st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(lambda n: IPv6Network(n, strict=False)),
    datetime: TIMES,
    date: st.dates(date(1990, 1, 1), date(2100, 1, 1)),
}


def values(kind: object) -> st.SearchStrategy[Any]:
    """A strategy for any annotation of the model; every field is drawn, the ones with defaults too."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind in SCALARS:
        return SCALARS[kind]
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values(a) for a in args])
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return st.lists(values(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(a) for a in args))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    assert isinstance(kind, type)
    assert is_dataclass(kind), kind
    hints = typing.get_type_hints(kind)
    drawn = {field.name: values(hints[field.name]) for field in fields(kind)}
    if kind is Observation:
        drawn |= {"confidence": st.integers(0, 100), "raw": st.text(max_size=RAW_LIMIT)}
    return st.builds(kind, **drawn)


@pytest.fixture(scope="module", params=DATABASES)
def store(request: pytest.FixtureRequest, new_database: Callable[[str], Database]) -> Iterator[SqlStore]:
    opened = open_store(new_database(request.param).url, create=True)
    yield opened
    opened.close()


KINDS = (Plan, Change, Device, Finding, Observation, Receipt, Run, Qualification, Waiver, Vendor)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_the_codec_gives_back_what_it_was_given(kind: type, data: st.DataObject) -> None:
    value = data.draw(values(kind))
    text = dumps(value)
    assert loads(kind, text) == value
    assert dumps(loads(kind, text)) == text
    assert text.isascii()


@given(plan=values(Plan), data=st.data())
@QUICK
def test_the_codec_refuses_any_plan_with_a_key_too_many_or_too_few_or_of_another_type(
    plan: Plan, data: st.DataObject
) -> None:
    document = json.loads(dumps(plan))
    key = data.draw(st.sampled_from(["site", "made", "policy", "switches"]))
    with pytest.raises(Malformed, match=f"'{key}' is missing"):
        decode(Plan, {k: v for k, v in document.items() if k != key})
    with pytest.raises(Malformed, match="unknown key 'extra'"):
        decode(Plan, {**document, "extra": 1})
    wrong: object = data.draw(st.sampled_from([7, True, None, {}, 1.5]))
    with pytest.raises(Malformed, match=rf"plan\.{key}"):
        decode(Plan, {**document, key: wrong})


@given(change=values(Change))
@QUICK
def test_a_change_read_back_has_the_plan_that_was_written(store: SqlStore, change: Change) -> None:
    if change.id in {known.id for known in store.changes()}:
        return
    store.add_change(change)
    assert store.change(change.id) == change


@given(observations=st.lists(values(Observation), max_size=8), run=ANY_TEXT)
@QUICK
def test_the_log_gives_back_what_it_was_given_in_order(
    store: SqlStore, observations: list[Observation], run: str
) -> None:
    before = len(list(store.observations_of(run)))
    assert store.append(run, observations) == len(observations)
    assert list(store.observations_of(run))[before:] == observations
    assert all(o in list(store.observations_about(o.address)) for o in observations)


@given(run=values(Run), receipt=values(Receipt), qualification=values(Qualification))
@QUICK
def test_saving_twice_keeps_the_last(store: SqlStore, run: Run, receipt: Receipt, qualification: Qualification) -> None:
    for _ in range(2):
        store.save_run(run)
        store.save_receipt(receipt)
        store.save_qualification(qualification)
    assert [r for r in store.runs() if r.id == run.id] == [run]
    assert [r for r in store.receipts(receipt.change) if r == receipt] == [receipt]
    assert [q for q in store.qualifications() if q == qualification] == [qualification]


@given(waiver=values(Waiver), vendor=values(Vendor))
@QUICK
def test_waivers_and_vendors_come_back(store: SqlStore, waiver: Waiver, vendor: Vendor) -> None:
    store.save_waiver(waiver)
    store.save_vendor(vendor)
    assert [w for w in store.waivers() if w.id == waiver.id] == [waiver]
    assert [v for v in store.vendors() if v.name == vendor.name] == [vendor]


@given(device=values(Device), finding=values(Finding))
@QUICK
def test_rows_of_devices_and_findings_are_undone_exactly(device: Device, finding: Finding) -> None:
    row = rows.device_row(device)
    assert rows.device_value(row.id, row.document, row.evidence) == device
    assert rows.device_value(row.id, row.document) == replace(device, evidence=())
    assert rows.finding_value(rows.finding_row("s", finding)) == finding


ENTRIES = st.lists(
    st.builds(
        Entry,
        number=st.just(0),
        at=TIMES,
        actor=ANY_TEXT,
        action=ANY_TEXT,
        subject=ANY_TEXT,
        facts=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2).map(lambda d: tuple(d.items())),
    ),
    min_size=2,
    max_size=6,
)


def chained(bare: list[Entry]) -> tuple[list[Entry], Head]:
    chain: list[Entry] = []
    head = Head()
    for entry in bare:
        chain.append(sealed(head, entry))
        head = Head(chain[-1].number, chain[-1].hash)
    return chain, head


@given(bare=ENTRIES, data=st.data())
@QUICK
def test_a_chain_holds_and_breaks_at_any_change(bare: list[Entry], data: st.DataObject) -> None:
    chain, head = chained(bare)
    assert verify(chain, head) is None
    at = data.draw(st.integers(0, len(chain) - 1))
    edited = [*chain]
    edited[at] = replace(chain[at], subject=chain[at].subject + "!")
    assert (found := verify(edited, head)) is not None
    assert found.number == at + 1
    without = chain[:at] + chain[at + 1 :]
    assert verify(without, head) is not None
    renumbered = [replace(entry, number=n) for n, entry in enumerate(without, 1)]
    assert verify(renumbered, head) is not None
    other = (at + 1) % len(chain)
    swapped = [*chain]
    swapped[at], swapped[other] = swapped[other], swapped[at]
    assert verify(swapped, head) is not None
    assert verify(chain[:-1]) is None
    assert verify(chain[:-1], head) is not None
    assert canonical(chain[at]).isascii()
    assert link(chain[0].hash, chain[at]) != link(Head().hash, chain[at])


def test_the_codec_refuses_what_the_model_does_not_know() -> None:
    for strange in (1.5, object(), datetime(2026, 1, 1), {1: "x"}, {"a", "b"}):
        with pytest.raises(TypeError):
            encode(strange)
    with pytest.raises(Malformed, match="no JSON"):
        loads(Plan, "{")
    with pytest.raises(Malformed, match="twice"):
        loads(Plan, '{"site": "a", "site": "b"}')
    with pytest.raises(Malformed, match="is no datetime"):
        decode(datetime, "2026-01-01T00:00:00")
