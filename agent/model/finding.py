"""A judgement: one device, one rule, one clause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a rule ended; `unknown` is never `pass`."""

    PASS = "pass"
    FAIL = "fail"
    EXCEPTED = "excepted"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule says about one device: a verdict, the reason in words, the evidence that it rests on."""

    verdict: Verdict
    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Device x rule x clause; `device` is empty for a finding about the organisation. `waiver` is an id or empty."""

    device: str
    rule: str
    clause: str
    status: Verdict
    reason: str
    evidence: tuple[str, ...] = ()
    waiver: str = ""
