"""Firmware versions in order, where their forms allow it."""

from __future__ import annotations

import re

_PART = re.compile(r"\d+|[a-z]+")


def older(version: str, minimum: str) -> bool | None:
    """True where a version is below the minimum, None where the two forms cannot be compared.

    Numbers compare as numbers, single letters as letters (`4.2b` after `4.2a`); a shorter version is filled with zeros.
    Other letters against letters, or letters on one side alone ("2.0" and "2.0-rc"), say nothing about the order.
    """
    ours, theirs = _parts(version), _parts(minimum)
    if not ours or not theirs:
        return None
    for index in range(max(len(ours), len(theirs))):
        left = ours[index] if index < len(ours) else 0
        right = theirs[index] if index < len(theirs) else 0
        if isinstance(left, int) and isinstance(right, int):
            if left != right:
                return left < right
        elif isinstance(left, str) and isinstance(right, str):
            if left != right:
                return left < right if len(left) == len(right) == 1 else None
        else:
            return None
    return False


def _parts(version: str) -> tuple[int | str, ...]:
    low = version.strip().lower()
    low = low[1:] if re.match(r"v\d", low) else low
    return tuple(int(part) if part.isdigit() else part for part in _PART.findall(low))
