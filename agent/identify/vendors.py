"""Who made a device: by sysObjectID, answered arcs, names in texts and MAC prefixes; and which makers are defined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent.identify.announced import TEXTS
from agent.identify.clues import ENTERPRISES, Clues
from agent.identify.definition import Definition, Definitions, enterprise
from agent.identify.grammar import is_generic, is_uname
from agent.identify.registry import hardware_makers, maker, organisation, registrant
from agent.model.device import Evidence
from agent.model.observation import SNMP

MAC_ONLY = 48
"""The confidence of a vendor by its MAC: the network card's maker is not always the device's."""

_SOFTWARE = MAC_ONLY - 1
"""The most for the name of who makes software for others' devices."""

_UNLISTED = 15
"""The same for an organisation that no definition knows: said only where nothing else is."""

LONE_WORD = re.compile(r"[A-Z][a-z]+(?:-?[A-Z][a-z]*)?")
"""A description that is more likely the maker's name than a model: Acano."""

_COMMON = frozenset({
    "advanced", "alpha", "apex", "atlas", "base", "connect", "core", "edge", "embedded", "energy", "environmental",
    "express", "first", "fusion", "general", "global", "home", "link", "magnum", "matrix", "media", "micro", "new",
    "nova", "office", "omega", "orion", "phoenix", "quantum", "security", "solar", "standard", "summit", "ultra",
    "vector", "video", "vision",
})  # fmt: skip
"""Words that begin products' names more often than they are the makers who registered them."""

_LONE = 18
_REGISTRANT, _LEADING, _ANSWERED = 60, 62, 50
"""Makers without a definition: who registered sysObjectID's number, whose name begins sysDescr, whose arcs answer."""

_SHARED_ARCS = frozenset({"11", "2699"})
"""Arcs that other makers answer too: HP's gdStatusId, the Printer Working Group's."""

_TEXTS = (
    ("sysDescr", 75),
    ("ipp.printer-make-and-model", 80),
    ("http.title", 58),
    ("http.realm", 56),
    ("http.server", 40),
    ("tls.subject", 45),
    ("lldp.system-description", 52),
    ("hostname", 32),
    ("sysName", 30),
)
"""Texts in which vendors' names and keywords are looked for, with the confidence of a keyword there."""


def vendors(clues: Clues, definitions: Definitions) -> Iterator[Evidence]:
    """Every claim of a vendor."""
    yield from _by_object(clues, definitions)
    yield from _by_arcs(clues, definitions)
    yield from _by_name(clues, definitions)
    yield from _by_lead(clues)
    yield from _by_organisation(clues, definitions)


def owners(claims: Iterable[Evidence], definitions: Definitions) -> list[tuple[Definition, int]]:
    """The claimed vendors that have a definition, the surest first."""
    best: dict[str, int] = {}
    for claim in claims:
        best[claim.value] = max(best.get(claim.value, 0), claim.confidence)
    named = [(definitions.by_name[name], best[name]) for name in best if name in definitions.by_name]
    return sorted(named, key=lambda pair: (-pair[1], pair[0].vendor))


def brands(owned: Iterable[tuple[Definition, int]], claims: Iterable[Evidence]) -> re.Pattern[str] | None:
    """Matches the names of the claimed vendors as words at the beginning of a text; None for no names."""
    defined = {name for owner, _ in owned for name in _own_names(owner)}
    said = set() if defined else {c.value for c in claims if c.confidence > _UNLISTED}
    names = defined | said | {value.split()[0] for value in said if len(value.split()[0]) > 2 and not is_generic(value)}
    if not names:
        return None
    words = "|".join(_spelled(name) for name in sorted(names, key=lambda n: (-len(n), n)))
    return re.compile(rf"(?:(?:{words})(?![A-Za-z])[\s,:_-]*)+", re.IGNORECASE)


def _spelled(name: str) -> str:
    """The name with or without what is between its words: Tripp Lite, TrippLite."""
    return r"[\s-]?".join(map(re.escape, name.split()))


def _own_names(owner: Definition) -> tuple[str, ...]:
    """The vendor's own names, and not those of its product lines, which belong to a model."""
    first = owner.vendor.split()[0].casefold()
    own = (n for n in owner.names if n.casefold().startswith(first) or first.startswith(n.split()[0].casefold()))
    return (owner.vendor, *own)


def texts(clues: Clues) -> Iterator[tuple[str, str, int]]:
    """Each text that may name a vendor or a kind of device: its source, itself, and the weight of a keyword in it."""
    probed = [n for n in clues.names if re.fullmatch(r"nmap\.\d+\.(product|extrainfo|devicetype)", n)]
    spoken = [n for n in clues.names if n.startswith(("mdns.", "sip."))]
    for source, weight in (*_TEXTS, *TEXTS, *((name, 52) for name in (*probed, *spoken))):
        if text := clues.text(source):
            yield source, text, 30 if source == "sysDescr" and is_uname(text) else weight


def _by_object(clues: Clues, definitions: Definitions) -> Iterator[Evidence]:
    number = enterprise(clues.text("sysObjectID"))
    if owner := definitions.numbers.get(number):
        yield clues.claim("vendor", owner.vendor, 85, "sysObjectID", f"IANA enterprise {number}")
    elif name := registrant(number):
        word = _shared_word(name, clues.text("sysDescr"))
        yield clues.claim(
            "vendor", word or name, _REGISTRANT + 5 * bool(word), "sysObjectID", f"IANA enterprise {number}"
        )


def _shared_word(organisation: str, text: str) -> str:
    """The telling word of an organisation's name, other than its first, that the text says too: Seiko EPSON."""
    if organisation.casefold() in text.casefold():
        return ""
    for word in organisation.split()[1:]:
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.I) if len(word) > 3 else None
        if found and not is_generic(word):
            return found[0]
    return ""


def _by_arcs(clues: Clues, definitions: Definitions) -> Iterator[Evidence]:
    prefix = SNMP + ENTERPRISES
    numbers = {name[len(prefix) :].split(".")[0]: name for name in reversed(clues.names) if name.startswith(prefix)}
    for number, name in sorted(numbers.items()):
        if not number.isdecimal() or number in _SHARED_ARCS:
            continue
        owner = definitions.numbers.get(int(number))
        if owner and any(clues.text(source) for source in owner.sources(clues.text("sysObjectID"))):
            yield clues.claim("vendor", owner.vendor, 70, name, f"answers enterprise {number}")
        elif named := owner.vendor if owner else registrant(int(number)):
            yield clues.claim("vendor", named, _ANSWERED, name, f"answers enterprise {number}")


def _by_name(clues: Clues, definitions: Definitions) -> Iterator[Evidence]:
    for source, text, weight in texts(clues):
        for start, owner in definitions.named_in(text):
            sure = _name_weight(source, weight, start, text)
            yield clues.claim("vendor", owner.vendor, min(sure, _SOFTWARE) if owner.software else sure, source, text)


def _name_weight(source: str, weight: int, start: int, text: str) -> int:
    if source == "sysDescr" and is_uname(text):
        return 30
    return weight + 15 if start <= 1 and weight > 50 else max(weight - 15, 20)


def _by_lead(clues: Clues) -> Iterator[Evidence]:
    """A registered maker of hardware whose name begins the description, whoever made the agent."""
    text = clues.text("sysDescr")
    if LONE_WORD.fullmatch(text):
        yield clues.claim("vendor", text, _LONE, "sysDescr", "nothing but a name")
    word = re.match(r"[A-Z][\w&-]+(?=[ ;,:])", text)
    if (
        word
        and word[0].casefold() not in _COMMON
        and not is_generic(word[0])
        and word[0].casefold() in hardware_makers()
        and not is_uname(text)
    ):
        yield clues.claim("vendor", word[0], _LEADING, "sysDescr", "begins with a registered maker's name")


def _by_organisation(clues: Clues, definitions: Definitions) -> Iterator[Evidence]:
    for mac in clues.macs:
        name = organisation(mac)
        if owner := definitions.assigned(name.casefold()):
            yield Evidence("vendor", owner.vendor, MAC_ONLY, "mac", f"{mac} is assigned to {name}")
        elif unlisted := maker(name):
            yield Evidence("vendor", unlisted, _UNLISTED, "mac", f"{mac} is assigned to {name}")
