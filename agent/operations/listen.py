"""A run that sends nothing: what devices say unasked, from an interface or out of a capture file."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from agent.guard import SilentGuard
from agent.model.address import IpAddress, Mac
from agent.model.errors import Interrupted, LanwardError
from agent.model.hearing import Hearing
from agent.model.observation import Observation
from agent.model.run import PASSIVE, Run, RunState
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.discover import Result, break_off, chunks, concerns, conclude, narrowed
from agent.operations.register import rebuild
from agent.ports import Job


@dataclass(slots=True)
class _Heard:
    """Whom a run heard: addresses of the scope, addresses outside of it, and when last."""

    hosts: set[IpAddress] = field(default_factory=set)
    outside: set[IpAddress] = field(default_factory=set)
    last: datetime | None = None

    def sifted(self, context: Context, observations: Iterable[Observation]) -> Iterator[Observation]:
        """Those that are our business."""
        for seen in observations:
            ours = concerns(context, seen)
            if not isinstance(seen.address, Mac):
                (self.hosts if ours else self.outside).add(seen.address)
            if ours:
                self.last = max(seen.seen, self.last or seen.seen)
                yield seen

    def notes(self) -> tuple[str, ...]:
        """What must be said of the run."""
        if not self.outside:
            return ()
        first = min(self.outside, key=lambda a: (a.version, int(a)))
        return (f"listen: {len(self.outside)} addresses outside the scope were heard and left out, {first} first",)


def listen(context: Context, hearing: Hearing) -> Result:
    """One run; the times are those of the frames. What was heard is kept, whatever ends it.

    Raise EnvironmentFault for an interface that cannot be opened, BadInput for a file, Refused for a viewer and
    Interrupted where somebody stops it. A blackout does not matter, since nothing is sent.
    """
    roles.require_hand(context, "listen")
    scope = narrowed(context.config.scope, ())
    heard = _Heard()
    observations = heard.sifted(context, _observed(context, hearing))
    first = next(observations, None) if hearing.capture else None
    started = first.seen if first else context.clock.now()
    subnets = tuple(str(subnet) for subnet in scope.subnets)
    run = Run(f"r-{uuid.uuid4().hex[:8]}", context.config.site, PASSIVE, subnets, RunState.RUNNING, started)
    context.store().save_run(run)
    with _closing(context, run, heard):
        for chunk in chunks(chain([first] if first else [], observations)):
            context.store().append(run.id, chunk)
    result = conclude(context, run.id)
    ended = replace(result.run, ended=heard.last or started) if hearing.capture else result.run
    context.store().save_run(ended)
    return replace(result, run=ended)


def _observed(context: Context, hearing: Hearing) -> Iterator[Observation]:
    for collector in context.collectors().values():
        if collector.phase == "listen":
            job = Job(
                site=context.config.site,
                targets=(),
                guard=SilentGuard(),
                clock=context.clock,
                credentials=context.credentials,
                profile=PASSIVE,
                stop=context.stop,
                hearing=hearing,
            )
            yield from collector.collect(job, context.report)


@contextmanager
def _closing(context: Context, run: Run, heard: _Heard) -> Iterator[None]:
    """Note whom the run heard, and break it off where it does not come to its end."""
    try:
        try:
            yield
        finally:
            context.store().save_run(replace(run, hosts=len(heard.hosts), errors=heard.notes()))
    except (KeyboardInterrupt, Interrupted):
        break_off(context, run.id, RunState.INTERRUPTED)
        raise Interrupted(f"run {run.id} interrupted; what it heard is kept") from None
    except LanwardError:
        break_off(context, run.id, RunState.FAILED)
        rebuild(context)
        raise
    except BaseException:
        break_off(context, run.id, RunState.FAILED)
        raise
