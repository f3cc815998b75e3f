"""What the dashboard counts and calls due."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.model.finding import Finding, Verdict
from agent.model.waiver import WaiverState
from tests.tui import desks
from tui.overview import overview


def test_what_was_renewed_is_not_due(tmp_path: Path) -> None:
    desks.site(tmp_path)
    desks.furnish(tmp_path)
    context = desks.desk(tmp_path).context()
    old = next(waiver for waiver in context.store().waivers() if waiver.state is WaiverState.EXPIRED)
    assert any(old.id in due.subject for due in overview(context).due)
    renewal = replace(old, id="w-00000009", state=WaiverState.APPROVED, follows=old.id, expires=desks.NOW.date())
    context.store().save_waiver(renewal)
    subjects = [due.subject for due in overview(context).due]
    assert not any(old.id in one for one in subjects) and any(renewal.id in one for one in subjects)


def test_every_finding_is_in_the_numbers(tmp_path: Path) -> None:
    desks.site(tmp_path)
    context = desks.desk(tmp_path).context()
    findings = (
        *context.store().findings("tainan-hq"),
        Finding("d-1", "old_rule", "A9-9", Verdict.FAIL, "judged by an older edition"),
    )
    context.store().replace_findings("tainan-hq", desks.NOW, findings)
    assert sum(sum(line.counts) for line in overview(context).matrix) == len(findings)
