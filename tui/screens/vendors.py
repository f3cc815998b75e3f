"""Vendors (供應商管理, A7-5, A7-P): what is on record, what it lacks, and a form to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from textual import on
from textual.binding import Binding

from agent.imports.vendor_words import FIELDS, LABEL, TEST
from agent.model.vendor import Vendor
from agent.operations import vendors
from agent.operations.context import Context
from tui.desk import day
from tui.screens.dialogs import Blank, Form
from tui.screens.listing import Listing
from tui.widgets.grid import Grid, Rows
from tui.words import N_

CHOICES = {"reports_vulnerabilities": ("yes", "no")}


class VendorsScreen(Listing):
    """Those on record, then those of the register that nobody has recorded."""

    MODE = "vendors"
    TITLE_ID = N_("Vendors")
    COLUMNS = (N_("vendor"), N_("devices"), N_("contract ends on"), N_("labels"), N_("gaps"))
    EMPTY = N_("No vendor yet: neither on record nor in the register. Press n to record one.")
    BINDINGS = [
        Binding("e", "edit", N_("Edit or record")),
        Binding("n", "add", N_("New")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._records: dict[str, Vendor] = {}

    def rows(self, context: Context) -> Rows:
        """Records with their gaps, then names without a record."""
        linked = vendors.listing(context)
        self._records = {one.vendor.name: one.vendor for one in linked}
        known = [
            (
                one.vendor.name,
                (
                    one.vendor.name,
                    len(one.devices) or "",
                    day(one.vendor.contract_to),
                    len(one.vendor.labels) or "",
                    "; ".join(one.gaps),
                ),
            )
            for one in linked
        ]
        gap = self.words("no record")
        return [*known, *((name, (name, count, "", "", gap)) for name, count in vendors.unrecorded(context))]

    @on(Grid.Chosen)
    def _open(self, message: Grid.Chosen) -> None:
        self.action_edit()

    # --- keys ---

    def action_edit(self) -> None:
        """A form with what is recorded; the name is what the register calls the vendor."""
        name = self.key
        if not name:
            return
        record = self._records.get(name)
        known = recorded(record) if record else {}
        blanks = [
            Blank(field, self.words(TITLES[field]), known.get(field, ""), choices=CHOICES.get(field, ()))
            for field in FIELDS
            if field != "name"
        ]
        text = self.words("Labels on record: {labels}", labels=_labels(record)) if record and record.labels else ""
        form = Form(name, self.words, blanks, text)
        self.ask(form, partial(_save, name, record is None, known), self.words("{id}: saved", id=name))

    def action_add(self) -> None:
        """Record a vendor that the register does not know yet."""
        form = Form(self.words("New"), self.words, [Blank("name", self.words("vendor"))])
        done = self.words("recorded; e fills the record in")
        self.ask(form, lambda context, answer: vendors.add(context, answer["name"]), done)


TITLES = {
    "contact": N_("contact"),
    "contract_from": N_("contract begins on"),
    "contract_to": N_("contract ends on"),
    "service_undertakings": N_("service undertakings"),
    "update_period": N_("update period"),
    "reports_vulnerabilities": N_("reports flaws: yes/no"),
    "action_plan": N_("action plan"),
    "label_scheme": N_("label: scheme"),
    "label_level": N_("label: level"),
    "label_certificate": N_("label: certificate"),
    "label_expires": N_("label: until"),
    "label_model": N_("label: model"),
    "test_model": N_("test: model"),
    "test_day": N_("test: day"),
    "test_result": N_("test: result"),
}
"""What the words of a record are called (message ids); a label or a test that is filled in is added."""


def recorded(record: Vendor) -> Mapping[str, str]:
    """What is on record, by its words; labels and tests are added, not edited."""
    duty = record.reports_vulnerabilities
    return {
        "contact": record.contact,
        "contract_from": day(record.contract_from),
        "contract_to": day(record.contract_to),
        "service_undertakings": record.service_undertakings,
        "update_period": record.update_period,
        "reports_vulnerabilities": "" if duty is None else "yes" if duty else "no",
        "action_plan": record.action_plan,
    }


def _labels(record: Vendor) -> str:
    return "; ".join(f"{one.scheme} {one.level} {one.certificate} {day(one.expires)}".strip() for one in record.labels)


def _save(name: str, new: bool, known: Mapping[str, str], context: Context, answer: Mapping[str, str]) -> None:
    """Say what has changed; a record that is not there is made, with what was filled in."""
    alone = {field: value for field, value in answer.items() if field not in (*LABEL, *TEST)}
    words = {field: value for field, value in alone.items() if value != known.get(field, "")}
    for group in (LABEL, TEST):
        added = {field: answer[field] for field in group}
        words |= added if any(added.values()) else {}
    (vendors.add if new else vendors.edit)(context, name, [words])
