"""Changes that a dead process left behind; without DBOS, which takes longer to load than all else of a command."""

from __future__ import annotations

from agent.model.change import Change
from agent.model.errors import Refused
from agent.operations import changes, roles
from agent.operations.context import Context
from agent.workflows.owner import APPLYING, owner, ownership


def hold(context: Context) -> tuple[Change, ...]:
    """Put them on hold, where no other process owns this site; look, write nothing. A viewer only reads."""
    context.store()  # an inventory that is none is refused before a lock file is made beside it
    if not roles.held(context) or owner(context.config):
        return ()
    try:
        with ownership(context.config, APPLYING):
            return changes.hold_unfinished(context)
    except Refused:
        return ()
