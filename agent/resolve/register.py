"""The register: every device that the observations show, each once, with what is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agent.identify import Definitions, identify
from agent.log import Log
from agent.model.address import Mac
from agent.model.device import Device, Evidence, Identification, id_of, ip_key, mac_key
from agent.model.observation import ADMIN, HOSTNAME, LEASE, PASSWORD, SCANNED, SNMP_COMMUNITY, Observation
from agent.resolve.attachment import place
from agent.resolve.frame import Frame
from agent.resolve.identity import (
    Groups,
    Node,
    Traits,
    assign,
    current,
    join_by_keys,
    merges,
    order,
    own_groups,
    set_apart,
    traits_of,
)
from agent.resolve.presence import current_ips, lifetime, open_ports, status
from agent.resolve.timeline import Runs, is_sighting

FACT = "fact."
"""Prefix of an attribute that rules read as a device's fact under the rest of its name."""

_FACTS = frozenset(
    {SNMP_COMMUNITY, PASSWORD, "snmp.version", "telnet", "firewall", "wifi.security", "wifi.client_list", "http.auth"}
)
_FIELDS = frozenset(
    [
        *("class", "vendor", "model", "firmware", "serial", "hostname", "status", "connection", "place", "manager"),
        *("purpose", "managed", "registered", "address_reserved", "retired", "merge", "split"),
    ]
)
"""What a human's word may set on a device itself; any other name is a fact."""

_DISPROOF = {
    (PASSWORD, "changed"): frozenset({"default-accepted"}),
    (SNMP_COMMUNITY, "changed"): frozenset({"default"}),
    (SNMP_COMMUNITY, "off"): frozenset({"default", "default-refused", "private"}),
}
"""What is measured only where a human's word on a fact does not hold: SNMP that is off answers nobody."""

_YES = frozenset({"true", "yes", "1", "reserved"})


PART = 50_000
"""Observations that are resolved at once, but for an area of addresses that has more."""


@dataclass(frozen=True, slots=True)
class _Site:
    """What all devices of one resolution are read against."""

    name: str
    log: Log
    definitions: Definitions
    runs: Runs
    frame: Frame


@dataclass(frozen=True, slots=True)
class _Part:
    """What some areas of addresses show; no device but one that shares a strong key reaches beyond its area."""

    about: _Site
    addresses: frozenset[Node]
    evidence: Mapping[Node, tuple[Observation, ...]]
    ranks: Mapping[int, int]
    names: dict[tuple[int, ...], Identification] = field(default_factory=dict)

    @classmethod
    def of(cls, about: _Site, addresses: Collection[Node]) -> _Part:
        """Read the log for some areas."""
        listed = sorted(set(about.log.about(addresses)), key=_position)
        ranks = {id(seen): rank for rank, seen in enumerate(listed)}
        return cls(about, frozenset(addresses), assign(listed, about.frame.holders), ranks)

    def rank(self, seen: Observation) -> int:
        """Where an observation stands."""
        return self.ranks[id(seen)]

    def named(self, seen: tuple[Observation, ...]) -> Identification:
        """What some evidence says a device is."""
        key = tuple(map(self.rank, seen))
        if key not in self.names:
            self.names[key] = identify(seen, self.about.definitions)
        return self.names[key]

    def serial_of(self, seen: tuple[Observation, ...]) -> tuple[str, str]:
        """The vendor and the serial that some evidence shows."""
        found = self.named(seen)
        return found.vendor, found.serial


def resolve(
    log: Log,
    definitions: Definitions,
    *,
    site: str,
    runs: Sequence[datetime] = (),
    part: int = PART,
) -> tuple[Device, ...]:
    """The register of a site as its log shows it, sorted by id.

    `runs` are the start times of the site's discovery runs: they tell "missing" from "not scanned", a moved address
    from a second one, and a changed card from two live ones. Without them all time counts as one run.
    `part` bounds the memory: as many observations are held at once, and the register changes with it in nothing.
    """
    known = Runs.of_starts(runs)
    about = _Site(site, log, definitions, known, Frame.of(log, known))
    groups, traits, devices = Groups(), {}, {}
    words: list[tuple[Node, Node]] = []
    for addresses in about.frame.parts(part):
        now = _Part.of(about, addresses)
        apart = set_apart(now.evidence, about.frame.holders)
        for root, nodes in own_groups(now.evidence, apart, about.frame.holders).sets().items():
            for node in nodes:
                groups.join(root, node)
            traits[root] = traits_of(nodes, now.evidence, apart, known, now.serial_of)
            devices[root] = _device(nodes, now)
        words += merges(now.evidence, apart, about.frame.holders)
    for root, nodes in _joined(groups, traits, words).items():
        for node in nodes:
            devices.pop(node, None)
        around = about.frame.around(nodes)
        devices[root] = _device(nodes, now if now.addresses.issuperset(around) else _Part.of(about, around))
    return tuple(sorted((device for device in devices.values() if device), key=lambda device: device.id))


def _joined(
    groups: Groups, traits: Mapping[Node, Traits], words: Iterable[tuple[Node, Node]]
) -> dict[Node, tuple[Node, ...]]:
    """The sets that strong keys and humans' words made of several, by their roots."""
    pairs = [(groups.root(node), groups.root(other)) for node, other in words]
    said = Groups()
    for one, other in pairs:
        said.join(one, other)
    join_by_keys(groups, traits, said)
    for one, other in pairs:
        groups.join(one, other)
    parts = Counter(groups.root(root) for root in traits)
    return {root: nodes for root, nodes in groups.sets().items() if parts[root] > 1}


def _position(seen: Observation) -> tuple[object, ...]:
    where = (seen.vlan if seen.vlan is not None else -1, seen.interface)
    return (seen.seen, order(seen.address), seen.attribute, seen.value, seen.source, seen.confidence, seen.raw, where)


def _device(nodes: tuple[Node, ...], part: _Part) -> Device | None:
    about, frame = part.about, part.about.frame
    seen = tuple(sorted((o for node in nodes for o in part.evidence.get(node, ())), key=part.rank))
    words = _words(seen)
    if not words and not any(is_sighting(o) for o in seen):
        return None
    named = part.named(seen)
    macs = tuple(sorted(node for node in nodes if isinstance(node, Mac)))
    where = place(macs, frame.edges)
    first, last = lifetime(seen)
    held = current(nodes, part.evidence, about.runs)
    bound = tuple(binding for mac in macs if mac in held for binding in frame.bound.get(mac, ()))
    ips = current_ips(held, bound, seen, frame.holders, about.runs)
    whereabouts = {*ips, *macs} if ips else {*macs, *(o.address for o in seen)}
    asked = (frame.asked[address] for address in whereabouts if address in frame.asked)
    return Device(
        id=_device_id(nodes, part),
        site=about.name,
        device_class=named.device_class,
        macs=macs,
        ips=ips,
        status=status(
            seen, asked, about.runs, retired=bool(_truth(words.get("retired", ""))) or words.get("status") == "retired"
        ),
        first_seen=first,
        last_seen=last,
        vendor=named.vendor,
        model=named.model,
        firmware=named.firmware,
        serial=named.serial,
        hostname=words.get("hostname") or _hostname(seen),
        ports=open_ports(seen, whereabouts, _left(seen, whereabouts, macs, about), about.runs),
        attachment=where.attachment,
        attachment_note=where.note,
        neighbours=where.neighbours,
        connection=words.get("connection", ""),
        place=words.get("place", ""),
        manager=words.get("manager", ""),
        purpose=words.get("purpose", ""),
        managed=_truth(words.get("managed", "")),
        registered=bool(_truth(words.get("registered", ""))),
        confidence=named.confidence,
        address_reserved=_reserved(seen, words),
        facts=_facts(seen),
        locked=tuple(sorted(words)),
        evidence=(*named.evidence, *_names(seen)),
    )


def _left(
    evidence: Iterable[Observation], whereabouts: Collection[Node], macs: Collection[Mac], about: _Site
) -> frozenset[Node]:
    """The addresses where the device is no more: another one holds it, or it was asked in vain since."""
    last: dict[Node, int] = {}
    for seen in evidence:
        if is_sighting(seen) and seen.address not in whereabouts:
            last[seen.address] = max(last.get(seen.address, 0), about.runs.of(seen.seen))
    return frozenset(address for address, run in last.items() if _is_left(address, run, macs, about))


def _is_left(address: Node, last: int, macs: Collection[Mac], about: _Site) -> bool:
    if isinstance(address, Mac):
        return False
    asked = about.frame.asked.get(address)
    return about.frame.holders.now(address) not in (None, *macs) or (asked is not None and about.runs.of(asked) > last)


def _device_id(nodes: tuple[Node, ...], part: _Part) -> str:
    """The id by the key under which the device was first seen."""
    keys = [
        (o.seen, _key(o, node, part.about))
        for node in nodes
        for o in part.evidence.get(node, ())
        if is_sighting(o) or o.attribute.startswith(ADMIN)
    ]
    _, key = min(keys)
    return id_of(key)


def _key(seen: Observation, node: Node, about: _Site) -> str:
    """A MAC, or the IP address at the site for what was seen before any MAC was known there."""
    if isinstance(seen.address, Mac):
        return mac_key(seen.address)
    times = about.frame.holders.times.get(seen.address, ())
    if isinstance(node, Mac) and times and times[0] <= seen.seen:
        return mac_key(node)
    return ip_key(seen.address, about.name)


def _words(evidence: Iterable[Observation]) -> dict[str, str]:
    """What humans say of the device, without `admin.`; the latest word stands, an empty one takes it back."""
    said: dict[str, Observation] = {}
    for seen in evidence:
        if seen.attribute.startswith(ADMIN):
            said[seen.attribute.removeprefix(ADMIN)] = seen
    return {name: seen.value for name, seen in said.items() if seen.value}


def _truth(text: str) -> bool | None:
    return text.casefold() in _YES if text else None


def _latest(evidence: Iterable[Observation], attribute: str) -> str:
    values = [seen.value for seen in evidence if seen.attribute == attribute]
    return values[-1] if values else ""


def _hostname(evidence: tuple[Observation, ...]) -> str:
    names = [seen for seen in evidence if seen.attribute == HOSTNAME and seen.value]
    return max(names, key=lambda o: (o.confidence, o.seen, o.value)).value if names else ""


def _names(evidence: Iterable[Observation]) -> tuple[Evidence, ...]:
    """Each name once a source, as it was last heard: a name server says the same at every run."""
    found = {
        (o.value, o.confidence, o.source): Evidence("hostname", o.value, o.confidence, o.source, "", o.seen)
        for o in evidence
        if o.attribute == HOSTNAME
    }
    return tuple(sorted(found.values(), key=lambda e: (-e.confidence, str(e.seen), e.value, e.source)))


def _reserved(evidence: Iterable[Observation], words: Mapping[str, str]) -> bool | None:
    said = _truth(words.get("address_reserved", ""))
    return said if said is not None else _truth(_latest(evidence, LEASE))


def _facts(evidence: tuple[Observation, ...]) -> tuple[tuple[str, str], ...]:
    """What rules read: a human's word, unless the last measurement, made after it, disproves it (docs/adr/0007)."""
    found: dict[str, Observation] = {}
    said: dict[str, Observation] = {}
    for seen in evidence:
        name = seen.attribute.removeprefix(ADMIN)
        if name != seen.attribute:
            if name not in _FIELDS:
                said[name.removeprefix(FACT)] = seen
        elif name in _FACTS or name.startswith(FACT):
            found[name.removeprefix(FACT)] = seen
    for name, word in said.items():
        last, disproof = found.get(name), _DISPROOF.get((name, word.value), frozenset())
        if word.value and not (last and last.seen > word.seen and last.value in disproof):
            found[name] = word
    asked = sorted({seen.value for seen in evidence if seen.attribute == SCANNED and seen.value})
    told = {name: seen.value for name, seen in found.items()} | {"scanned": ",".join(asked)}
    return tuple(sorted((name, value) for name, value in told.items() if value))
