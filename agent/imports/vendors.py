"""Rows of a vendor register into records; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.identify.vendor_names import vendor_named
from agent.imports.columns import Row, Rows
from agent.imports.fields import BadField
from agent.imports.table import Refusal, refusal
from agent.imports.vendor_words import LABEL, TEST, updated
from agent.model.vendor import Vendor, record_of


@dataclass(frozen=True, slots=True)
class VendorRows:
    """The records that rows make or change, the numbers of those rows and of those that say nothing new; refusals."""

    records: tuple[Vendor, ...]
    changing: tuple[int, ...]
    unchanged: tuple[int, ...]
    refused: tuple[Refusal, ...]


def vendor_records(rows: Rows, recorded: Iterable[Vendor]) -> VendorRows:
    """What the rows come to; an empty cell takes nothing back, a vendor's second row may only add a label or a test."""
    known, refused = tuple(recorded), list(rows.refused)
    changing, unchanged = list[int](), list[int]()
    made: dict[str, tuple[int, Vendor]] = {}
    for row in rows.rows:
        try:
            key, before, after = _record(row, made, known)
        except BadField as error:
            refused.append(refusal(row.number, rows.headings.get(error.field, error.field), error.value, error.reason))
            continue
        (unchanged if after == before else changing).append(row.number)
        made[key] = (made[key][0] if key in made else row.number, after)
    records = tuple(record for _, record in made.values() if record not in known)
    return VendorRows(records, tuple(changing), tuple(unchanged), tuple(sorted(refused)))


def _record(
    row: Row, made: dict[str, tuple[int, Vendor]], known: tuple[Vendor, ...]
) -> tuple[str, Vendor | None, Vendor]:
    """The key of the row's vendor, its record before the row, None for a new one, and after it."""
    told = " ".join(row.words.get("name", "").split())
    if not told or not told.isprintable():
        raise BadField("name", row.words.get("name", ""), "is no vendor's name")
    name = vendor_named(told)
    key = name.casefold()
    before = made[key][1] if key in made else record_of(known, told) or record_of(known, name)
    after = updated(before or Vendor(name), row.words)
    if before and key in made and (_without_lists(before) != _without_lists(after) or not _adds(row)):
        raise BadField("name", name, f"is in row {made[key][0]} already")
    return key, before, after


def _adds(row: Row) -> bool:
    return any(field in row.words for field in (*LABEL, *TEST))


def _without_lists(record: Vendor) -> Vendor:
    return replace(record, labels=(), tests=())
