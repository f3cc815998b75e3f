"""The audit chain: who did what to what, and whether the chain is whole."""

from __future__ import annotations

from textual.binding import Binding

from agent.audit import verify
from agent.model.errors import Refused
from agent.operations.context import Context
from tui.desk import moment
from tui.patience import drained
from tui.screens.listing import Listing
from tui.widgets.grid import Rows
from tui.words import N_


class AuditScreen(Listing):
    """The newest entry first."""

    MODE = "audit"
    TITLE_ID = N_("Audit")
    COLUMNS = (N_("number"), N_("time"), N_("who"), N_("did"), N_("to what"), N_("facts"))
    EMPTY = N_("Nothing was recorded yet: every act that changes something will be.")
    BINDINGS = [Binding("v", "verify", N_("Verify the chain"))]

    def rows(self, context: Context) -> Rows:
        """All entries."""
        entries = list(context.store().audit())
        return [
            (str(e.number), (e.number, moment(e.at), e.actor, e.action, e.subject, _facts(e.facts)))
            for e in drained(reversed(entries))
        ]

    def action_verify(self) -> None:
        """Walk the chain."""
        self.act(walk, self.words("the audit chain is whole"))


def walk(context: Context) -> None:
    """Raise Refused where the chain breaks."""
    store = context.store()
    broken = verify(store.audit(), store.audit_head())
    if broken:
        raise Refused(f"the audit chain breaks at entry {broken.number}: {broken.reason}")


def _facts(facts: tuple[tuple[str, str], ...]) -> str:
    return "  ".join(f"{name}={value}" for name, value in facts)
