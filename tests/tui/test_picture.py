"""The picture in the README is of the program as it is."""

from __future__ import annotations

from pathlib import Path

from agent.language import ENGLISH
from tests.tui import desks
from tests.tui.pictures import lines_of, plain, settled
from tui.app import LanwardApp

PICTURE = desks.ROOT / "docs" / "pictures" / "tui.svg"


async def test_the_picture_in_the_readme_is_of_today(update: bool, tmp_path: Path) -> None:
    desks.site(tmp_path)
    app = LanwardApp(desks.desk(tmp_path), ENGLISH)
    app.animation_level = "none"
    async with app.run_test(size=(100, 28)) as pilot:
        await settled(pilot)
        seen = plain(app.export_screenshot(title="lanward tui"))
    if update:
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(seen, encoding="utf-8")
    assert lines_of(PICTURE.read_text(encoding="utf-8")) == lines_of(seen)
