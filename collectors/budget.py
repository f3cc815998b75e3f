"""How much a device takes, by its kind (`budgets.yaml`), and which devices a run leaves alone since they faltered."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from agent.identify.registry import organisation
from agent.model.address import IpAddress, Mac
from agent.model.errors import BadMac
from agent.model.observation import MAC, WARNING, about
from agent.ports import Job
from collectors.known import open_ports

_FALTERED = re.compile(r"timed out|timeout|reset by peer|broken pipe", re.IGNORECASE)
"""A refused connection is an answer; these are a device that could not keep up."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds between two questions, sendings of one datagram, seconds for one collector, faults that end it."""

    kind: str
    ports: frozenset[int]
    makers: tuple[str, ...]
    pause: float
    tries: int
    seconds: float
    faults: int

    @property
    def fragile(self) -> bool:
        """True for a kind that is asked less than once a second: it is scanned slowly and not probed for versions."""
        return self.pause >= 1.0

    def fits(self, ports: frozenset[int], maker: str) -> bool:
        """True for a device with such a port or maker, and for each one where the row names none."""
        named = bool(self.ports & ports) or (bool(maker) and maker.startswith(self.makers))
        return named or not (self.ports or self.makers)


@cache
def budgets() -> tuple[Budget, ...]:
    """The shipped rows; the last one fits everything."""
    rows = yaml.safe_load((files("collectors") / "budgets.yaml").read_text(encoding="utf-8"))
    return tuple(Budget(**{**r, "ports": frozenset(r["ports"]), "makers": tuple(r["makers"])}) for r in rows)


@dataclass(frozen=True, slots=True)
class Patience:
    """What a run knows of its devices' strength when a collector begins."""

    ports: Mapping[IpAddress, frozenset[int]]
    makers: Mapping[IpAddress, str]
    faults: Mapping[IpAddress, int]

    @classmethod
    def of(cls, job: Job) -> Patience:
        """Read the run's observations so far."""
        faltered = (o.address for o in about(job.known, WARNING) if _FALTERED.search(o.value))
        return cls(open_ports(job), _makers(job), Counter(a for a in faltered if not isinstance(a, Mac)))

    def budget(self, address: IpAddress) -> Budget:
        """The first row that fits the device."""
        ports, maker = self.ports.get(address, frozenset()), self.makers.get(address, "")
        return next(row for row in budgets() if row.fits(ports, maker))

    def spent(self, address: IpAddress) -> str:
        """Why a device is left alone, or an empty string."""
        faults, budget = self.faults.get(address, 0), self.budget(address)
        return f"left alone: it faltered {faults} times in this run" if faults >= budget.faults else ""


def is_faltering(text: str) -> bool:
    """True where a fault's words tell of a device that could not keep up."""
    return bool(_FALTERED.search(text))


def _makers(job: Job) -> dict[IpAddress, str]:
    found: dict[IpAddress, str] = defaultdict(str)
    for seen in about(job.known, MAC):
        if not isinstance(seen.address, Mac):
            found[seen.address] = _maker(seen.value)
    return found


def _maker(text: str) -> str:
    try:
        return organisation(Mac.parse(text)).casefold()
    except BadMac:
        return ""
