"""Take out lines that change nothing, by structure alone; the proof checks the result anyway."""

from __future__ import annotations

from collections.abc import Sequence

from agent.acl.lines import ALL_PORTS, Line, PortRange
from agent.acl.semantics import Semantics, takes_fragments


def minimise(lines: Sequence[Line], semantics: Semantics) -> tuple[Line, ...]:
    """The same filter without lines that are unreachable or repeated by a later one; the order stays."""
    reached: list[Line] = []
    for line in lines:
        if not any(covers(earlier, line, semantics) for earlier in reached):
            reached.append(line)
    return tuple(line for n, line in enumerate(reached) if not _repeated(line, reached[n + 1 :], semantics))


def _repeated(line: Line, later: Sequence[Line], semantics: Semantics) -> bool:
    for other in later:
        if other.action != line.action:
            return False
        if covers(other, line, semantics):
            return True
    return False


def covers(wide: Line, narrow: Line, semantics: Semantics) -> bool:
    """True where each packet that `narrow` matches is matched by `wide`; False where structure cannot tell."""
    if wide.proto not in ("ip", narrow.proto):
        return False
    if not (narrow.src.subnet_of(wide.src) and narrow.dst.subnet_of(wide.dst)):
        return False
    if takes_fragments(narrow, semantics) and not takes_fragments(wide, semantics):
        return False
    return narrow.fragments or (not wide.fragments and _covers_l4(wide, narrow))


def _covers_l4(wide: Line, narrow: Line) -> bool:
    if not (_contains(wide.sport, narrow.sport) and _contains(wide.dport, narrow.dport)):
        return False
    if wide.established and not narrow.established:
        return False
    if wide.icmp is None:
        return True
    return narrow.icmp is not None and wide.icmp[0] == narrow.icmp[0] and wide.icmp[1] in (None, narrow.icmp[1])


def _contains(wide: PortRange | None, narrow: PortRange | None) -> bool:
    low, high = wide or ALL_PORTS
    inner_low, inner_high = narrow or ALL_PORTS
    return low <= inner_low and inner_high <= high
