"""Who looked, when and where: what every observation of one exchange has in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.model.address import IpAddress, Mac
from agent.model.observation import WARNING, Observation
from collectors.decode.text import clean


@dataclass(frozen=True, slots=True)
class Sighting:
    """The source, the aware time and the site of one look."""

    source: str
    seen: datetime
    site: str

    def of(
        self,
        address: Mac | IpAddress,
        attribute: str,
        value: str,
        *,
        confidence: int = 80,
        raw: str = "",
        vlan: int | None = None,
        interface: str = "",
    ) -> Observation:
        """One observation, its value made printable and bounded."""
        return Observation(
            self.source, self.seen, self.site, address, attribute, clean(value), confidence, raw, vlan, interface
        )

    def warning(self, address: Mac | IpAddress, why: str) -> Observation:
        """Why something about this address could not be told."""
        return self.of(address, WARNING, f"{self.source}: {why}", confidence=100)
