"""A frozen, reproducible snapshot of a period: what an export writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from agent.model.change import Change, Receipt
from agent.model.device import Device
from agent.model.errors import BadInput
from agent.model.finding import Finding, Verdict
from agent.model.policy import Clause
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver

ORGANISATION = "organisation"
"""Stands for a device class where a finding is about the organisation itself."""
UNLISTED = "unlisted"
"""Stands for a device class where a finding is about a device that is no longer in the register."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half year, `2026H2`; both days are inclusive, in Taipei's time."""

    name: str
    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2026H1` or `2026H2`; raise BadInput otherwise."""
        year, _, half = text.upper().partition("H")
        if len(year) != 4 or not (year.isascii() and year.isdigit()) or year == "0000" or half not in ("1", "2"):
            raise BadInput(f"'{text}' is no period", hint="write it as 2026H2")
        if half == "1":
            return cls(f"{year}H1", date(int(year), 1, 1), date(int(year), 6, 30))
        return cls(f"{year}H2", date(int(year), 7, 1), date(int(year), 12, 31))

    def holds(self, day: date) -> bool:
        """True for a day within the period."""
        return self.first <= day <= self.last


class Note(StrEnum):
    """What a reader must know before trusting the figures."""

    NEVER_JUDGED = "never_judged"
    JUDGED_OUTSIDE = "judged_outside_period"
    SEEN_SINCE = "seen_since_judgement"
    LOG_BEGINS = "log_begins_in_period"
    VERDICTS_NOT_COMPARED = "verdicts_not_compared"


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One attribute of one device that is not what it was when the period began."""

    device: str
    attribute: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Since:
    """What became of the register since `start`, the period's beginning; ids of devices, sorted.

    `compared` is False where the log has nothing from before: then nothing can be `changed`. `gone` devices were
    looked for and not found, or retired; one that nobody looked for is not gone.
    """

    start: datetime
    compared: bool = False
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """The end of the audit log, noted outside its database: how many entries, and the hash that covers them."""

    entries: int = 0
    hash: str = "0" * 64


@dataclass(frozen=True, slots=True)
class Tally:
    """How the findings of a clause ended; `device_class` is empty for all of them together, or ORGANISATION."""

    clause: str
    device_class: str
    counts: Mapping[Verdict, int]

    def of(self, verdict: Verdict) -> int:
        """The number of findings that ended so."""
        return self.counts.get(verdict, 0)

    @property
    def total(self) -> int:
        """All findings of the line."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything that an export shows, taken at one moment.

    `made` is when the findings were judged and `assessor` who asked for that; `policy` is the policy's digest and
    `digest` the SHA-256 of this value's canonical document (agent.documents).
    """

    site: str
    period: Period
    made: datetime
    edition: str
    policy: str
    devices: tuple[Device, ...]
    findings: tuple[Finding, ...]
    waivers: tuple[Waiver, ...]
    vendors: tuple[Vendor, ...]
    changes: tuple[Change, ...]
    receipts: tuple[Receipt, ...]
    clauses: tuple[Clause, ...]
    since: Since
    assessor: str = ""
    notes: tuple[Note, ...] = ()
    audit: Noted = Noted()
    digest: str = ""

    def matrix(self) -> tuple[Tally, ...]:
        """One line for each clause of the policy in its order, also where nothing was judged under it."""
        return by_clause(self.clauses, self.findings)

    def matrix_by_class(self) -> tuple[Tally, ...]:
        """One line for each clause and device class that has findings, in the order of clause and class."""
        classes = {device.id: str(device.device_class) for device in self.devices}
        named = ((f, classes.get(f.device, UNLISTED) if f.device else ORGANISATION) for f in self.findings)
        return _tallies(self.clauses, named, whole=False)


def by_clause(clauses: Iterable[Clause], findings: Iterable[Finding]) -> tuple[Tally, ...]:
    """One line for each clause in its order, also where nothing was judged under it; then those that are none now."""
    return _tallies(tuple(clauses), ((finding, "") for finding in findings), whole=True)


def _tallies(clauses: tuple[Clause, ...], named: Iterable[tuple[Finding, str]], *, whole: bool) -> tuple[Tally, ...]:
    """Findings, each with the name of its group, counted by clause and group."""
    counts: dict[tuple[str, str], Counter[Verdict]] = {(c.id, ""): Counter() for c in clauses} if whole else {}
    for finding, group in named:
        counts.setdefault((finding.clause, group), Counter())[finding.status] += 1
    order = {clause.id: number for number, clause in enumerate(clauses)}
    lines = sorted(counts, key=lambda key: (order.get(key[0], len(order)), key))
    return tuple(Tally(clause, group, dict(counts[clause, group])) for clause, group in lines)
