"""How many examples a property is tried on: `make test` tries all, `make test-fast` a third."""

from __future__ import annotations

import os

FAST = os.environ.get("LANWARD_TESTS") == "fast"


def most(number: int) -> int:
    """At most so many."""
    return number // 3 if FAST else number
