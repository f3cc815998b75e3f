"""YAML to a validated policy: article7.yaml, baseline.yaml, and an organisation's overlay over it.

docs/adr/0007-judgement.md says what an overlay may hold and how it merges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from ipaddress import IPv4Network, collapse_addresses
from pathlib import Path

from agent.model.device import DeviceClass
from agent.model.policy import Clause, Connections, FirmwareBaseline, Flow, Policy, RuleSetting, Service
from policies.located import Located, Place, meant, read
from policies.schema import (
    ArticleEntry,
    ClassEntry,
    FirmwareEntry,
    FlowEntry,
    PolicyEntry,
    RuleEntry,
    ServiceEntry,
    validate,
)

HERE = Path(__file__).parent
COMMON = "common"
"""The name under `connections` whose flows every class has."""
SERVICE_LISTS = ("services", "except_services", "if_seen")
"""Keys of a rule that name services; the rule gets them as tuples of Service."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One policy document with its file, so that a wrong name is told with its line."""

    file: Located
    entry: PolicyEntry


Groups = Mapping[str, tuple[IPv4Network, ...]]
Services = Mapping[str, tuple[Service, ...]]


@dataclass(frozen=True, slots=True)
class _Words:
    """What names mean once every document was read."""

    groups: Groups
    services: Services
    clauses: frozenset[str]
    rules: frozenset[str]


def load(overlay: Path | None = None) -> Policy:
    """The policy in force; raise BadInput with file, line and key for whatever is wrong in the overlay."""
    paths = [HERE / "article7.yaml", HERE / "baseline.yaml", *([overlay] if overlay else [])]
    octets, files = zip(*(read(path) for path in paths), strict=True)
    return build(files[0], files[1:], _digest(octets))


def build(article_file: Located, policy_files: Iterable[Located], digest: str = "") -> Policy:
    """The policy that these documents make, the later over the earlier; raise BadInput."""
    article = validate(article_file, ArticleEntry)
    sources = [_Source(file, validate(file, PolicyEntry)) for file in policy_files]
    words = _words(article, sources)
    covered, listed = _coverage(article, sources)
    return Policy(
        edition=article.edition,
        digest=digest,
        clauses=_clauses(article, sources, covered),
        covered=covered,
        listed=listed,
        groups=words.groups,
        connections=_connections(sources, words, covered),
        firmware=_firmware(sources),
        rules=_rules(sources, words),
        unmanaged_exempt=_exempt(sources, words),
    )


def _digest(documents: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for octets in documents:
        total.update(len(octets).to_bytes(8, "big") + octets)
    return total.hexdigest()


def _words(article: ArticleEntry, sources: list[_Source]) -> _Words:
    groups: dict[str, tuple[IPv4Network, ...]] = {}
    services: dict[str, tuple[Service, ...]] = {}
    rules = {point.name for point in entry_points(group="lanward.rules")}
    for source in sources:
        for name, texts in source.entry.groups.items():
            places = (("groups", name, index) for index in range(len(texts)))
            groups[name] = _merged(_network(source.file, p, t) for p, t in zip(places, texts, strict=True))
        for name, entry in source.entry.services.items():
            services[name] = _service(source.file, name, entry)
    rules |= set(sources[0].entry.rules)
    return _Words(groups, services, frozenset(article.clauses), frozenset(rules))


def _merged(networks: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    return tuple(collapse_addresses(networks))


def _network(file: Located, place: Place, text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise file.fault(place, f"'{text}' is no IPv4 network: {error}", hint="write it as 10.20.0.0/24") from error


def _service(file: Located, name: str, entry: ServiceEntry) -> tuple[Service, ...]:
    found = [Service(name, proto, ports) for proto, ports in (("tcp", entry.tcp), ("udp", entry.udp)) if ports]
    if entry.icmp:
        found.append(Service(name, "icmp"))
    if not found:
        raise file.fault(("services", name), "names no port", hint="write it as {tcp: [631]}")
    return tuple(found)


def _coverage(article: ArticleEntry, sources: list[_Source]) -> tuple[frozenset[DeviceClass], frozenset[DeviceClass]]:
    covered, listed = set(article.coverage.covered), set(article.coverage.listed)
    for source in sources:
        for device_class, where in source.entry.coverage.items():
            (covered if where == "covered" else listed).add(device_class)
            (listed if where == "covered" else covered).discard(device_class)
    return frozenset(covered), frozenset(listed)


def _clauses(article: ArticleEntry, sources: list[_Source], covered: frozenset[DeviceClass]) -> tuple[Clause, ...]:
    periods = {name: clause.every_days for name, clause in article.clauses.items()}
    for source in sources:
        for name, entry in source.entry.clauses.items():
            _known(source.file, ("clauses", name), name, "clause", periods)
            periods[name] = entry.every_days
    return tuple(
        Clause(
            id=name,
            article=clause.article,
            heading=clause.heading,
            asks=clause.asks,
            applies_to=covered if clause.classes is None else frozenset(clause.classes),
            every_days=periods[name],
            heading_en=clause.heading_en,
            asks_en=clause.asks_en,
            equals=tuple(sorted(clause.equals.items())),
        )
        for name, clause in article.clauses.items()
    )


def _known(file: Located, place: Place, word: str, kind: str, known: Iterable[str]) -> None:
    names = set(known)
    if word not in names:
        raise file.fault(place, f"'{word}' is no known {kind}{meant(word, names)}")


def _connections(sources: list[_Source], words: _Words, covered: frozenset[DeviceClass]) -> tuple[Connections, ...]:
    flows: dict[str, tuple[Flow, ...]] = {COMMON: ()}
    for source in sources:
        for name, entry in source.entry.connections.items():
            known = [COMMON, *(str(c) for c in DeviceClass)]
            _known(source.file, ("connections", name), name, "class of device", known)
            own = _flows(source.file, ("connections", name), entry, words)
            flows[name] = (*flows.get(name, ()), *own) if entry.extend else own
    common = flows.pop(COMMON)
    # the order of the enumeration, so that two documents with the same content make the same policy
    return tuple(
        Connections(c, tuple(dict.fromkeys((*flows.get(str(c), ()), *common))))
        for c in DeviceClass
        if str(c) in flows or c in covered
    )


def _flows(file: Located, place: Place, entry: ClassEntry, words: _Words) -> tuple[Flow, ...]:
    found: list[Flow] = []
    for direction, lines in (("serves", entry.serves), ("uses", entry.uses)):
        for index, line in enumerate(lines):
            found += _flow(file, (*place, direction, index), direction, line, words)
    return tuple(found)


def _flow(file: Located, place: Place, direction: str, line: FlowEntry, words: _Words) -> list[Flow]:
    peers = _peers(file, (*place, "peers"), line.peers, words.groups)
    services = _services(file, (*place, "service"), line.service, words.services)
    return [Flow(direction, service, peers, line.reason) for service in services]


def _peers(file: Located, place: Place, names: tuple[str, ...], groups: Groups) -> tuple[IPv4Network, ...]:
    found: list[IPv4Network] = []
    for name in names:
        if name[:1].isdigit():
            found.append(_network(file, place, name))
        else:
            _known(file, place, name, "group", groups)
            found += groups[name]
    return _merged(found)


def _services(file: Located, place: Place, names: tuple[str, ...], services: Services) -> tuple[Service, ...]:
    for name in names:
        _known(file, place, name, "service", services)
    return tuple(service for name in names for service in services[name])


def _firmware(sources: list[_Source]) -> tuple[FirmwareBaseline, ...]:
    """Later documents stand first: the first entry that matches a model counts."""
    entries: list[FirmwareEntry] = [entry for source in reversed(sources) for entry in source.entry.firmware]
    return tuple(
        FirmwareBaseline(e.vendor, e.model, e.minimum, e.end_of_support.isoformat() if e.end_of_support else "")
        for e in entries
    )


def _rules(sources: list[_Source], words: _Words) -> tuple[RuleSetting, ...]:
    settings: dict[str, RuleSetting] = {}
    for source in sources:
        for name, entry in source.entry.rules.items():
            _known(source.file, ("rules", name), name, "rule", words.rules)
            settings[name] = _setting(source.file, name, entry, settings.get(name), words)
    return tuple(settings[name] for name in sorted(settings))


def _setting(file: Located, name: str, entry: RuleEntry, shipped: RuleSetting | None, words: _Words) -> RuleSetting:
    place: Place = ("rules", name)
    clause = entry.clause or (shipped.clause if shipped else "")
    if not clause:
        raise file.fault(place, "names no clause", hint="write clause: A7-2")
    _known(file, (*place, "clause"), clause, "clause", words.clauses)
    parameters = dict(shipped.parameters) if shipped else {}
    if shipped:
        _same_parameters(file, place, entry, parameters)
    parameters |= entry.parameters
    for key in SERVICE_LISTS:
        names: tuple[str, ...] | None = getattr(entry, key)
        if names is not None:
            parameters[key] = _services(file, (*place, key), names, words.services)
    enabled = entry.enabled if entry.enabled is not None else (shipped.enabled if shipped else True)
    return RuleSetting(name, clause, enabled, parameters)


def _same_parameters(file: Located, place: Place, entry: RuleEntry, shipped: Mapping[str, object]) -> None:
    for key, value in entry.parameters.items():
        inner = (*place, "parameters", key)
        _known(file, inner, key, "parameter of this rule", shipped)
        if type(value) is not type(shipped[key]):
            raise file.fault(inner, f"wants {_kind(shipped[key])}, not '{value}'")
    for key in SERVICE_LISTS:
        if getattr(entry, key) is not None and key not in shipped:
            raise file.fault((*place, key), "this rule has no such list")


def _kind(value: object) -> str:
    return {int: "a number", bool: "true or false", str: "a word"}.get(type(value), "a list of words")


def _exempt(sources: list[_Source], words: _Words) -> frozenset[str]:
    exempt: tuple[str, ...] = ()
    for source in sources:
        if source.entry.unmanaged_exempt is not None:
            exempt = source.entry.unmanaged_exempt
            for index, name in enumerate(exempt):
                _known(source.file, ("unmanaged_exempt", index), name, "clause", words.clauses)
    return frozenset(exempt)
