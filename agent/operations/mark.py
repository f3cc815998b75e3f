"""Whether anything has happened, without reading it all."""

from __future__ import annotations

from datetime import datetime

from agent.audit import Head
from agent.model.run import Run
from agent.operations.context import Context

Mark = tuple[Head, datetime | None, tuple[Run, ...]]


def mark(context: Context) -> Mark:
    """What every judgement, run and state-changing act moves on."""
    store, site = context.store(), context.config.site
    return (store.audit_head(), store.assessed(site), store.runs(site)[-1:])
