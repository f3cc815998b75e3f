"""What stands behind a pipe in a show command (IOS, "Find" and filtering of command output). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.switch.grammar import Ambiguous, Incomplete, Invalid


def split_pipe(line: str) -> list[str]:
    """The command and, where there is one, its filter."""
    command, pipe, rest = line.partition("|")
    return [command.rstrip(), rest.strip()] if pipe else [command]


def filtered(text: str, filters: Sequence[str]) -> str:
    """Text through `include`, `exclude`, `begin`, `section` or `count` with a regular expression."""
    for given in filters:
        word, _, pattern = given.partition(" ")
        text = _filter(text, _kind(word), pattern.strip())
    return text


def _kind(word: str) -> str:
    found = [kind for kind in ("include", "exclude", "begin", "section", "count") if word and kind.startswith(word)]
    if not word:
        raise Incomplete
    if not found:
        raise Invalid(0)
    if len(found) > 1:
        raise Ambiguous
    return found[0]


def _filter(text: str, kind: str, pattern: str) -> str:
    if not pattern:
        raise Incomplete
    expression = re.compile(pattern)
    lines = text.splitlines()
    match kind:
        case "include":
            kept = [line for line in lines if expression.search(line)]
        case "exclude":
            kept = [line for line in lines if not expression.search(line)]
        case "begin":
            first = next((at for at, line in enumerate(lines) if expression.search(line)), len(lines))
            kept = lines[first:]
        case "section":
            kept = _sections(lines, expression)
        case _:
            kept = [f"Number of lines which match regexp = {sum(bool(expression.search(line)) for line in lines)}"]
    return "\n".join([*kept, ""]) if kept else ""


def _sections(lines: Sequence[str], expression: re.Pattern[str]) -> list[str]:
    """Whole sections whose head or own line matches: the head, and all that is indented under it."""
    out: list[str] = []
    depth = -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if depth >= 0 and indent > depth:
            out.append(line)
            continue
        depth = -1
        if expression.search(line):
            out.append(line)
            depth = indent
    return out
