"""What the agent logs: one line an event on stderr, as JSON or text, with no secret in it."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from agent.ports import Secret
from agent.redact import redact
from agent.terminal import one_line

FORMATS = ("json", "text")

_logger = logging.getLogger("lanward")
_logger.addHandler(logging.NullHandler())  # a command that configures nothing logs nothing


def note(event: str, **facts: object) -> None:
    """Something that happened as it should."""
    _logger.info(event, extra={"facts": facts})


def warn(event: str, **facts: object) -> None:
    """Something that a person should look at."""
    _logger.warning(event, extra={"facts": facts})


def configure(shape: str, secrets: Iterable[Secret] = ()) -> None:
    """Send events, and what libraries warn of, to stderr; known secrets and what looks like one never get there."""
    known = tuple(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(shape, lambda text: redact(text, known)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _logger.setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _thread_died
    dbos = logging.getLogger("dbos")  # it brings a handler of its own, past our redaction, unless it has one
    dbos.handlers, dbos.propagate = [handler], False


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None:
        trace = (died.exc_type, died.exc_value, died.exc_traceback)
        _logger.error("a thread died", exc_info=trace, extra={"facts": {}})


class Lines(logging.Formatter):
    """A record as one line: `at`, `level`, `event` and its facts, each of them redacted."""

    def __init__(self, shape: str, hide: Callable[[str], str]) -> None:
        super().__init__()
        self._shape = shape
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        told = {"at": _time(record), "level": record.levelname.lower(), "event": record.getMessage()}
        if record.name != _logger.name:
            told["library"] = record.name
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        facts: Mapping[str, object] = getattr(record, "facts", {})
        shown = {name: self._shown(value) for name, value in {**told, **facts}.items()}
        return json.dumps(shown, ensure_ascii=False) if self._shape == "json" else _text(shown)

    def _shown(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, list | tuple):
            return [self._shown(one) for one in value]
        if isinstance(value, Mapping):
            return {str(name): self._shown(one) for name, one in value.items()}
        return self._hide(str(value))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _text(shown: Mapping[str, object]) -> str:
    """For people at a terminal: time, level, event, and the facts as name=value."""
    facts = (f"{name}={value}" for name, value in shown.items() if name not in ("at", "level", "event"))
    line = " ".join((f"{shown['at']} {shown['level']} {shown['event']}", *facts))
    return one_line(line.replace("\n", "\\n"))
