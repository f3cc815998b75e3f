"""An assessment as one JSON file: sorted keys and lists, a line for each item, UTF-8, the same octets each time.

docs/schema/assessment-1.json is its JSON Schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from agent.documents import assessment_parts
from agent.model.assessment import Assessment
from agent.report.files import writing


def write_json(assessment: Assessment, directory: Path) -> tuple[Path, ...]:
    """Write `assessment.json`; raise EnvironmentFault where the directory cannot be written to."""
    parts = assessment_parts(assessment)
    with writing(directory, "assessment.json") as path, _utf8(path) as file:
        for number, key in enumerate(sorted(parts)):
            file.write(",\n" if number else "{\n")
            file.write(f'"{key}": ')
            file.writelines(_texts(parts[key]))
        file.write("\n}\n")
    return (directory / "assessment.json",)


def _utf8(path: Path) -> TextIO:
    """The file to write to; a lone surrogate of a device becomes JSON's own escape."""
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")


def _texts(value: object) -> Iterator[str]:
    if not isinstance(value, Iterator):
        yield json.dumps(value, ensure_ascii=False, sort_keys=True)
        return
    yield "["
    for number, item in enumerate(value):
        yield (",\n " if number else "\n ") + json.dumps(item, ensure_ascii=False, sort_keys=True)
    yield "\n]"
