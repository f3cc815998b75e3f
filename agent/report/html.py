"""An assessment as one self-contained HTML document; the PDF is made from the same one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from agent.language import Language
from agent.model.assessment import Assessment
from agent.model.finding import Verdict
from agent.ports import Report
from agent.report.cover import facts, notes, signatures, title
from agent.report.document import document
from agent.report.files import write_file
from agent.report.text import legible, local
from agent.report.words import VERDICTS, named

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Named:
    """A verdict, its key in the style sheet and its name."""

    value: Verdict
    key: str
    name: str


def write_html(assessment: Assessment, language: Language, directory: Path, report: Report) -> tuple[Path, ...]:
    """Write `assessment.html`; raise EnvironmentFault where that fails."""
    return (write_file(directory, "assessment.html", html(assessment, language).encode()),)


def html(assessment: Assessment, language: Language) -> str:
    """The document; every text in it is escaped, whatever a device said."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: object) -> object:
        return value if isinstance(value, Markup) else text(value)

    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=shown, cache_size=0
    )
    return made.get_template("assessment.html.j2").render(
        _=language,
        language=language.code,
        style=Markup((TEMPLATES / "assessment.css").read_text(encoding="utf-8")),
        title=title(assessment, language),
        created=assessment.made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        assessment=assessment,
        since=assessment.since,
        document=document(assessment, language),
        facts=facts(assessment, language),
        notes=notes(assessment, language),
        signatures=signatures(language),
        verdicts=tuple(Named(verdict, str(verdict), named(language, VERDICTS, verdict)) for verdict in Verdict),
        time=lambda moment: text(local(moment)),
    )


def text(value: object) -> str:
    """A value as people read it: times to the minute, days by ISO 8601."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else legible(str(value))
