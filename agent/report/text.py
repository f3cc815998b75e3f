"""Text of devices and people as a document may show it."""

from __future__ import annotations

import re
from datetime import datetime
from unicodedata import east_asian_width

from agent.guard import TAIPEI
from agent.model.vendor import Vendor

_ILLEGIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Controls, lone surrogates, what XML 1.0 cannot hold, and what turns the order of reading (UAX 9)."""


def legible(text: str) -> str:
    """The text with U+FFFD in the place of what cannot be shown, or would show something else than it says."""
    return _ILLEGIBLE.sub("\ufffd", text)


def clipped(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis, in at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def local(moment: datetime) -> datetime:
    """The time in Taipei as a clock on the wall shows it: naive, whole seconds."""
    return moment.astimezone(TAIPEI).replace(tzinfo=None, microsecond=0)


def lines_in(text: str, width: int) -> int:
    """How many lines the text wants where a line holds so many narrow characters; a wide one counts twice (UAX 11)."""
    if len(text) * 2 <= width and "\n" not in text:
        return 1
    return sum(-(-_span(line) // width) or 1 for line in text.split("\n"))


def _span(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def labels_in(vendor: Vendor) -> list[str]:
    """The vendor's security labels, each in a line."""
    labels = ((i.scheme, i.level, i.certificate, str(i.expires or ""), i.model) for i in vendor.labels)
    return [" ".join(word for word in label if word) for label in labels]


def tests_in(vendor: Vendor) -> list[str]:
    """What was tested before it was bought, each in a line."""
    return [" ".join(word for word in (test.model, str(test.day), test.result) if word) for test in vendor.tests]
