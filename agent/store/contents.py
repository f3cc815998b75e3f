"""What every kind of backup shows when it is checked."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from agent.audit import Entry, Head


@dataclass(frozen=True, slots=True)
class Found:
    """The schema's revision, the audit chain in its order, and the head that the database kept beside it."""

    revision: str
    audit: Iterable[Entry]
    head: Head


Contents = AbstractContextManager[Found]
