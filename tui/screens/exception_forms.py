"""The forms of an exception's life, and what is made of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from agent.exceptions import CONTROLS, EXCEPTABLE
from agent.language import Language
from agent.model.errors import BadInput
from agent.model.waiver import Waiver, WaiverKind
from agent.operations import waivers
from agent.operations.context import Context
from tui.desk import day
from tui.screens.dialogs import Blank, Form


def request_form(words: Language, device: str = "") -> Form:
    """Everything that A7-6 asks of a request."""
    kinds, controls = tuple(WaiverKind), tuple(CONTROLS)
    return Form(
        words("Request an exception"),
        words,
        [
            Blank("device", words("device"), device),
            Blank("kind", words("kind"), WaiverKind.UNPATCHABLE, " ".join(kinds), kinds),
            Blank("clauses", words("clauses"), "", " ".join(EXCEPTABLE), EXCEPTABLE),
            Blank("controls", words("controls"), "restrict_internet", ", ".join(controls), controls),
            Blank("reason", words("reason")),
            Blank("expires", words("until"), "", words("its last day, YYYY-MM-DD, a year away at the most")),
            Blank("replacement", words("replaced by"), "", words("a day, or nothing")),
        ],
    )


def renewal_form(words: Language, waiver: Waiver) -> Form:
    """A new last day, and what has changed with it."""
    return Form(
        words("Renew {id}", id=waiver.id),
        words,
        [
            Blank("expires", words("until"), "", words("its last day, YYYY-MM-DD, a year away at the most")),
            Blank("reason", words("reason"), waiver.reason),
            Blank("controls", words("controls"), ", ".join(waiver.controls), ", ".join(CONTROLS), tuple(CONTROLS)),
            Blank("replacement", words("replaced by"), day(waiver.replacement), words("a day, or nothing")),
        ],
    )


def reason_form(words: Language, title: str) -> Form:
    """Why, in a few words."""
    return Form(title, words, [Blank("reason", words("reason"))])


def request_from(context: Context, answer: Mapping[str, str]) -> Waiver:
    """Ask for an exception; raise BadInput for a day or a kind that is none."""
    return waivers.request(
        context,
        answer["device"],
        kind=_kind(answer["kind"]),
        clauses=answer["clauses"].replace(",", " ").split(),
        controls=_controls(answer["controls"]),
        reason=answer["reason"],
        expires=_day(answer["expires"]),
        replacement=_day(answer["replacement"]) if answer["replacement"] else None,
    )


def renew_from(waiver_id: str, context: Context, answer: Mapping[str, str]) -> Waiver:
    """Ask for a new exception in an old one's place; raise BadInput for a day that is none."""
    return waivers.renew(
        context,
        waiver_id,
        expires=_day(answer["expires"]),
        reason=answer["reason"],
        controls=_controls(answer["controls"]),
        replacement=_day(answer["replacement"]) if answer["replacement"] else None,
    )


def _kind(text: str) -> WaiverKind:
    try:
        return WaiverKind(text)
    except ValueError:
        raise BadInput(f"'{text}' is no kind of exception", hint=f"choose {', '.join(WaiverKind)}") from None


def _controls(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"'{text}' is no day" if text else "its last day is missing", hint="write it as 2027-06-30"
        ) from None
