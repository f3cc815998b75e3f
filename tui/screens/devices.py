"""The register: filter, columns, order, export; a hundred thousand devices are read and arranged in threads."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
from textual import on
from textual.binding import Binding

from agent.door import files
from agent.model.device import Device
from agent.model.errors import BadInput
from agent.operations.context import Context
from agent.register_filter import DEVICES
from agent.report.csv import cell
from agent.report.files import write_file
from tui.register_table import TITLES, Register, View
from tui.screens.device import DeviceScreen
from tui.screens.dialogs import Blank, Choice, Form, Several
from tui.screens.filtered import Filtered
from tui.widgets.filter_input import FilterInput
from tui.widgets.grid import Grid, Sheet
from tui.words import N_


@dataclass(frozen=True, slots=True)
class Shown:
    """A view that was made; `total` is the register's length."""

    view: View
    sheet: Sheet
    total: int
    known: Mapping[str, Sequence[str]]


class DevicesScreen(Filtered[Shown, Register]):
    """Every device that was ever seen and is not retired."""

    MODE = "devices"
    TITLE_ID = N_("Devices")
    GRAMMAR = DEVICES
    EXAMPLE = N_("class:printer vendor:hp port:9100 status:missing text")
    EMPTY = N_("No device here. Press 7, then d, to discover; Escape, then /, to change the filter.")
    BINDINGS = [
        Binding("s", "sort", N_("Sort")),
        Binding("r", "reverse", N_("Reverse")),
        Binding("c", "columns", N_("Columns")),
        Binding("x", "export", N_("Export the view")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view = View()
        self._table: pa.Table | None = None

    def read(self, context: Context) -> Shown:
        """The register, arranged."""
        register = self.kept(context)
        view = self.view
        keys, table = register.arranged(view)
        return Shown(view, Sheet.of(keys, table), len(register.devices), register.known)

    def load(self, context: Context) -> Register:
        """Every device, and which of them fail."""
        site, store = context.config.site, context.store()
        return Register(store.devices(site, evidence=False), store.findings(site), self.words)

    def items(self, kept: Register) -> list[Device]:
        """The devices."""
        return kept.devices

    async def show(self, value: Shown) -> None:
        """Rows, and how many of how many."""
        self._table = value.sheet.backend.source_data
        self.query_one(FilterInput).completer.known = value.known
        order = self.words(TITLES[value.view.order]) + (" ↓" if value.view.backwards else " ↑")
        of = self.words("{n} of {total} devices, by {order}", n=len(value.sheet.keys), total=value.total, order=order)
        self.headline(of)
        await self.query_one(Grid).show(value.sheet)

    def rearrange(self, **changed: object) -> None:
        """Another view of the same register."""
        self.view = replace(self.view, **changed)  # type: ignore[arg-type]  # names of View's own fields
        self.look()

    def wanted(self, text: str) -> None:
        """The same register through another filter."""
        self.rearrange(wanted=text)

    # --- keys ---

    @on(Grid.Chosen)
    def _open(self, message: Grid.Chosen) -> None:
        self.app.push_screen(DeviceScreen(message.key))

    def action_reverse(self) -> None:
        """The other way round."""
        self.rearrange(backwards=not self.view.backwards)

    def action_sort(self) -> None:
        """Choose what to sort by."""
        self.app.push_screen(Choice(self.words("Sort by"), self.words, self._titles(), self.view.order), self._sorted)

    def _sorted(self, name: str | None) -> None:
        if name:
            self.rearrange(order=name, backwards=False)

    def action_columns(self) -> None:
        """Choose the columns."""
        titles = [pair for pair in self._titles() if pair[0] != "id"]
        self.app.push_screen(Several(self.words("Columns"), self.words, titles, self.view.columns), self._chose)

    def _chose(self, names: tuple[str, ...] | None) -> None:
        if names is not None:
            self.rearrange(columns=("id", *names))

    def _titles(self) -> list[tuple[str, str]]:
        return [(name, self.words(title)) for name, title in TITLES.items()]

    def action_export(self) -> None:
        """Ask for a file, and write the view to it."""
        blank = Blank("file", self.words("CSV file"), "devices.csv")
        if self._table is not None:
            form = Form(self.words("Export the view"), self.words, [blank])
            self.ask(form, partial(_write, self._table), self.words("the view is written"))


def _write(table: pa.Table, _: Context, answer: Mapping[str, str]) -> None:
    """A view as CSV that a spreadsheet may safely open; raise BadInput for a directory."""
    path = files.written(answer["file"])
    if not answer["file"] or path.is_dir():
        raise BadInput(f"'{answer['file']}' is no file", hint="name one, such as devices.csv")
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(table.column_names)
    for batch in table.to_batches(max_chunksize=1000):
        writer.writerows([cell(value) for value in row.values()] for row in batch.to_pylist())
    write_file(path.parent, path.name, out.getvalue().encode("utf-8-sig"))
    files.deliver()
