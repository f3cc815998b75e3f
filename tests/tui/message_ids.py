"""Every message id that the screens' source names: the first argument of `words(...)` and `N_(...)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TUI = Path(__file__).parents[2] / "tui"


def message_ids() -> dict[str, str]:
    """Message ids, each with the place where it stands first."""
    found: dict[str, str] = {}
    for path in sorted(TUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for text in _of_call(node):
                found.setdefault(text, f"{path.relative_to(TUI.parent)}:{node.lineno}")
    return found


def _of_call(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and node.args and _name(node.func) in ("words", "_words", "N_"):
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
