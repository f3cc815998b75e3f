"""Findings by clause and verdict; Enter goes to the device."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from textual import on
from textual.binding import Binding

from agent.model.finding import Finding, Verdict
from agent.operations.context import Context
from agent.register_filter import FINDINGS, parse
from agent.report.reasons import reason_in
from tui.desk import moment
from tui.patience import column, matching
from tui.screens.device import DeviceScreen
from tui.screens.filtered import Filtered
from tui.widgets.filter_input import FilterInput
from tui.widgets.grid import Grid, Sheet
from tui.words import N_

FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.EXCEPTED, Verdict.PASS, Verdict.NOT_APPLICABLE)
"""What asks for work stands first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings that a filter leaves; `when` is the assessment's time."""

    sheet: Sheet
    total: int
    when: str


class FindingsScreen(Filtered[Judged, list[Finding]]):
    """What the last assessment found."""

    MODE = "findings"
    TITLE_ID = N_("Findings")
    GRAMMAR = FINDINGS
    EXAMPLE = "clause:A7-3 verdict:fail device:d-1"
    EMPTY = N_("No finding here. Press a to assess; Escape, then /, to change the filter.")
    BINDINGS = [
        Binding("f", "only('fail')", N_("Fails")),
        Binding("u", "only('unknown')", N_("Unknown")),
        Binding("a", "assess", N_("Assess")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._wanted = ""

    def read(self, context: Context) -> Judged:
        """Those findings for which the filter holds."""
        site = context.config.site
        findings, when = self.kept(context), moment(context.store().assessed(site))
        chosen = [findings[place] for place in matching(findings, parse(self._wanted, FINDINGS))]
        cells = {
            N_("clause"): column(chosen, lambda f: f.clause),
            N_("verdict"): column(chosen, lambda f: self.term(f.status)),
            N_("device"): column(chosen, lambda f: f.device),
            N_("reason"): column(chosen, lambda f: reason_in(self.words, f.reason)),
            N_("rule"): column(chosen, lambda f: f.rule),
        }
        table = pa.table(list(cells.values()), names=[self.words(title) for title in cells])
        keys = column(chosen, lambda f: f"{f.device} {f.rule} {f.waiver}").combine_chunks()
        return Judged(Sheet.of(keys, table), len(findings), when)

    def load(self, context: Context) -> list[Finding]:
        """Every finding of the last assessment, in its order."""
        found = context.store().findings(context.config.site)
        return sorted(found, key=lambda f: (FIRST.index(f.status), f.clause, f.device, f.rule))

    def items(self, kept: list[Finding]) -> list[Finding]:
        """The findings."""
        return kept

    async def show(self, value: Judged) -> None:
        """Rows, and how many of how many."""
        of = self.words("{n} of {total} findings", n=len(value.sheet.keys), total=value.total)
        when = self.words("assessed {when}", when=value.when) if value.when else self.words("never assessed: press a")
        self.headline(f"{of}  ·  {when}")
        await self.query_one(Grid).show(value.sheet)

    def wanted(self, text: str) -> None:
        """The same findings through another filter."""
        self._wanted = text
        self.look()

    # --- keys ---

    @on(Grid.Chosen)
    def _open(self, message: Grid.Chosen) -> None:
        device = message.key.partition(" ")[0]
        if device:
            self.app.push_screen(DeviceScreen(device))

    def action_only(self, verdict: str) -> None:
        """Only this verdict, or all again."""
        line = self.query_one(FilterInput)
        wanted = f"verdict:{verdict}"
        line.ask("" if line.value == wanted else wanted)

    def action_assess(self) -> None:
        """Judge the register anew."""
        self.app.launch("assess", "--json")
