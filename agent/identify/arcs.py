"""What an unknown maker's own arcs say, judged by the shape of each value and by what stands beside it.

Makers put what identifies a device into one group: scalars with one parent, or one row of a table. A text is taken
for a model, a version or a serial number because it looks like one and its neighbours look like the others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from agent.identify.clues import ENTERPRISES, Clues, place
from agent.identify.grammar import described_inside, is_uname, of_two
from agent.identify.registry import registrant
from agent.identify.shapes import looks
from agent.model.device import Evidence, Identification
from agent.model.observation import SNMP

_GROUP_MEMBERS = 40
_FAINT = 0.6
_LEAST_WORTH = 2.0
_SHALLOW = 4
"""Arcs that scalars must at least have before those of neighbouring groups, as .1.2.1.0 and .1.2.2.0, are one group."""

_CHOICES = 6
_LOCATION, _CONTACT = "1.3.6.1.2.1.1.6.0", "1.3.6.1.2.1.1.4.0"
_SHARED = frozenset({11, 2699})
_CONFIDENCE = {"model": (50, 58, 68), "firmware": (50, 60, 68), "serial": (50, 62, 70)}
"""By the number of kinds that a group shows: one, two, or model, firmware and serial together."""

_INSIDE = {"model": 57, "firmware": 57}
"""For the only text that says both, `RIGRunner 4005i FW Version 4.08`: less than a group of two kinds."""


@dataclass(frozen=True, slots=True)
class Value:
    """A text below enterprises: its arcs, itself, and how much it looks like each attribute, from 0 to 3."""

    arcs: tuple[int, ...]
    text: str
    looks: dict[str, float]


@dataclass(frozen=True, slots=True)
class Group:
    """The best reading of texts that stand together, and how good it is."""

    worth: float
    chosen: dict[str, Value]


def is_open(found: Identification) -> bool:
    """True where something is not known that a device's own arcs might say."""
    return not (found.vendor and found.model and found.firmware and found.serial)


def is_makers(number: int) -> bool:
    """True for an enterprise number below which a maker describes its own devices."""
    return number not in _SHARED and bool(registrant(number))


def arcs(clues: Clues, claims: Iterable[Evidence]) -> Iterator[Evidence]:
    """The model, firmware and serial that the best groups of texts show; `claims` are what is said already."""
    claims = tuple(claims)
    known = {claim.value: claim.attribute for claim in claims}
    known |= {claim.value.casefold(): "vendor" for claim in claims if claim.attribute == "vendor"}
    groups = sorted(_groups(clues, known), key=lambda group: -group.worth)
    said: set[str] = set()
    longer = [claim.value.casefold() for claim in claims if claim.attribute == "model"]
    for group in groups[:4]:
        for attribute, value in group.chosen.items():
            part = attribute == "model" and any(value.text.casefold() in said_model for said_model in longer)
            if attribute not in said and not part:
                sure = _CONFIDENCE[attribute][len(group.chosen) - 1]
                source = SNMP + ENTERPRISES + ".".join(map(str, value.arcs))
                yield clues.claim(attribute, value.text, sure, source, "the shape of a value of its own arcs")
            said.add(attribute)
    yield from _pair(clues)


def _pair(clues: Clues) -> Iterator[Evidence]:
    """The model and version of the only text that says just these; of several, each may be of a part."""
    pairs = {pair: numbers for numbers, text in own_texts(clues) if (pair := described_inside(text))}
    if len(pairs) != 1:
        return
    said, numbers = pairs.popitem()
    source = SNMP + ENTERPRISES + ".".join(map(str, numbers))
    for attribute, value in zip(("model", "firmware"), said, strict=True):
        yield clues.claim(attribute, value, _INSIDE[attribute], source, "a description among its own arcs")


def _groups(clues: Clues, known: dict[str, str]) -> Iterator[Group]:
    described = "" if is_uname(clues.text("sysDescr")) else clues.text("sysDescr")
    names = {clues.text("sysName"), clues.text(_LOCATION), clues.text(_CONTACT)}
    together: dict[tuple[tuple[int, ...], int], list[Value]] = defaultdict(list)
    rows: dict[tuple[int, ...], int] = defaultdict(int)
    for numbers, text in own_texts(clues):
        rows[numbers[:-1]] += 1
        if text not in names and not of_two(text):
            value = Value(numbers, text, _looks(text, described, known.get(text) or known.get(text.casefold(), "")))
            together[numbers[:-2], numbers[-1]].append(value)
            if not numbers[-1] and len(numbers) > _SHALLOW:
                together[numbers[:-3], -1].append(value)
    for rank, key in enumerate(sorted(together)):
        row, values = key[1], sorted(together[key], key=lambda value: value.arcs)
        crowd = max(rows[value.arcs[:-1]] for value in values)
        if (row <= 1 or crowd == 1) and (group := _read(values[:_GROUP_MEMBERS], crowd, row, rank)):
            yield group


def _looks(text: str, described: str, known: str) -> dict[str, float]:
    """The likenesses, where nothing else says already that the text is something."""
    likeness = looks(text, described)
    return {attribute: worth if known in ("", attribute) else 0 for attribute, worth in likeness.items()}


def own_texts(clues: Clues) -> Iterator[tuple[tuple[int, ...], str]]:
    """The arcs and text of what a device says below numbers that belong to makers."""
    for index, text in clues.column(ENTERPRISES.rstrip(".")):
        numbers = place(index)
        if len(numbers) > 2 and is_makers(numbers[0]):
            yield numbers, text


def _read(values: Sequence[Value], crowd: int, row: int, place: int) -> Group | None:
    """The choice of distinct values that look most like model, firmware and serial; None where nothing does.

    Scalars of one parent (`row` 0) are worth more than a table's row (1) or several parents' scalars together (-1), a
    device's own row more than one of a crowd, and what stands near the root and early more than what does not.
    """
    best = max(_choices(values), key=_usefulness, default={})
    chosen = {attribute: value for attribute, value in best.items() if value}
    likeness = _likeness(best)
    if likeness < (2.4 if list(chosen) == ["serial"] and row <= 0 else 3 if len(chosen) == 1 else 2.6):
        return None
    if "firmware" in chosen and chosen["firmware"].looks["firmware"] < 2 and not _is_sure(chosen, row):
        return None
    if list(chosen) == ["serial"] and re.fullmatch("[0-9A-Fa-f]{12}", chosen["serial"].text):
        return None
    depth = max(len(values[0].arcs) - 6, 0)
    worth = (
        likeness
        + 2 * len(chosen)
        - 3 * (crowd > 2)
        - 2 * (row > 0)
        - 1.5 * (row < 0)
        - 0.3 * depth
        - min(place, 40) / 20
    )
    return Group(worth, chosen) if worth >= _LEAST_WORTH else None


def _is_sure(chosen: dict[str, Value], row: int) -> bool:
    """True where what stands beside a number like 2.6 shows that it is no measurement."""
    known_model = "model" in chosen and chosen["model"].looks["model"] == 3
    return not row and ("serial" in chosen or known_model)


def _choices(values: Sequence[Value]) -> Iterator[dict[str, Value | None]]:
    def candidates(attribute: str) -> list[Value | None]:
        like = [v for v in values if v.looks[attribute] > 0]
        return [*sorted(like, key=lambda v: -v.looks[attribute])[:_CHOICES], None]

    for model, firmware, serial in product(*map(candidates, ("model", "firmware", "serial"))):
        taken = [v.arcs for v in (model, firmware, serial) if v]
        if len(set(taken)) == len(taken):
            yield {"model": model, "firmware": firmware, "serial": serial}


def _likeness(chosen: dict[str, Value | None]) -> float:
    return sum(value.looks[attribute] for attribute, value in chosen.items() if value)


def _usefulness(chosen: dict[str, Value | None]) -> float:
    """Less for each faint likeness, which is no reason to read another value as something else."""
    faint = sum(value.looks[attribute] < 1.5 for attribute, value in chosen.items() if value)
    return _likeness(chosen) - _FAINT * faint
