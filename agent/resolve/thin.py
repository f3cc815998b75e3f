"""Which observations may be forgotten: those without which the log resolves to the same register, now and later; pure.

A statement is kept as it was first and last made in each period, so that the register of a period's end can still be
made. Between the two, a sighting stays for each run in which an address answered (two addresses live in one run are two
devices), each change of an address's holder, and what a device called its own while somebody held it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.model.address import IpAddress, Mac
from agent.model.observation import ADMIN, OWN_IP, SCANNED, Observation
from agent.resolve.presence import PORT_SCAN
from agent.resolve.timeline import Runs, binding_of, crowds, ip_of, is_answer, is_arp, is_sighting

Numbered = tuple[int, Observation]


def redundant(
    log: Sequence[Numbered], runs: Iterable[datetime], before: datetime, periods: Iterable[datetime] = ()
) -> tuple[int, ...]:
    """The numbers of the observations made before a moment that no resolution needs, in the log's order.

    The answer holds for the log as it is, as it was when each of the `periods` began, and for whatever is seen later;
    any part of it may be taken out as well.
    """
    known = Runs(tuple(sorted(set(runs))))
    holders = _Streaks.of(log, known, tuple(sorted(set(periods))))
    in_time = sorted(log, key=lambda entry: (entry[1].seen, entry[0]))
    kept = {number for number, seen in in_time if seen.attribute.startswith(ADMIN)}
    kept |= _ends(in_time, holders)
    kept |= _last_scans(in_time, holders)
    kept |= holders.changes
    kept |= _one_a_run(in_time, kept, known, holders)
    return tuple(number for number, seen in log if seen.seen < before and number not in kept)


@dataclass(frozen=True, slots=True)
class _Streaks:
    """When each IP address's holder changed, the observations by which it is known, and when runs and periods began."""

    runs: Runs
    starts: dict[IpAddress, tuple[datetime, ...]]
    changed_in: dict[IpAddress, frozenset[int]]
    changes: set[int]
    crowded: frozenset[tuple[IpAddress, int]]
    periods: tuple[datetime, ...]

    @classmethod
    def of(cls, log: Iterable[Numbered], runs: Runs, periods: tuple[datetime, ...]) -> _Streaks:
        lines: dict[IpAddress, list[tuple[datetime, Mac, int]]] = defaultdict(list)
        bound = [(tie, number) for number, seen in log if (tie := binding_of(seen))]
        for tie, number in bound:
            lines[tie.ip].append((tie.seen, tie.mac, number))
        changed = {ip: tuple(_first_of_each(sorted(line))) for ip, line in lines.items()}
        numbers = {number for line in changed.values() for _, number in line}
        starts = {ip: tuple(seen for seen, _ in line) for ip, line in changed.items()}
        in_runs = {ip: frozenset(map(runs.of, times)) for ip, times in starts.items()}
        crowded = crowds((tie for tie, _ in bound), runs)
        pairs = frozenset((ip, run) for (_, run), ips in crowded.items() for ip in ips)
        return cls(runs, starts, in_runs, numbers, pairs, periods)

    def at(self, address: Mac | IpAddress | None, moment: datetime) -> tuple[int, int]:
        """The number of an address's holder, the first one's also before it; and the run, if another came in it."""
        if address is None or isinstance(address, Mac) or address not in self.starts:
            return 0, -1
        run = self.runs.of(moment)
        here = run if run in self.changed_in[address] else -1
        return max(bisect_right(self.starts[address], moment) - 1, 0), here

    def span(self, address: Mac | IpAddress, moment: datetime) -> tuple[tuple[int, int], int]:
        """The time in which an observation about the address is one of many alike: one holder, one period."""
        return self.at(address, moment), bisect_right(self.periods, moment)


def _first_of_each(line: Iterable[tuple[datetime, Mac, int]]) -> Iterator[tuple[datetime, int]]:
    held: Mac | None = None
    for seen, mac, number in line:
        if mac != held:
            yield seen, number
        held = mac


def _ends(in_time: Iterable[Numbered], holders: _Streaks) -> set[int]:
    """The first and the last time that each statement was made about an address, under one holder in one period."""
    first: dict[object, int] = {}
    last: dict[object, int] = {}
    for number, seen in in_time:
        key = _statement(seen, holders)
        first.setdefault(key, number)
        last[key] = number
    return {*first.values(), *last.values()}


def _statement(seen: Observation, holders: _Streaks) -> object:
    told = ip_of(seen.value) if seen.attribute == OWN_IP else None  # it names whoever held that address then
    return (
        *(seen.address, seen.attribute, seen.value, seen.source, seen.confidence, seen.vlan, seen.interface),
        *(holders.span(seen.address, seen.seen), holders.at(told, seen.seen)),
    )


def _last_scans(in_time: Iterable[Numbered], holders: _Streaks) -> set[int]:
    """The last two port scans of each address in each period: what was open is what they saw."""
    scans: dict[object, dict[datetime, int]] = defaultdict(dict)
    for number, seen in in_time:
        if seen.attribute == SCANNED and seen.value == PORT_SCAN:
            scans[seen.address, holders.span(seen.address, seen.seen)][seen.seen] = number
    return {number for times in scans.values() for number in list(times.values())[-2:]}


def _one_a_run(in_time: Iterable[Numbered], kept: set[int], runs: Runs, holders: _Streaks) -> set[int]:
    """One of what counts by the run in each, where none is kept already: an answer first, as it tells the most."""
    wanted: dict[object, int] = {}
    for number, seen in sorted(in_time, key=lambda entry: (entry[0] not in kept, _weakness(entry[1]))):
        for key in _by_run(seen, runs.of(seen.seen), holders):
            wanted.setdefault(key, number)
    return set(wanted.values())


def _weakness(seen: Observation) -> tuple[bool, bool]:
    return not is_answer(seen), binding_of(seen) is None


def _by_run(seen: Observation, run: int, holders: _Streaks) -> Iterator[object]:
    """What an observation shows for its run: life of a kind, a binding, and the claim of an address that has one."""
    about = (seen.address, holders.span(seen.address, seen.seen), run)
    if is_sighting(seen):
        yield about
        if is_answer(seen):
            yield "answer", about
        if not is_arp(seen) and (seen.address, run) in holders.crowded:
            yield "spoke itself", about
    if bound := binding_of(seen):
        yield bound.ip, bound.mac, holders.span(bound.ip, bound.seen), run
    told = ip_of(seen.value) if seen.attribute == OWN_IP else None
    if told in holders.starts:
        yield about, told, holders.at(told, seen.seen)
