"""The snapshot of a period: what it counts, what it compares, and that the same inventory gives the same value."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from judgement import device

from agent.audit import verify
from agent.documents import assessment_document
from agent.guard import TAIPEI
from agent.model.address import Mac
from agent.model.assessment import ORGANISATION, UNLISTED, Note, Period
from agent.model.errors import BadInput, EnvironmentFault
from agent.model.finding import Finding, Verdict
from agent.model.observation import Observation
from agent.operations.exporting import assessment
from agent.ports import Progress
from agent.since import since
from agent.wiring import Wiring

EXAMPLE = Path(__file__).parents[2] / "inventory.db.example"
START = datetime(2026, 7, 1, tzinfo=TAIPEI)
JUNE, NOVEMBER = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def wiring(tmp_path: Path) -> Wiring:
    """A site on a copy of the example."""
    shutil.copy(EXAMPLE, tmp_path / "inventory.db")
    with sqlite3.connect(tmp_path / "inventory.db") as database:
        (site,) = database.execute("select site from assessed").fetchone()
    (tmp_path / "lanward.toml").write_text(f'site = "{site}"\n')
    return Wiring({}, {}, tmp_path)


def test_the_example_is_a_snapshot_that_says_what_it_cannot_say(wiring: Wiring) -> None:
    heard: list[Progress] = []
    made = assessment(wiring.context(heard.append), "2026H2")
    assert (made.period, made.assessor) == (Period.parse("2026H2"), "root")
    assert len(made.since.new) == len(made.devices) > 20 and not made.since.compared and made.since.changed == ()
    assert made.notes == (Note.LOG_BEGINS, Note.VERDICTS_NOT_COMPARED)
    assert [step.note for step in heard] == ["register", "findings", "comparison", "digest", ""]
    assert (heard[-1].done, heard[-1].total) == (4, 4)
    assert assessment(wiring.context(), "2027H1").notes[0] is Note.JUDGED_OUTSIDE


def test_the_matrix_counts_every_finding_once(wiring: Wiring) -> None:
    made = assessment(wiring.context(), "2026H2")
    assert [line.clause for line in made.matrix()] == [clause.id for clause in made.clauses]
    for lines in (made.matrix(), made.matrix_by_class()):
        assert sum(line.total for line in lines) == len(made.findings)
    failed = sum(f.clause == "A7-5" and f.status is Verdict.FAIL for f in made.findings)
    assert next(line for line in made.matrix() if line.clause == "A7-5").of(Verdict.FAIL) == failed > 0
    classes = {line.device_class for line in made.matrix_by_class()}
    assert ORGANISATION in classes and UNLISTED not in classes
    stray = replace(made, findings=(Finding("d-gone", "r", "A9-9", Verdict.FAIL, ""),))
    assert [(line.clause, line.device_class) for line in stray.matrix_by_class()] == [("A9-9", UNLISTED)]
    assert [line.total for line in stray.matrix()] == [*[0] * len(made.clauses), 1]


def test_the_same_inventory_gives_the_same_digest_and_anybody_can_compute_it(wiring: Wiring, tmp_path: Path) -> None:
    made = assessment(wiring.context(), "2026H2")
    again = assessment(Wiring({}, {}, tmp_path).context(), "2026H2")
    assert made == again
    path = tmp_path / "assessment.json"
    path.write_text(json.dumps(assessment_document(made), ensure_ascii=False))
    document = json.loads(path.read_text())
    assert document.pop("digest") == made.digest
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == made.digest
    other = assessment(wiring.context(), "2027H1")
    assert other.digest != made.digest and other.changes == ()


def test_the_end_of_the_audit_log_is_noted_in_the_pack(wiring: Wiring) -> None:
    context = wiring.context()
    made = assessment(context, "2026H2")
    assert verify(context.store().audit(), context.store().audit_head(), made.audit.hash) is None
    context.store().record("eve", "device.set", "d", {}, NOVEMBER)
    assert assessment(context, "2026H2").audit.entries == made.audit.entries + 1


@pytest.mark.parametrize("writings", [1, 99])
def test_what_is_written_to_meanwhile_is_read_again(wiring: Wiring, writings: int) -> None:
    left = writings

    def disturb(step: Progress) -> None:
        nonlocal left
        if step.note == "findings" and left:
            left -= 1
            wiring.context().store().record("eve", "device.set", "d", {}, NOVEMBER)

    if writings == 99:
        with pytest.raises(EnvironmentFault, match="export again"):
            assessment(wiring.context(disturb), "2026H2")
    else:
        assert assessment(wiring.context(disturb), "2026H2") == assessment(wiring.context(), "2026H2")


def test_what_changed_since_the_period_began_is_read_from_the_log(wiring: Wiring) -> None:
    context = wiring.context()
    before = assessment(context, "2026H2")
    known, site = before.devices[0], before.site
    mac = known.macs[0]
    said = [
        Observation("human:root", JUNE, site, mac, "admin.place", "3F", 100),
        Observation("arp", JUNE, site, mac, "alive", "arp"),
        Observation("human:root", NOVEMBER, site, mac, "admin.place", "5F", 100),
        Observation("arp", JUNE, site, Mac.parse("00:11:22:33:44:55"), "alive", "arp"),
    ]
    context.store().append("", said)
    from agent.operations.register import rebuild

    rebuild(context)
    made = assessment(context, "2026H2")
    assert made.since.compared and Note.LOG_BEGINS not in made.notes
    assert known.id not in made.since.new and len(made.since.new) == len(before.since.new) - 1
    places = [(d.before, d.after) for d in made.since.changed if (d.device, d.attribute) == (known.id, "place")]
    assert places == [("3F", "5F")]
    assert made.since.gone == () and made.digest != before.digest


def test_gone_is_what_was_looked_for_and_is_not_there_any_more() -> None:
    seen = JUNE.date()
    was = [device(id=f"d{n}", last_seen=seen) for n in (1, 2, 3, 4)] + [
        device(id="d5", last_seen=seen, status="missing")
    ]
    is_now = [
        device(id="d1", last_seen=seen, status="missing"),
        device(id="d2", last_seen=seen, status="retired"),
        device(id="d3", last_seen=seen, status="not_scanned"),
        device(id="d4", last_seen=seen),
        device(id="d5", last_seen=seen, status="missing"),
        device(id="d6", last_seen=NOVEMBER.date(), status="missing", macs=["00:11:22:00:00:06"]),
    ]
    found = since(START, was, is_now)
    assert (found.new, found.gone, found.changed) == (("d6",), ("d1", "d2", "d6"), ())
    assert since(START, None, is_now).compared is False


def test_a_merged_device_goes_on_under_its_new_id() -> None:
    seen = JUNE.date()
    old, new = device(id="d9", last_seen=seen, model="A"), device(id="d1", last_seen=seen, model="B")
    lines = [(d.device, d.attribute, d.before, d.after) for d in since(START, [old], [new]).changed]
    assert lines == [("d1", "id", "d9", "d1"), ("d1", "model", "A", "B")]


@pytest.mark.parametrize("text", ["2026", "2026H3", "H1", "0000H1", "二〇二六H1", "2026h2x"])
def test_a_period_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no period"):
        Period.parse(text)


def test_a_period_holds_both_its_days() -> None:
    period = Period.parse("2026h1")
    assert period.holds(date(2026, 1, 1)) and period.holds(date(2026, 6, 30))
    assert not period.holds(period.last + timedelta(days=1))
