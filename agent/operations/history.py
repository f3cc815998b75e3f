"""What was seen of one device over time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from agent.model.device import Device
from agent.model.observation import ALIVE, SCANNED, Observation
from agent.model.run import looks
from agent.operations.context import Context
from agent.resolve.identity import node_at
from agent.resolve.timeline import Holders, Runs, bindings


@dataclass(frozen=True, slots=True)
class Span:
    """One attribute's one value, from when to when it was seen, how often, and by whom."""

    attribute: str
    value: str
    first: datetime
    last: datetime
    times: int
    sources: tuple[str, ...]


def history(context: Context, device: Device) -> tuple[Span, ...]:
    """Everything that was seen about the device's addresses, the newest value first; that it answered is left out.

    What was seen at an address while another device held it is the other's. Of one without a MAC all is told, since it
    may answer by its router's.
    """
    store, own = context.store(), (*device.macs, *device.ips)
    listed = [o for address in own for o in store.observations_about(address) if o.site == device.site]
    holders = Holders.of(bindings(listed), Runs.of_starts(looks(store.runs(device.site))))
    return spans(o for o in listed if not device.macs or node_at(o.address, o.seen, holders) in own)


def later(found: Iterable[Span], start: datetime | None) -> tuple[Span, ...]:
    """Those that were still seen at a time or after it; all of them for None."""
    return tuple(span for span in found if start is None or span.last >= start)


def spans(observations: Iterable[Observation]) -> tuple[Span, ...]:
    """Observations folded by attribute and value."""
    found: dict[tuple[str, str], Span] = {}
    for one in observations:
        if one.attribute in (ALIVE, SCANNED):
            continue
        key = (one.attribute, one.value)
        old = found.get(key)
        found[key] = _longer(old, one) if old else Span(*key, one.seen, one.seen, 1, (one.source,))
    return tuple(sorted(found.values(), key=lambda span: (span.first, span.attribute, span.value), reverse=True))


def _longer(span: Span, one: Observation) -> Span:
    sources = span.sources if one.source in span.sources else (*span.sources, one.source)
    return replace(
        span, first=min(span.first, one.seen), last=max(span.last, one.seen), times=span.times + 1, sources=sources
    )
