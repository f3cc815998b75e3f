"""What stands first in a pack: what it is, what to know before reading it, who signs it."""

from __future__ import annotations

from collections import Counter

from agent.language import Language
from agent.model.assessment import Assessment
from agent.model.finding import Verdict
from agent.report.tables import Cell
from agent.report.text import local
from agent.report.words import NOTES, VERDICTS, named


def title(assessment: Assessment, _: Language) -> str:
    """The document's name."""
    return _("IoT device assessment {period}", period=assessment.period.name)


def facts(assessment: Assessment, _: Language) -> tuple[tuple[str, Cell], ...]:
    """Labels and values; times are Taipei's."""
    period = assessment.period
    return (
        (_("Site"), assessment.site),
        (_("Period"), f"{period.name} ({period.first} – {period.last})"),
        (_("As of (Taipei time)"), local(assessment.made)),
        (_("Judged by"), assessment.assessor),
        (_("Regulation, edition"), assessment.edition),
        (_("Policy (SHA-256)"), assessment.policy),
        (_("This pack (SHA-256)"), assessment.digest),
        (_("Audit log (entries, SHA-256)"), f"{assessment.audit.entries} {assessment.audit.hash}"),
        (_("Devices"), len(assessment.devices)),
        (_("Findings"), verdict_counts(assessment, _)),
    )


def verdict_counts(assessment: Assessment, _: Language) -> str:
    """All findings by verdict, in one line."""
    counts = Counter(finding.status for finding in assessment.findings)
    return ", ".join(f"{named(_, VERDICTS, verdict)} {counts[verdict]}" for verdict in Verdict)


def notes(assessment: Assessment, _: Language) -> tuple[str, ...]:
    """What a reader must know before trusting the figures."""
    made = f"{local(assessment.made):%Y-%m-%d}"
    return tuple(_(NOTES[note], made=made) for note in assessment.notes)


def signatures(_: Language) -> tuple[str, ...]:
    """Who signs: made, reviewed, approved."""
    return (_("Prepared by"), _("Reviewed by"), _("Approved by"))
