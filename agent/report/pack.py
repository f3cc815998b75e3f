"""An assessment pack: the files of an export and the manifest that names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.language import LANGUAGES, Language, load
from agent.model.assessment import Assessment
from agent.model.errors import EnvironmentFault
from agent.ports import Progress, Report
from agent.report import FORMATS, REPORTS
from agent.report.files import write_file

LOCALE = Path(__file__).parent / "locale"
MANIFEST = "manifest-1"
"""The name and version of the manifest's form."""
PLAIN = frozenset({"csv", "json"})
"""Formats for programs, which are in no language."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file of a pack."""

    path: Path
    size: int
    sha256: str


def language_for(names: Sequence[str], code: str) -> Language:
    """The language of a pack in these formats; raise BadInput for an unknown one, EnvironmentFault without babel."""
    if code in LANGUAGES and PLAIN.issuperset(names):
        return Language(code)
    try:
        return load(LOCALE, code)
    except ImportError as error:
        raise EnvironmentFault(f"language {code} needs babel", hint=REPORTS) from error


def write_pack(
    assessment: Assessment, names: Sequence[str], language: Language, directory: Path, report: Report
) -> tuple[Written, ...]:
    """Write an assessment in each format, then `manifest.json`; raise EnvironmentFault where that fails."""
    written: list[Written] = []
    for done, name in enumerate(names):
        report(Progress("pack", done, len(names), name))
        written += map(_written, FORMATS[name].write(assessment, language, directory, report))
    report(Progress("pack", len(names), len(names)))
    write_file(directory, "manifest.json", _manifest(assessment, language, written))
    return tuple(written)


def _written(path: Path) -> Written:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(path, path.stat().st_size, digest)


def _manifest(assessment: Assessment, language: Language, written: Sequence[Written]) -> bytes:
    document = {
        "schema": MANIFEST,
        "site": assessment.site,
        "period": assessment.period.name,
        "digest": assessment.digest,
        "language": language.code,
        "files": [{"file": w.path.name, "bytes": w.size, "sha256": w.sha256} for w in written],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return f"{text}\n".encode("utf-8", "backslashreplace")
