"""The audit log as a hash chain: each entry's hash covers the entry and the hash before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

GENESIS = "0" * 64
"""What the first entry is linked to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what, and when. `number` counts from 1; `facts` are sorted by name; `hash` seals the rest."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    facts: tuple[tuple[str, str], ...] = ()
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain, kept elsewhere than its entries, so that a cut at the end is seen."""

    number: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold, and why in words."""

    number: int
    reason: str


def canonical(entry: Entry) -> str:
    """One JSON text for an entry without its hash: ASCII, sorted, no spaces, the time in UTC with microseconds."""
    facts = [list(fact) for fact in sorted(entry.facts)]
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [entry.number, at, entry.actor, entry.action, entry.subject, facts]
    return json.dumps(fields, separators=(",", ":"))


def link(previous: str, entry: Entry) -> str:
    """The SHA-256, in hex, of the hash before and the entry (FIPS 180-4)."""
    return hashlib.sha256(f"{previous}\n{canonical(entry)}".encode("ascii")).hexdigest()


def sealed(head: Head, entry: Entry) -> Entry:
    """The entry as the next one after a head: numbered and hashed."""
    numbered = replace(entry, number=head.number + 1, facts=tuple(sorted(entry.facts)))
    return replace(numbered, hash=link(head.hash, numbered))


def verify(entries: Iterable[Entry], head: Head | None = None, noted: str = "") -> Break | None:
    """The first entry that was edited, deleted, inserted or moved; with a head, also what was cut off the end.

    `noted` is the hash of a head that was kept elsewhere (an export, a notice): the chain must go through it. Without
    one, whoever can rewrite every entry and the head can forge a chain that nothing here tells from the true one.
    """
    at = Head()
    through = noted in ("", at.hash)
    for entry in entries:
        if entry.number != at.number + 1:
            return Break(at.number + 1, f"entry {at.number + 1} is missing: entry {entry.number} stands in its place")
        if entry.hash != link(at.hash, entry):
            return Break(entry.number, f"entry {entry.number} was edited, or what stood before it was")
        at = Head(entry.number, entry.hash)
        through = through or at.hash == noted
    if head is not None and at != head:
        return Break(at.number + 1, f"the log ends at entry {at.number}, its head is entry {head.number}")
    if not through:
        return Break(at.number, f"no entry has the noted head {noted[:12]}...: the log was rewritten or cut since")
    return None
