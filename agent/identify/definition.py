"""Vendor definitions: YAML documents, their schema, and what they want to be asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.identify import standard
from agent.identify.clues import ALIASES, attribute_of
from agent.identify.fingerprints import Fingerprints
from agent.model.device import DeviceClass
from agent.model.errors import BadInput
from agent.model.observation import SNMP

GROUPS = frozenset({"model", "firmware", "serial"})


def _pattern(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"'{text}' is no regular expression: {error}") from None


Regex = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
Source = Annotated[str, Field(pattern=r"^(sys\w+|[a-z]+\.[\w.*-]+|\d+(\.\d+)+(\.\*)?)$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


class Keyword(_Strict):
    """A word in a text that says what a device is for; a `faint` one only where nothing else does."""

    device_class: DeviceClass = Field(alias="class")
    pattern: Regex
    faint: bool = False


class Variant(_Strict):
    """A kind of device within a vendor, claimed where `object` and every `match` hold.

    `object` are the arcs below enterprises that sysObjectID begins with. `shape` builds a value from named groups.
    `confidence` is that of its model, firmware and serial.
    """

    object: str = ""
    match: dict[Source, Regex] = Field(default_factory=dict)
    device_class: DeviceClass | None = Field(default=None, alias="class")
    vendor: str = ""
    shape: dict[str, str] = Field(default_factory=dict)
    confidence: Annotated[int, Field(ge=1, le=99)] = 95


class Definition(_Strict):
    """What one vendor's devices show.

    `enterprises` are IANA private enterprise numbers; `organisations` begin the name in IEEE's registry; `names` are
    the words by which texts call the vendor. `maker_class` is what its MACs alone hint at, where that is not
    `class`. `software` is a maker of what runs on others' devices: the maker of the MAC comes before its name in a
    text. `model`, `firmware` and `serial` are sources in order of preference: an
    OID, arcs below enterprises, `object.` and arcs below sysObjectID, or an attribute; `.*` at the end takes a table's
    first row. `keywords` are names of its products that say what they are for.
    """

    vendor: str
    device_class: DeviceClass | None = Field(default=None, alias="class")
    maker_class: DeviceClass | None = None
    enterprises: tuple[int, ...] = ()
    organisations: tuple[str, ...] = ()
    software: bool = False
    names: tuple[str, ...] = ()
    model: tuple[Source, ...] = ()
    firmware: tuple[Source, ...] = ()
    serial: tuple[Source, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    variants: tuple[Variant, ...] = ()

    def sources(self, object_id: str = "") -> tuple[str, ...]:
        """Every source that it reads of a device with this sysObjectID."""
        matched = tuple(source for variant in self.variants for source in variant.match)
        named = (source for attribute in ("model", "firmware", "serial") for source in self.read(attribute, object_id))
        return (*named, *matched)

    def read(self, attribute: str, object_id: str) -> tuple[str, ...]:
        """The sources of an attribute; those below sysObjectID only where that is one of its own."""
        sources: tuple[str, ...] = getattr(self, attribute)
        below = object_id.strip(". ") if enterprise(object_id) in self.enterprises else ""
        placed = (below + s.removeprefix("object") if s.startswith("object.") else s for s in sources)
        return tuple(source for source in placed if not source.startswith("."))


class Definitions(_Strict):
    """All definitions, ready to be asked; made by `load`, or by `parse` in tests. `fingerprints` are the site's own."""

    vendors: tuple[Definition, ...]
    keywords: tuple[Keyword, ...] = ()
    labels: tuple[Keyword, ...] = ()
    fingerprints: Fingerprints = Fingerprints()

    @cached_property
    def words(self) -> tuple[Keyword, ...]:
        """The vendors' keywords, then the general ones."""
        return (*(word for vendor in self.vendors for word in vendor.keywords), *self.keywords)

    @cached_property
    def numbers(self) -> dict[int, Definition]:
        """Vendors by IANA private enterprise number."""
        return {number: vendor for vendor in self.vendors for number in vendor.enterprises}

    @cached_property
    def name_table(self) -> tuple[tuple[re.Pattern[str], Definition], ...]:
        """For each vendor what matches its names as whole words."""
        return tuple((_words(vendor.names or (vendor.vendor,)), vendor) for vendor in self.vendors)

    @cached_property
    def _by_word(self) -> dict[str, tuple[int, ...]]:
        """For each run of letters, the places in `name_table` whose names hold it; under `""` those for any text."""
        found: dict[str, set[int]] = defaultdict(set)
        for place, vendor in enumerate(self.vendors):
            for name in vendor.names or (vendor.vendor,):
                run = _LETTERS.search(name.lower()) if name.isascii() else None
                found[run[0] if run else ""].add(place)
        return {word: tuple(sorted(places)) for word, places in found.items()}

    @cached_property
    def by_name(self) -> dict[str, Definition]:
        """Definitions by the vendor's name."""
        return {vendor.vendor: vendor for vendor in self.vendors}

    @cached_property
    def named_in(self) -> Callable[[str], tuple[tuple[int, Definition], ...]]:
        """Each vendor one of whose names stands in a text as whole words, and where it begins; in their own order."""
        return lru_cache(_REMEMBERED)(lambda text: tuple(self._named_in(text)))

    @cached_property
    def word_in(self) -> Callable[[str], tuple[Keyword, str] | None]:
        """The first keyword that stands in a text, and how it does."""
        return lru_cache(_REMEMBERED)(self._word_in)

    @cached_property
    def assigned(self) -> Callable[[str], Definition | None]:
        """The vendor to whom IEEE's registry assigns prefixes under an organisation's name, in small letters."""
        return lru_cache(_REMEMBERED)(self._assigned)

    def _assigned(self, organisation: str) -> Definition | None:
        began = (v for v in self.vendors if any(organisation.startswith(o.casefold()) for o in v.organisations))
        return next(began, None)

    def _word_in(self, text: str) -> tuple[Keyword, str] | None:
        found = ((keyword, keyword.pattern.search(text)) for keyword in self.words)
        return next(((keyword, match[0]) for keyword, match in found if match), None)

    def _named_in(self, text: str) -> Iterator[tuple[int, Definition]]:
        """A name's letters are whole words of such a text, so that few of the hundreds of patterns need be tried."""
        places: Iterable[int] = range(len(self.name_table))
        if text.isascii():
            words = {"", *_LETTERS.findall(text.lower())}
            places = sorted({place for word in words for place in self._by_word.get(word, ())})
        for place in places:
            pattern, vendor = self.name_table[place]
            if found := pattern.search(text):
                yield found.start(), vendor


_LETTERS = re.compile("[a-z]+")

_REMEMBERED = 2048
"""Texts whose answers are kept: devices of one model, and those of one office, say much the same."""


def _words(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z])(?:{'|'.join(map(re.escape, names))})(?![A-Za-z])", re.IGNORECASE)


def parse(text: str, origin: str) -> Definitions:
    """Read one YAML document with `vendors` and `keywords`; raise BadInput naming the file and the key.

    Scalars stay text (YAML's BaseLoader): 318.10 is an OID's arcs, not a number.
    """
    try:
        return Definitions.model_validate(yaml.load(text, Loader=yaml.BaseLoader))
    except yaml.YAMLError as error:
        raise BadInput(f"{origin}: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInput(f"{origin}: {where}: {first['msg']}" if where else f"{origin}: no vendor definitions") from None


@lru_cache(maxsize=1)
def load() -> Definitions:
    """The shipped definitions (package data of agent.identify), sorted by file name."""
    folder = files("agent.identify") / "definitions"
    documents = sorted((d for d in folder.iterdir() if d.name.endswith(".yaml")), key=lambda d: d.name)
    read = [parse(d.read_text(encoding="utf-8"), d.name) for d in documents]
    vendors = tuple(vendor for part in read for vendor in part.vendors)
    keywords = tuple(k for part in read for k in part.keywords)
    return Definitions(vendors=vendors, keywords=keywords, labels=tuple(k for part in read for k in part.labels))


def lint(definitions: Definitions) -> tuple[str, ...]:
    """What is wrong beyond the schema, one line each: doubled vendors and numbers, groups that nobody reads."""
    return (
        *_doubled("vendor", (d.vendor.casefold() for d in definitions.vendors)),
        *_doubled("enterprise", (n for d in definitions.vendors for n in d.enterprises)),
        *(fault for d in definitions.vendors for v in d.variants for fault in _faults(d.vendor, v)),
    )


def _doubled(kind: str, values: Iterable[object]) -> list[str]:
    listed = list(values)
    return sorted({f"{kind} {value} is defined twice" for value in listed if listed.count(value) > 1})


def _faults(vendor: str, variant: Variant) -> list[str]:
    groups = {group for pattern in variant.match.values() for group in pattern.groupindex}
    used = set(GROUPS) | {word for text in variant.shape.values() for word in re.findall(r"\{(\w+)\}", text)}
    faults = [f"{vendor}: group '{group}' is never used" for group in sorted(groups - used)]
    if not variant.object and not variant.match:
        faults.append(f"{vendor}: a variant without a condition")
    return faults


def wanted_oids(
    definitions: Definitions, object_id: str = "", answered: frozenset[int] | None = None
) -> tuple[str, ...]:
    """Instances to GET, sorted: the generic ones, and those of the vendor that sysObjectID names.

    Where it names none, those of the vendors whose enterprise numbers the agent `answered`, or of all if None.
    """
    own = [name.removeprefix(SNMP) for name in ALIASES.values()]
    sources = _sources(definitions, object_id, answered)
    return tuple(sorted({*standard.INSTANCES, *own, *(oid for oid in sources if not oid.endswith(".*"))}))


def wanted_columns(
    definitions: Definitions, object_id: str = "", answered: frozenset[int] | None = None
) -> tuple[str, ...]:
    """Columns of tables to walk, sorted, chosen as `wanted_oids` chooses."""
    sources = _sources(definitions, object_id, answered)
    return tuple(sorted({*standard.COLUMNS, *(oid.removesuffix(".*") for oid in sources if oid.endswith(".*"))}))


def _sources(definitions: Definitions, object_id: str, answered: frozenset[int] | None) -> set[str]:
    vendors = definitions.vendors
    if is_asked_alone(definitions, object_id):
        vendors = (definitions.numbers[enterprise(object_id)],)
    elif answered is not None:
        vendors = tuple(v for v in vendors if answered.intersection(v.enterprises))
    names = (attribute_of(source) for vendor in vendors for source in vendor.sources(object_id))
    return {name.removeprefix(SNMP) for name in names if name.startswith(SNMP)}


def is_asked_alone(definitions: Definitions, object_id: str) -> bool:
    """True where sysObjectID names a vendor whose definition says what to ask."""
    owner = definitions.numbers.get(enterprise(object_id))
    return bool(owner and owner.sources(object_id))


def enterprise(object_id: str) -> int:
    """The private enterprise number within a sysObjectID, or 0."""
    found = re.match(r"\.?1\.3\.6\.1\.4\.1\.(\d+)", object_id)
    return int(found[1]) if found else 0
