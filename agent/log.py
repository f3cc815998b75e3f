"""The log of observations as resolution reads it: parts of it, as often as needed, and never the whole at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agent.model.address import IpAddress, Mac
from agent.model.observation import Observation

Address = Mac | IpAddress


class Log(Protocol):
    """A site's observations up to a moment, as they stood when the log was opened."""

    def sizes(self) -> Mapping[Address, int]:
        """How many observations there are about each address."""
        ...

    def stating(self, attributes: Collection[str]) -> Iterator[Observation]:
        """Those that state one of these attributes, in any order."""
        ...

    def about(self, addresses: Collection[Address]) -> Iterator[Observation]:
        """Those about one of these addresses, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class HeldLog:
    """Observations that are at hand."""

    observations: tuple[Observation, ...]

    @classmethod
    def of(cls, observations: Iterable[Observation], site: str, until: datetime) -> HeldLog:
        """Those of a site up to a moment, each once."""
        return cls(tuple({seen for seen in observations if seen.site == site and seen.seen <= until}))

    def sizes(self) -> Mapping[Address, int]:
        """How many observations there are about each address."""
        return Counter(seen.address for seen in self.observations)

    def stating(self, attributes: Collection[str]) -> Iterator[Observation]:
        """Those that state one of these attributes."""
        return (seen for seen in self.observations if seen.attribute in attributes)

    def about(self, addresses: Collection[Address]) -> Iterator[Observation]:
        """Those about one of these addresses."""
        wanted = frozenset(addresses)
        return (seen for seen in self.observations if seen.address in wanted)
