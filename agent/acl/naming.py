"""ACLs are named by what they do, so that equal rules share one name and one set of hardware entries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from agent.acl.lines import Line
from agent.model.address import Mac

PREFIX = "LW-"


def content_name(lines: Sequence[Line], macs: Sequence[Mac] = ()) -> str:
    """`LW-` and 8 hex digits of SHA-256 over the lines in their order; `macs` only where the text depends on them."""
    text = "\n".join([*(line.canonical() for line in lines), *(str(mac) for mac in sorted(macs))])
    return PREFIX + hashlib.sha256(text.encode()).hexdigest()[:8]


def is_ours(name: str) -> bool:
    """True for a name of that form."""
    digits = name.removeprefix(PREFIX)
    return name.startswith(PREFIX) and len(digits) == 8 and set(digits) <= set("0123456789abcdef")
