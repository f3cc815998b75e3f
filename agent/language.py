"""The words that people read, in their language: gettext catalogues (PO files), read as they are.

English is the language of the message ids. A catalogue lies at `<directory>/<code>.po`, e.g. `zh_TW.po`, and a test of
each asks that it lacks no word and has none too many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.model.errors import BadInput

LANGUAGES: Mapping[str, str] = {"en": "English", "zh-TW": "繁體中文"}
"""By their BCP 47 tags."""


@dataclass(frozen=True, slots=True)
class Language:
    """Called with a message id it gives the message, with `{name}` places filled from the keywords."""

    code: str
    messages: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, text: str, **places: object) -> str:
        """The message."""
        message = self.messages.get(text) or text
        return message.format(**places) if places else message


ENGLISH = Language("en")


def load(directory: Path, code: str) -> Language:
    """The language of this tag with the catalogue in a directory; raise BadInput for an unknown one."""
    if code not in LANGUAGES:
        raise BadInput(f"no language '{code}'", hint=f"choose {', '.join(LANGUAGES)}")
    if code == ENGLISH.code:
        return ENGLISH
    from babel.messages.pofile import read_po

    with (directory / f"{code.replace('-', '_')}.po").open("rb") as stream:
        catalogue = read_po(stream)
    return Language(code, {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy})


def preferred(environment: Mapping[str, str]) -> str:
    """The language that the environment asks for (POSIX: LC_ALL, then LC_MESSAGES, then LANG)."""
    asked = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return "zh-TW" if asked.startswith("zh") else ENGLISH.code
