"""Exceptions (例外, A7-6) as a queue: what waits for somebody stands first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import on
from textual.binding import Binding

from agent.model.waiver import Waiver, WaiverState
from agent.operations import waivers
from agent.operations.context import Context
from tui.desk import day
from tui.screens.device import DeviceScreen
from tui.screens.dialogs import Question
from tui.screens.exception_forms import reason_form, renew_from, renewal_form, request_form, request_from
from tui.screens.listing import Listing
from tui.widgets.grid import Grid, Rows
from tui.words import N_

QUEUE = (WaiverState.REQUESTED, WaiverState.EXPIRED, WaiverState.APPROVED)
"""What asks for work first, then what is in force; all else is history."""


class ExceptionsScreen(Listing):
    """Each step is by somebody, with a reason where it ends something."""

    MODE = "exceptions"
    TITLE_ID = N_("Exceptions")
    COLUMNS = (
        N_("exception"),
        N_("state"),
        N_("until"),
        N_("device"),
        N_("clauses"),
        N_("requester"),
        N_("approver"),
        N_("controls"),
        N_("reason"),
        N_("note"),
    )
    EMPTY = N_("No exception yet. Press n to request one for a device that cannot be mended.")
    BINDINGS = [
        Binding("n", "request", N_("Request")),
        Binding("a", "approve", N_("Approve")),
        Binding("j", "reject", N_("Reject")),
        Binding("w", "renew", N_("Renew")),
        Binding("k", "revoke", N_("Revoke")),
        Binding("c", "close", N_("Close")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._waivers: dict[str, Waiver] = {}

    def rows(self, context: Context) -> Rows:
        """The queue, by the last day within each state."""
        found = sorted(waivers.listing(context), key=_urgency)
        self._waivers = {waiver.id: waiver for waiver in found}
        return [(waiver.id, self._cells(waiver)) for waiver in found]

    def _cells(self, waiver: Waiver) -> tuple[object, ...]:
        people = waiver.requester, waiver.approver
        said = ", ".join(waiver.controls), waiver.reason, waiver.note
        state = self.term(waiver.state)
        return (waiver.id, state, day(waiver.expires), waiver.device, " ".join(waiver.clauses), *people, *said)

    @on(Grid.Chosen)
    def _open(self, message: Grid.Chosen) -> None:
        self.app.push_screen(DeviceScreen(self._waivers[message.key].device))

    # --- keys ---

    def action_request(self) -> None:
        """Ask for one."""
        self.ask(request_form(self.words), request_from, self.words("asked for; somebody else approves it"))

    def action_approve(self) -> None:
        """Agree to what somebody else asked for."""
        if waiver := self._waivers.get(self.key):
            title = self.words("Approve {id} for {device}?", id=waiver.id, device=waiver.device)
            text = f"{' '.join(waiver.clauses)}  {day(waiver.expires)}  {', '.join(waiver.controls)}\n{waiver.reason}"
            self.app.push_screen(Question(title, self.words, text), partial(self._approve, waiver.id))

    def _approve(self, waiver_id: str, yes: bool | None) -> None:
        if yes:
            self.act(lambda context: waivers.approve(context, waiver_id), self.words("{id} is approved", id=waiver_id))

    def action_renew(self) -> None:
        """Ask for a new one in an old one's place."""
        if waiver := self._waivers.get(self.key):
            form = renewal_form(self.words, waiver)
            self.ask(form, partial(renew_from, waiver.id), self.words("asked for; somebody else approves it"))

    def action_reject(self) -> None:
        """Decline it, and say why."""
        self._end(waivers.reject, self.words("Reject {id}", id=self.key), self.words("{id} is rejected", id=self.key))

    def action_revoke(self) -> None:
        """Take it back before its last day, and say why."""
        self._end(waivers.revoke, self.words("Revoke {id}", id=self.key), self.words("{id} is revoked", id=self.key))

    def action_close(self) -> None:
        """Say that it is no longer needed, and why."""
        self._end(waivers.close, self.words("Close {id}", id=self.key), self.words("{id} is closed", id=self.key))

    def _end(self, deed: Callable[[Context, str, str], Waiver], title: str, done: str) -> None:
        if waiver_id := self.key:
            form = reason_form(self.words, title)
            self.ask(form, lambda context, answer: deed(context, waiver_id, answer["reason"]), done)


def _urgency(waiver: Waiver) -> tuple[int, str, str]:
    place = QUEUE.index(waiver.state) if waiver.state in QUEUE else len(QUEUE)
    return place, waiver.expires.isoformat(), waiver.id
