"""What people do on the screens, by the keyboard alone: two persons, roles, refusals in the operation's own words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.widgets import Input, Static

from agent.audit import verify
from agent.door import files
from agent.language import ENGLISH
from agent.model.device import DeviceClass
from agent.model.waiver import WaiverState
from tests.tui import desks
from tests.tui.pictures import settled
from tui.app import LanwardApp
from tui.desk import Desk
from tui.widgets.filter_input import PAUSE, FilterInput
from tui.widgets.grid import Grid
from tui.widgets.plain_table import PlainTable

pytestmark = pytest.mark.slow

PRINTER = "d-4b3057c362"


@asynccontextmanager
async def shown(desk: Desk) -> AsyncIterator[Pilot[None]]:
    app = LanwardApp(desk, ENGLISH)
    app.animation_level = "none"
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        yield pilot


async def typed(pilot: Pilot[None], *keys: str) -> None:
    """Keys, and where they begin with `=` a text put into the line that has the keyboard."""
    for key in keys:
        if key.startswith("="):
            line = pilot.app.focused
            assert isinstance(line, Input)
            line.value = key[1:]
        else:
            await pilot.press(key)
        await settled(pilot)


def told(pilot: Pilot[None]) -> str:
    """The last notification."""
    return [notice.message for notice in pilot.app._notifications][-1]


async def test_an_exception_is_asked_for_by_one_and_approved_by_another(tmp_path: Path) -> None:
    desks.site(tmp_path, roles=True)
    ann = desks.desk(tmp_path, "ann", frozenset({"netops", "security"}))
    async with shown(ann) as pilot:
        await typed(pilot, "4", "n", f"={PRINTER}", "tab", "tab", "=A7-2", "tab", "tab", "=no firmware left", "tab")
        await typed(pilot, "=2027-6-30", "ctrl+s")
        assert told(pilot) == "'2027-6-30' is no day; write it as 2027-06-30"
        assert pilot.app.screen.query_one("#blank-reason", Input).value == "no firmware left"
        pilot.app.screen.query_one("#blank-expires", Input).value = "2027-06-30"
        await typed(pilot, "ctrl+s")
        assert told(pilot) == "asked for; somebody else approves it"
        await typed(pilot, "a", "y")
        (asked,) = ann.context().store().waivers()
        assert told(pilot) == f"ann asked for it and may not approve {asked.id}; another person does that"
    bob = desks.desk(tmp_path, "bob", frozenset({"security"}))
    async with shown(bob) as pilot:
        await typed(pilot, "4", "a", "y")
        (agreed,) = bob.context().store().waivers()
        assert (agreed.state, agreed.requester, agreed.approver) == (WaiverState.APPROVED, "ann", "bob")
        await typed(pilot, "k", "=mended", "enter")
        assert bob.context().store().waivers()[0].state is WaiverState.REVOKED
    store = bob.context().store()
    assert verify(store.audit(), store.audit_head()) is None
    assert [e.action for e in store.audit()][-3:] == ["exception.request", "exception.approve", "exception.revoke"]


async def test_a_viewer_changes_nothing(tmp_path: Path) -> None:
    desks.site(tmp_path, roles=True)
    desk = desks.desk(tmp_path, "eve", frozenset({"visitors"}))
    before = desk.context().store().audit_head()
    async with shown(desk) as pilot:
        await typed(pilot, "2", "enter", "e", "=camera", "ctrl+s")
        assert told(pilot).startswith("eve may not ")
        await typed(
            pilot, "escape", "4", "n", f"={PRINTER}", "tab", "tab", "=A7-2", *["tab"] * 3, "=2027-06-30", "ctrl+s"
        )
        assert told(pilot).startswith("eve may not ask for an exception")
        await typed(pilot, "5", "e", "=desk 24", "ctrl+s")
        assert told(pilot).startswith("eve may not record a vendor")
        await typed(pilot, "6", "enter", "a", "=3f6c229cf6c8", "ctrl+s")
        assert told(pilot).startswith("eve may not approve a change")
    assert desk.context().store().audit_head() == before
    assert desk.context().store().waivers() == ()


async def test_a_vendor_is_recorded_by_the_form_of_its_gap(tmp_path: Path) -> None:
    desks.site(tmp_path)
    desk = desks.desk(tmp_path)
    async with shown(desk) as pilot:
        await typed(pilot, "5", "e", "=desk 24", "tab", "=2026-01-01", "tab", "=2025-01-01", "ctrl+s")
        assert "before the contract begins" in told(pilot)
        pilot.app.screen.query_one("#blank-contract_to", Input).value = "2027-12-31"
        await typed(pilot, "ctrl+s")
    (record,) = desk.context().store().vendors()
    assert (record.contact, str(record.contract_to)) == ("desk 24", "2027-12-31")


async def test_what_a_person_says_of_a_device_is_shown_at_once(tmp_path: Path) -> None:
    desks.site(tmp_path)
    desk = desks.desk(tmp_path)
    async with shown(desk) as pilot:
        await typed(pilot, "2", "slash", f"=id:{PRINTER}", "enter", "enter", "e", "=mfp", "ctrl+s")
        assert told(pilot) == f"{PRINTER}: said"
        assert "MFP" in headline(pilot)
        await typed(pilot, "escape")
        device = next(d for d in desk.context().store().devices() if d.id == PRINTER)
        assert device.device_class is DeviceClass.MFP


async def test_a_filter_that_is_wrong_says_where(tmp_path: Path) -> None:
    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "2", "slash", "=hp port:http", "enter")
        assert headline(pilot) == "column 4: 'http' is no port; write a number"


async def test_a_view_is_exported_as_it_is_shown(tmp_path: Path) -> None:
    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "2", "slash", "=class:printer", "enter", "x", f"={tmp_path / 'view.csv'}", "enter")
    lines = (tmp_path / "view.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("id,class,address,status,fails")
    assert [line.split(",")[:2] for line in lines[1:]] == [[PRINTER, "printer"], ["d-6167850453", "printer"]]


async def test_a_long_work_is_a_child_process_that_is_followed(tmp_path: Path) -> None:
    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "3", "a")
        (job,) = pilot.app.jobs  # type: ignore[attr-defined]  # the pilot's app is ours
        assert (job.code, told(pilot)) == (0, "assess: done")
        assert isinstance(job.document(), list) and job.document()
        await typed(pilot, "7", "d", "ctrl+s")
        assert (
            told(pilot)
            == "discover --profile standard: no scope is configured; set subnets under [scope] in lanward.toml"
        )


async def test_an_export_is_handed_over_and_no_word_of_a_scope_is_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lent(files.Local):
        """Paths below a room, which were handed over as they are named."""

        def __init__(self) -> None:
            self.delivered: list[Path] = []

        def written(self, text: str) -> Path:
            return tmp_path / "room" / text

        def deliver(self, written: Path | None = None) -> None:
            self.delivered += sorted(written.iterdir()) if written else []

        def shown(self, text: str) -> str:
            return text.replace(f"{tmp_path}/room/", "")

    desks.site(tmp_path)
    lent = Lent()
    monkeypatch.setattr(files.Here, "files", lent)
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "7", "e", "=2026H2", "tab", "=~nobody", "tab", "=json", "ctrl+s")
        assert told(pilot) == "export --period=2026H2 --output=~nobody --format=json: done"
        assert lent.delivered and {path.parent for path in lent.delivered} == {tmp_path / "room" / "~nobody"}
        await typed(pilot, "d", "tab", "=--help", "ctrl+s")
        assert "--help" in told(pilot) and pilot.app.jobs[-1].code == 2  # type: ignore[attr-defined]  # as above


async def test_no_inventory_yet_is_told_and_the_program_goes_on(tmp_path: Path) -> None:
    desks.site(tmp_path)
    (tmp_path / "inventory.db").unlink()
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "2", "7")
        assert "inventory.db" in told(pilot)
        assert "inventory.db" in headline(pilot)


async def test_the_language_changes_at_a_key(tmp_path: Path) -> None:
    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "2")
        assert "29 of 29 devices" in headline(pilot)
        await typed(pilot, "ctrl+l")
        assert headline(pilot).startswith("29 台設備中的 29 台")
        await typed(pilot, "3")
        assert "項評估結果" in headline(pilot)


def headline(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#headline", Static).content)


def at_once(pilot: Pilot[None], *keys: str) -> None:
    """Keys as a slow line or a paste sends them: all in one read, no pause between."""
    for key in keys:
        pilot.app.post_message(Key({"/": "slash"}.get(key, key), key if len(key) == 1 else None))


async def test_enter_while_the_rows_are_changing_leads_to_the_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = Grid.remove_children

    async def removed(grid: Grid) -> None:
        await remove(grid)
        line = grid.screen.query_one(FilterInput)
        line.post_message(Input.Submitted(line, line.value))
        await asyncio.sleep(0.05)

    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "2", "slash")
        monkeypatch.setattr(Grid, "remove_children", removed)
        await typed(pilot, "=class:printer")
        await pilot.pause(2 * PAUSE)
        await settled(pilot)
        assert isinstance(pilot.app.focused, PlainTable)


async def test_what_is_typed_ahead_goes_into_the_next_line(tmp_path: Path) -> None:
    desks.site(tmp_path, roles=True)
    ann = desks.desk(tmp_path, "ann", frozenset({"netops"}))
    async with shown(ann) as pilot:
        await typed(pilot, "4", "n", f"={PRINTER}")
        at_once(pilot, "enter", "enter", *"A7-2", "enter", "enter", *"old", "enter", *"2027-06-30", "ctrl+s")
        await settled(pilot)
        assert told(pilot) == "asked for; somebody else approves it"
        (asked,) = ann.context().store().waivers()
        assert (asked.clauses, asked.reason, asked.expires) == (("A7-2",), "old", date(2027, 6, 30))


async def test_each_key_goes_where_the_one_before_it_led(tmp_path: Path) -> None:
    """A screen, the filter, the row that it left, a form, another screen, a question: a whole sentence at once."""
    desks.site(tmp_path, roles=True)
    ann = desks.desk(tmp_path, "ann", frozenset({"netops"}))
    async with shown(ann) as pilot:
        at_once(pilot, "2", *f"/id:{PRINTER}", "enter", "enter", "w", "enter", "enter", *"A7-2", "enter", "enter")
        at_once(
            pilot, *"old", "enter", *"2027-06-30", "ctrl+s", "escape", "4", "a", "n", "3", *"/verdict:fail", "enter"
        )
        await settled(pilot)
        (asked,) = ann.context().store().waivers()
        assert (asked.device, asked.clauses, asked.reason) == (PRINTER, ("A7-2",), "old")
        assert (pilot.app.current_mode, filter_line(pilot)) == ("findings", "verdict:fail")
        assert pilot.app.focused is not None and pilot.app.focused.id != "filter"


async def test_digits_and_slashes_are_letters_in_the_filter(tmp_path: Path) -> None:
    """No number key is taken from what is typed ahead, an edge port can be written."""
    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        for screen in ("2", "3"):
            await typed(pilot, screen)
            at_once(pilot, *"/10.36.32.12 Gi1/0/20")
            await settled(pilot)
            assert filter_line(pilot) == "10.36.32.12 Gi1/0/20"
            assert pilot.app.current_mode == {"2": "devices", "3": "findings"}[screen]
            await typed(pilot, "escape")


async def test_what_is_pasted_comes_in_its_turn(tmp_path: Path) -> None:
    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        at_once(pilot, "2", *"/cl")
        pilot.app.post_message(Paste("ass:print"))
        at_once(pilot, *"er")
        await settled(pilot)
        assert filter_line(pilot) == "class:printer"


async def test_a_screen_that_is_stuck_holds_up_one_key_and_not_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.typeahead.LONGEST", 1.0)
    desks.site(tmp_path)
    async with shown(desks.desk(tmp_path)) as pilot:
        await typed(pilot, "2")
        pilot.app.screen.shown.clear()  # type: ignore[attr-defined]  # what is read does not come
        begun = time.monotonic()
        at_once(pilot, *(10 * ["down"]), "3")
        while pilot.app.current_mode != "findings":
            await pilot.pause(0.05)
            assert time.monotonic() - begun < 5


def filter_line(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one("#filter", Input).value
