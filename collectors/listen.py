"""Listening: DHCP, ARP, IPv6 neighbours, mDNS, SSDP, LLMNR, LLDP and CDP, from an interface or a file. All silent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from agent.model.address import IpAddress, Mac
from agent.model.device import Port
from agent.model.errors import BadInput, EnvironmentFault, LanwardError
from agent.model.hearing import Hearing
from agent.model.observation import ALIVE, HOSTNAME, MAC, OWN_MAC, PORT, WARNING, Observation, Observations
from agent.ports import Job, Progress, Report
from collectors.decode.heard import decode
from collectors.wire.capture import Captured, captured
from collectors.wire.listening import listening

AGAIN = timedelta(minutes=30)
"""How long a statement stands before it is noted again; a chatty network says the same thousands of times a day."""

STATEMENTS = 250_000
"""Different statements that are kept in mind at most: more than a great network makes in a day."""

CHANGES = 10
"""How often an address may go back to a MAC that had just held it, and have each time noted."""

_NAMED = 20
_REPORT_EVERY = 1000
_TICK = 0.5


@dataclass(slots=True)
class Sieve:
    """Lets a statement through when it is new, as that somebody else holds an address, and again after AGAIN.

    At the end `rest` gives the last time of each that was held back, so that "last seen" is right. Two who take an
    address from each other all the time pass CHANGES times, then once each in AGAIN; what was left out is said.
    """

    _passed: dict[object, Observation] = field(default_factory=dict)
    _held: dict[object, Observation] = field(default_factory=dict)
    _holder: dict[object, str] = field(default_factory=dict)
    _back: Counter[Mac | IpAddress] = field(default_factory=Counter)
    _left_out: Observation | None = None

    def fresh(self, said: Observations) -> Iterator[Observation]:
        """Those that are worth a row in the log."""
        for seen in said:
            key = (seen.address, seen.attribute, seen.value, seen.source, seen.vlan)
            before, changed = self._passed.get(key), self._changed(seen)
            if before and abs(seen.seen - before.seen) < AGAIN and (not changed or self._often(seen)):
                self._held[key] = seen
                continue
            if held := self._held.pop(key, None):
                yield held
            self._passed[key] = seen
            if len(self._passed) > STATEMENTS:
                hint = "is somebody flooding the network? what was heard before is kept"
                raise EnvironmentFault(f"more than {STATEMENTS} different statements were heard", hint=hint)
            yield seen

    def rest(self) -> Iterator[Observation]:
        """What was held back, the last of each, and whose changes were left out."""
        yield from self._held.values()
        if last := self._left_out:
            for address, count in self._back.most_common(_NAMED):
                if count > CHANGES:
                    yield Observation(
                        "listen", last.seen, last.site, address, WARNING, _to_and_fro(address, count), 100
                    )

    def _changed(self, seen: Observation) -> bool:
        """Whether the address was somebody else's before: of who holds it there is one answer at a time."""
        if seen.attribute != MAC:
            return False
        key = (seen.address, seen.source, seen.vlan)
        before, self._holder[key] = self._holder.get(key, seen.value), seen.value
        return before != seen.value

    def _often(self, seen: Observation) -> bool:
        """Whether an address went back to a MAC that had just held it, and did so CHANGES times before."""
        self._back[seen.address] += 1
        if self._back[seen.address] <= CHANGES:
            return False
        self._left_out = seen
        return True


def _to_and_fro(address: Mac | IpAddress, count: int) -> str:
    return (
        f"listen: {address} goes to and fro between MACs, each of which is noted once in half an hour; "
        f"{count - CHANGES} changes were left out"
    )


class ListenCollector:
    """Hears what devices say unasked; without a Hearing in its job it does nothing."""

    name = "listen"
    phase = "listen"
    produces: tuple[str, ...] = (
        *(MAC, ALIVE, HOSTNAME, PORT, OWN_MAC, WARNING),
        *("dhcp.", "ndp.", "lldp.", "cdp.", "mdns.", "dnssd.", "ssdp.", "upnp.", "ipp."),
    )
    intrusive = 0
    enabled_by_default = True
    ports: tuple[Port, ...] = ()

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; raises EnvironmentFault for an interface that cannot be opened, BadInput for a file."""
        if job.hearing is None:
            return
        sieve = Sieve()
        try:
            for frame in _frames(job, job.hearing, report):
                yield from sieve.fresh(decode(frame.octets, frame.at, job.site, job.hearing.interface, frame.vlan))
        except (KeyboardInterrupt, LanwardError):
            yield from sieve.rest()
            raise
        yield from sieve.rest()


def _frames(job: Job, hearing: Hearing, report: Report) -> Iterator[Captured]:
    return _file(job, hearing.capture, report) if hearing.capture else _live(job, hearing, report)


def _file(job: Job, path: Path, report: Report) -> Iterator[Captured]:
    """The frames of a capture; raise BadInput for one that is dated later than now."""
    now = job.clock.now()
    for number, frame in enumerate(captured(path), 1):
        if frame.at > now:
            raise BadInput(f"{path}: frame {number} is of {frame.at:%Y-%m-%d %H:%M} UTC, which is yet to come")
        if job.stop():
            return
        if number % _REPORT_EVERY == 0:
            report(Progress("listen", number, 0, "frames"))
        yield frame


def _live(job: Job, hearing: Hearing, report: Report) -> Iterator[Captured]:
    """What comes in on an interface until the time is over or somebody stops it."""
    start = time.monotonic()
    with listening(hearing.interface, job.clock) as wire:
        while (gone := time.monotonic() - start) < hearing.seconds and not job.stop():
            report(Progress("listen", int(gone), int(hearing.seconds), f"seconds on {hearing.interface}"))
            if frame := wire.heard(_TICK):
                yield frame


collector = ListenCollector()
