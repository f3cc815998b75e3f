"""Something that people are told of, once: a new device, drift, an exception that ends, a run that failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notifier can be asked to tell of."""

    NEW_DEVICE = "new_device"
    DRIFT = "drift"
    EXCEPTION = "exception"
    FAILED_RUN = "failed_run"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """`key` names the event, so that nobody is told of it twice; `facts` are for machines, `text` is for people."""

    key: str
    kind: NoticeKind
    site: str
    at: datetime
    subject: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
