"""An exception (例外, A7-6): why a device may fail some clauses for some time, and what guards it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from agent.model.errors import BadInput


class WaiverKind(StrEnum):
    """The two grounds that A7-6 knows."""

    UNPATCHABLE = "unpatchable"
    FUNCTIONAL_LIMIT = "functional_limit"


class WaiverState(StrEnum):
    """Where a waiver stands in its life; `TRANSITIONS` says what may follow what."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CLOSED = "closed"


TRANSITIONS: Mapping[WaiverState, frozenset[WaiverState]] = {
    WaiverState.REQUESTED: frozenset({WaiverState.APPROVED, WaiverState.REJECTED}),
    WaiverState.APPROVED: frozenset({WaiverState.EXPIRED, WaiverState.REVOKED, WaiverState.CLOSED}),
    WaiverState.REJECTED: frozenset(),
    WaiverState.EXPIRED: frozenset({WaiverState.CLOSED}),
    WaiverState.REVOKED: frozenset(),
    WaiverState.CLOSED: frozenset(),
}
"""An expired exception is a finding until it is closed, or until one that follows it is approved."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """An exception for one device; `approver` is another person than `requester`.

    `follows` is the id of the exception that this one renews. `note` says why it was rejected, revoked or closed.
    """

    id: str
    device: str
    kind: WaiverKind
    clauses: tuple[str, ...]
    controls: tuple[str, ...]
    requester: str
    state: WaiverState
    expires: date
    approver: str = ""
    replacement: date | None = None
    reason: str = ""
    requested: datetime | None = None
    approved: datetime | None = None
    note: str = ""
    follows: str = ""

    def covers(self, device: str, clause: str, day: date) -> bool:
        """True where this waiver excuses the device from the clause on that day."""
        return self.in_force(day) and self.device == device and clause in self.clauses

    def in_force(self, day: date) -> bool:
        """True where it is approved and its last day is not over."""
        return self.state is WaiverState.APPROVED and day <= self.expires


def require_step(waiver: Waiver, to: WaiverState) -> None:
    """Raise BadInput for a step that an exception's life does not have."""
    if to not in TRANSITIONS[waiver.state]:
        raise BadInput(f"exception {waiver.id} is {waiver.state}: it cannot become {to}")
