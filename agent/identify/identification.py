"""Evidence to identification: claims from every reader, ranked; the losers are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from agent.identify import clues as reading
from agent.identify.announced import announced
from agent.identify.arcs import arcs, own_texts
from agent.identify.clues import ENTERPRISES, Clues, attribute_of
from agent.identify.definition import GROUPS, Definition, Definitions, Variant, enterprise
from agent.identify.grammar import describe, without_host
from agent.identify.registry import registrant
from agent.identify.standard import standard
from agent.identify.vendor_names import vendor_named
from agent.identify.vendors import LONE_WORD, MAC_ONLY, owners, texts, vendors
from agent.identify.vendors import brands as name_pattern
from agent.model.device import DeviceClass, Evidence, Identification
from agent.model.observation import Observation

ATTRIBUTES = ("class", "vendor", "model", "firmware", "serial")
_GREETINGS = (
    ("sip.user-agent", 62),
    ("sip.server", 61),
    ("nmap.5060.product", 58),
    ("nmap.23.product", 54),
    ("nmap.80.product", 52),
    ("http.title", 50),
    ("http.realm", 49),
)
_KIND_WORDS = re.compile(
    r"\s+(?:(?:VoIP|SIP|IP|network|web|video|http|https|telnet|access)(?![\w-]).*|(?:phone|camera|printer|projector|series|login|NAS)(?![\w-]).*)",
    re.IGNORECASE,
)

_LAST_VERSION = re.compile(r"\s[vV]?(\d+(?:\.\d+)+)$")

_SERIES = re.compile(r"(?<=\w) series$", re.IGNORECASE)
"""Makers call one model a series: `HL-1110 series`."""

_PORT_HINTS = (
    ((9100, 515, 631), "printer", 24),
    ((554, 8554), "camera", 22),
    ((5060, 5061), "phone", 22),
    ((3493, 3052), "ups", 18),
    ((1883, 8883), "sensor", 15),
    ((3389, 445), "computer", 12),
)
"""Open ports, by IANA's registry, and the class they hint at."""

_FAINT = 12
"""The confidence of a faint keyword: below every definition's class, port hint and label."""

_CAPABILITIES = (
    ("telephone", "phone", 50),
    ("wlan-access-point", "access_point", 50),
    ("bridge", "switch", 36),
    ("router", "router", 36),
)
"""IEEE 802.1AB capabilities, the most telling first: a telephone is a bridge as well."""


def identify(evidence: Sequence[Observation], definitions: Definitions) -> Identification:
    """Name a device from everything seen of it; what nothing says stays empty."""
    clues = reading.gather(evidence)
    made = tuple(vendors(clues, definitions))
    owned = owners(made, definitions)
    brands = name_pattern(owned, made)
    claims = (
        *reading.human(clues),
        *made,
        *(claim for owner, confidence in owned for claim in _defined(clues, owner, confidence)),
        *_described(clues, brands),
        *standard(clues),
        *announced(clues),
        *_greetings(clues, brands),
        *_versions(clues, brands),
        *_consoles(clues, brands),
        *_keywords(clues, definitions),
        *_hints(clues),
        *_capable(clues),
        *_labelled(clues, definitions),
        *definitions.fingerprints.claims(clues),
    )
    told = (*claims, *arcs(clues, claims))
    return _settle(tuple(_named(claim, definitions, brands) for claim in told))


def _defined(clues: Clues, owner: Definition, confidence: int) -> Iterator[Evidence]:
    kind = owner.maker_class if confidence == MAC_ONLY and owner.maker_class else owner.device_class
    if kind and kind is not DeviceClass.UNKNOWN:
        yield clues.claim("class", kind, max(confidence - 18, 15), "definition", _by(owner))
    for attribute in ("model", "firmware", "serial"):
        for rank, source in enumerate(owner.read(attribute, clues.text("sysObjectID"))):
            if value := clues.text(source):
                yield clues.claim(attribute, value, min(confidence + 8, 93) - rank, attribute_of(source), _by(owner))
    for variant in owner.variants:
        yield from _variant(clues, owner, variant)


def _variant(clues: Clues, owner: Definition, variant: Variant) -> Iterator[Evidence]:
    prefix = ENTERPRISES + variant.object
    if variant.object and not f"{clues.text('sysObjectID').lstrip('.')}.".startswith(prefix + "."):
        return
    found = [(source, pattern.search(clues.text(source))) for source, pattern in variant.match.items()]
    if not all(match for _, match in found):
        return
    words = {k: v.strip() for _, m in found if m for k, v in m.groupdict().items() if v}
    source = found[0][0] if found else "sysObjectID"
    if variant.device_class:
        yield clues.claim("class", variant.device_class, 92, source, _by(owner))
    if variant.vendor:
        yield clues.claim("vendor", variant.vendor, 93, source, _by(owner))
    shaped = {attribute: text.format_map(words) for attribute, text in variant.shape.items()}
    for attribute, value in {**words, **shaped}.items():
        if attribute in GROUPS and (value := reading.clean(value)):
            yield clues.claim(attribute, value, variant.confidence, source, _by(owner))


def _by(owner: Definition) -> str:
    return f"definition of {owner.vendor}"


def _described(clues: Clues, brands: re.Pattern[str] | None) -> Iterator[Evidence]:
    said = describe(clues.text("sysDescr"), brands)
    if clues.text("sysDescr") == clues.text("sysName"):
        return
    for attribute, value, weight in (
        ("model", said.model, 80 if said.sure else 64 if re.search(r"\d", said.model) else 54),
        ("firmware", said.firmware, 72 if "." in said.firmware else 59),
        ("serial", said.serial, 78),
    ):
        if value and not (attribute == "model" and _names_a_maker(value, brands, said.sure)):
            yield clues.claim(attribute, value, weight, "sysDescr", "sysDescr's grammar")


def _names_a_maker(model: str, brands: re.Pattern[str] | None, sure: bool) -> bool:
    """True for the maker's own name, and for a lone word that is more likely to be one than a model: Acano."""
    lone = not sure and LONE_WORD.fullmatch(model) is not None
    return lone or (brands is not None and not brands.sub("", model).strip())


def _greetings(clues: Clues, brands: re.Pattern[str] | None) -> Iterator[Evidence]:
    """Titles and greetings that begin with the maker's name: `Maker Model version`, SIP's after RFC 3261."""
    for source, confidence in _GREETINGS:
        text = clues.text(source)
        if not brands or not brands.match(text):
            continue
        said = describe(_KIND_WORDS.split(text)[0], brands)
        if re.search(r"\d", said.model):
            yield clues.claim("model", said.model, confidence, source)
        if said.firmware and not source.startswith("http."):
            yield clues.claim("firmware", said.firmware, confidence, source)


def _versions(clues: Clues, brands: re.Pattern[str] | None) -> Iterator[Evidence]:
    """The maker's own version: beside its name in a SIP or telnet service, or at the end of its page's title."""
    for port, confidence in ((5060, 57), (23, 53)):
        version = clues.text(f"nmap.{port}.version")
        if brands and version and brands.match(clues.text(f"nmap.{port}.product")):
            yield clues.claim("firmware", version, confidence, f"nmap.{port}.version")
    title = clues.text("http.title")
    found = _LAST_VERSION.search(title) if brands and brands.match(title) else None
    if found:
        yield clues.claim("firmware", found[1], 46, "http.title", title)


def _consoles(clues: Clues, brands: re.Pattern[str] | None) -> Iterator[Evidence]:
    """What a console or a file server says with keys before any login: `Model name : ...`."""
    for source in (name for name in clues.names if name.startswith("banner.")):
        said = describe(clues.text(source), brands)
        if said.sure:
            for attribute, value in (("model", said.model), ("firmware", said.firmware), ("serial", said.serial)):
                if value:
                    yield clues.claim(attribute, value, 66, source, "keys of a greeting")


def _keywords(clues: Clues, definitions: Definitions) -> Iterator[Evidence]:
    printer = [(f"1.3.6.1.2.1.25.3.2.1.3.{i}", text, 52) for i, text in clues.column("1.3.6.1.2.1.25.3.2.1.3")][:1]
    for source, text, weight in (*texts(clues), *printer):
        if found := definitions.word_in(without_host(text)):
            keyword, word = found
            bonus = (30 if source.startswith("1.") else 8) if keyword.device_class == DeviceClass.MFP else 0
            sure = _FAINT if keyword.faint else weight + bonus
            yield clues.claim("class", keyword.device_class, sure, source, word)


def _labelled(clues: Clues, definitions: Definitions) -> Iterator[Evidence]:
    """The class whose words stand most often in the description, the texts of own arcs and the registered name."""
    said = [text for _, text in own_texts(clues)] + [without_host(clues.text("sysDescr"))]
    name = registrant(enterprise(clues.text("sysObjectID")))
    for label in definitions.labels:
        count = sum(bool(label.pattern.search(text)) for text in said) + bool(label.pattern.search(name))
        if count:
            yield clues.claim("class", label.device_class, 14 + min(count, 14), "sysObjectID", f"{count} labels")


def _hints(clues: Clues) -> Iterator[Evidence]:
    for ports, kind, confidence in _PORT_HINTS:
        if opened := sorted(clues.ports & set(ports)):
            yield clues.claim("class", kind, confidence + 2 * len(opened), "port", f"open: {opened}")


def _capable(clues: Clues) -> Iterator[Evidence]:
    enabled = clues.text("lldp.capabilities").split()
    for capability, kind, confidence in _CAPABILITIES:
        if capability in enabled:
            yield clues.claim("class", kind, confidence, "lldp.capabilities", capability)
            return


def _named(claim: Evidence, definitions: Definitions, brands: re.Pattern[str] | None) -> Evidence:
    value = claim.value
    if claim.attribute == "model" and brands and claim.confidence < 100:
        bare = brands.sub("", value, count=1) if brands.match(value) else value
        value = _SERIES.sub("", bare if re.search("[A-Za-z]", bare) and len(bare) > 1 else value)
    if claim.attribute == "vendor" and claim.confidence < 100:
        known = (v.vendor for start, v in definitions.named_in(value) if start == 0)
        value = next(known, vendor_named(value))
    if value == claim.value:
        return claim
    return Evidence(claim.attribute, value, claim.confidence, claim.source, claim.detail, claim.seen)


def _rank(claim: Evidence) -> tuple[object, ...]:
    seen = claim.seen.timestamp() if claim.seen else 0.0
    return (ATTRIBUTES.index(claim.attribute), -claim.confidence, -seen, claim.value, claim.source, claim.detail)


def _settle(claims: Iterable[Evidence]) -> Identification:
    ranked = tuple(sorted(set(claims), key=_rank))
    first: dict[str, Evidence] = {}
    for claim in ranked:
        first.setdefault(claim.attribute, claim)
    kind = first.get("class")
    return Identification(
        device_class=DeviceClass(kind.value) if kind else DeviceClass.UNKNOWN,
        vendor=_value(first, "vendor"),
        model=_value(first, "model"),
        firmware=_value(first, "firmware"),
        serial=_value(first, "serial"),
        confidence=kind.confidence if kind else 0,
        evidence=ranked,
    )


def _value(first: dict[str, Evidence], attribute: str) -> str:
    return first[attribute].value if attribute in first else ""
