"""Surroundings for the screens: the example inventory, a clock that stands, nobody's network."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from agent import config as configuration
from agent.model.vendor import SecurityLabel, Vendor
from agent.model.waiver import Waiver, WaiverKind, WaiverState
from agent.operations.context import Context
from agent.wiring import Wiring
from tui.desk import Desk

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "inventory.db.example"


def moment(example: Path) -> datetime:
    """When the screens are looked at: some two hours after the last run of an example, at half past an hour."""
    with closing(sqlite3.connect(f"file:{example}?mode=ro&immutable=1", uri=True)) as store:
        [(ended,)] = store.execute("select max(ended) from run")
    hour = datetime.fromisoformat(ended).replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    return hour + timedelta(hours=2, minutes=30)


NOW = moment(EXAMPLE)
COMMAND = (sys.executable, "-P", "-c", "from agent.cli.main import run; run()")


@dataclass
class StandingClock:
    """Always the same moment."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the screens never wait")


def site(directory: Path, *, roles: bool = False) -> tuple[str, ...]:
    """A copy of the example with a configuration of its own; the flags that name it."""
    shutil.copy(EXAMPLE, directory / "inventory.db")
    text = configuration.default_document().replace('site = "default"', 'site = "tainan-hq"')
    text = text.replace('retention = "30 4 * * 0"', 'retention = ""')  # its next day would be shown
    assert 'site = "tainan-hq"' in text and 'retention = ""' in text
    if roles:
        text = text.replace("requester = []", 'requester = ["netops"]')
        text = text.replace("approver = []", 'approver = ["security"]')
    (directory / "lanward.toml").write_text(text, encoding="utf-8")
    return ("--config", str(directory / "lanward.toml"))


def desk(directory: Path, actor: str = "ann", groups: frozenset[str] = frozenset()) -> Desk:
    """A desk over the site in a directory, as this person."""
    wiring = Wiring({"config": str(directory / "lanward.toml")}, {}, directory)

    def make() -> Context:
        return replace(wiring.context(), clock=StandingClock(), actor=actor, groups=groups)

    return Desk(make, (*COMMAND, "--config", str(directory / "lanward.toml")))


def _day(distance: int) -> date:
    return NOW.date() + timedelta(days=distance)


def furnish(directory: Path) -> None:
    """Exceptions in each state that waits for somebody, and a vendor's record with a gap."""
    store = desk(directory).context().store()
    life = (
        ("w-00000001", "d-4b3057c362", WaiverState.REQUESTED, _day(219), ""),
        ("w-00000002", "d-6387247664", WaiverState.APPROVED, _day(38), "bob"),
        ("w-00000003", "d-3916558909", WaiverState.EXPIRED, _day(-3), "bob"),
    )
    for name, device, state, last, approver in life:
        controls = ("restrict_internet", "monitor")
        why = "no firmware for it any more"
        waiver = Waiver(name, device, WaiverKind.UNPATCHABLE, ("A7-2",), controls, "ann", state, last, approver)
        store.save_waiver(replace(waiver, reason=why, replacement=_day(311)))
    label = SecurityLabel("IoT", "2", "IOT-2025-0042", _day(22))
    store.save_vendor(Vendor("Axis", "desk +886 2 1234 5678", date(2025, 1, 1), _day(38), labels=(label,)))
