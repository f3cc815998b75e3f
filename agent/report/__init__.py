"""One assessment value to files; each writer gives the same bytes for the same value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from agent.language import Language
from agent.model.assessment import Assessment
from agent.model.errors import BadInput, EnvironmentFault
from agent.ports import Report
from agent.report.csv import write_csv
from agent.report.html import write_html
from agent.report.json import write_json
from agent.report.pdf import ready, write_pdf
from agent.report.xlsx import write_xlsx

Writer = Callable[[Assessment, Language, Path, Report], tuple[Path, ...]]

REPORTS = "install lanward with its extra reports: pip install 'FILE.whl[reports]', or '.[reports]' in its source"
ALL = "all"


def _ready() -> None:
    """What needs nothing of the machine."""


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of file is made.

    `libraries` must be installed for it; `ready` raises EnvironmentFault where the machine lacks something else.
    """

    write: Writer
    libraries: tuple[str, ...] = ()
    ready: Callable[[], None] = _ready


FORMATS: Mapping[str, Format] = {
    "csv": Format(lambda assessment, _, directory, __: write_csv(assessment, directory)),
    "json": Format(lambda assessment, _, directory, __: write_json(assessment, directory)),
    "xlsx": Format(write_xlsx, ("babel", "xlsxwriter")),
    "html": Format(write_html, ("babel", "jinja2")),
    "pdf": Format(write_pdf, ("babel", "jinja2", "weasyprint"), ready),
}
"""By the name that `lanward export --format` takes."""


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The formats of these names, each once, `all` for every one; raise BadInput for a name that is none."""
    unknown = [name for name in names if name not in FORMATS and name != ALL]
    if unknown or not names:
        known = ", ".join((*FORMATS, ALL))
        raise BadInput(f"no export format '{', '.join(unknown)}'", hint=f"choose {known}")
    return tuple(FORMATS) if ALL in names else tuple(dict.fromkeys(names))


def installed() -> tuple[str, ...]:
    """The formats whose libraries are installed: what an export makes where nobody says."""
    return tuple(name for name, form in FORMATS.items() if not _lacking(form))


def require(names: Sequence[str]) -> None:
    """Raise EnvironmentFault for the first format that this machine cannot make."""
    for name in names:
        lacking = _lacking(FORMATS[name])
        if lacking:
            raise EnvironmentFault(f"format {name} needs {', '.join(lacking)}", hint=REPORTS)
        FORMATS[name].ready()


def _lacking(form: Format) -> list[str]:
    return [library for library in form.libraries if find_spec(library) is None]
