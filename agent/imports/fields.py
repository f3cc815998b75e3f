"""One cell's text as a value; what is none raises BadField with the reason."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from agent.model.errors import BadInput

LONGEST = 2000
"""Characters of one cell: more is a pasted document, not a field."""

_YES = frozenset({"yes", "y", "true", "1", "v", "是", "有", "已"})
_NO = frozenset({"no", "n", "false", "0", "x", "否", "無", "未"})
_DAY = re.compile(r"(民國)?\s*(\d{2,4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]00:00(?::00)?)?")
_PERIOD = re.compile(
    r"[1-9]|[一二兩三四五六七八九十半]\s*(?:個月|年|月|季|週|天|日)|life(?:time| ?cycle| of the product)|生命週期|永久",
    re.IGNORECASE,
)
_NO_PERIOD = re.compile(r"^\s*-|\d{9}")
"""Less than nothing, or longer than any date is written."""

_ROC = 1911
"""The year before the first one of the Republic, by which Taiwan's calendar counts."""


class BadField(BadInput):
    """A cell that is no value of its column."""

    def __init__(self, field: str, value: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: '{value}' {reason}", hint=hint)
        self.field = field
        self.value = value
        self.reason = reason


def text(field: str, value: str) -> str:
    """The words without needless space; raise BadField for what is too long or not printable."""
    words = " ".join(value.split())
    if len(words) > LONGEST:
        raise BadField(field, f"{words[:30]}...", f"is longer than {LONGEST} characters")
    if not words.isprintable():
        raise BadField(field, ascii(words[:30]), "holds characters that nobody can read")
    return words


def day(field: str, value: str) -> date | None:
    """A day as 2027-06-30, 2027/6/30, or 民國116年6月30日 and 116/6/30; None for nothing; raise BadField otherwise."""
    if not value.strip():
        return None
    found = _DAY.fullmatch(value.strip())
    if not found:
        raise BadField(field, value, "is no day", hint="write it as 2027-06-30")
    era, year, month, number = found.groups()
    counted = int(year) + (_ROC if era or len(year) < 4 else 0)
    try:
        return date(counted, int(month), int(number))
    except ValueError:
        raise BadField(field, value, "is no day of the calendar", hint="write it as 2027-06-30") from None


def period(field: str, value: str) -> str:
    """How long something lasts, in words: 90d, 5 years, 出貨後五年, 2030-12-31, lifetime; raise BadField otherwise."""
    words = text(field, value)
    plain = unicodedata.normalize("NFKC", words)
    if words and (not _PERIOD.search(plain) or _NO_PERIOD.search(plain)):
        raise BadField(field, words, "says no period", hint="write 90d, 5 years, 五年, 2030-12-31 or lifetime")
    return words


def yes_or_no(field: str, value: str) -> bool | None:
    """True or False for what people write; None for nothing; raise BadField otherwise."""
    word = value.strip().casefold()
    if not word:
        return None
    if word in _YES | _NO:
        return word in _YES
    raise BadField(field, value, "is neither yes nor no")
