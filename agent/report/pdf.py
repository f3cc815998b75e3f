"""The HTML document as a PDF (PDF/A-3u, ISO 19005-3) with its fonts in it.

Nothing is fetched: the document is whole, and whatever a device said, no address in it is followed.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from agent.language import Language
from agent.model.assessment import Assessment
from agent.model.errors import EnvironmentFault
from agent.ports import Progress, Report
from agent.report.files import write_file
from agent.report.html import html

FONT = "Noto Sans CJK TC"
"""Without it Pango draws boxes and does not complain."""


def write_pdf(assessment: Assessment, language: Language, directory: Path, report: Report) -> tuple[Path, ...]:
    """Write `assessment.pdf`; raise EnvironmentFault where a library, the font or the directory is missing."""
    ready()
    from weasyprint import HTML

    report(Progress("pdf", 0, 2, "layout"))
    laid_out = HTML(string=html(assessment, language), url_fetcher=_refuse).render(pdf_variant="pdf/a-3u")
    report(Progress("pdf", 1, 2, f"{len(laid_out.pages)} pages"))
    octets: bytes = laid_out.write_pdf(pdf_identifier=assessment.digest.encode(), pdf_variant="pdf/a-3u")
    report(Progress("pdf", 2, 2))
    return (write_file(directory, "assessment.pdf", octets),)


def ready() -> None:
    """Raise EnvironmentFault where Pango or the Chinese font is missing, before anything is drawn."""
    if FONT not in _matched():
        raise EnvironmentFault(f"the PDF needs the font {FONT}", hint="apt-get install fonts-noto-cjk")
    try:
        import weasyprint  # noqa: F401 - it loads Pango
    except OSError as error:
        raise EnvironmentFault(
            f"the PDF needs Pango: {str(error).splitlines()[0]}",
            hint="apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
        ) from error


def _matched() -> list[str]:
    """The names of the family that fontconfig would take for the font."""
    try:
        asked = subprocess.run(
            ["fc-match", "--format=%{family}", FONT], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError as error:
        raise EnvironmentFault("fc-match cannot be run", hint="apt-get install fontconfig") from error
    return asked.stdout.split(",")


def _refuse(url: str, *_: Any, **__: Any) -> dict[str, object]:
    raise ValueError(f"nothing is fetched: {url}")
