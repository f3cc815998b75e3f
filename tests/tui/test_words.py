"""The screens speak both languages wholly."""

from __future__ import annotations

import string

from agent.language import load
from tests.tui.message_ids import message_ids
from tui.words import LOCALE


def test_every_message_is_translated_and_none_is_left_over() -> None:
    translated = set(load(LOCALE, "zh-TW").messages)
    named = message_ids()
    assert {text: place for text, place in named.items() if text not in translated} == {}
    assert translated - set(named) == set()


def test_translations_have_the_places_of_their_messages() -> None:
    for text, translation in load(LOCALE, "zh-TW").messages.items():
        assert _places(text) == _places(translation), text


def _places(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
