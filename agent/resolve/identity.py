"""Which addresses are one device: nodes, the strong keys that join them, and what vetoes a merge (DESIGN section 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, pairwise

from agent.model.address import IpAddress, Mac
from agent.model.observation import ADMIN, OWN_IP, OWN_MAC, Observation
from agent.resolve.timeline import Holders, Runs, ip_of, is_answer, is_interface, mac_of

Node = Mac | IpAddress
"""An interface's MAC, or an IP address that was never seen with one."""

MERGE = ADMIN + "merge"
SPLIT = ADMIN + "split"
_KEYS = ("ipp.printer-uuid", "upnp.uuid", "ssdp.uuid", "lldp.chassis-id")
"""Attributes whose value names one device in the world (RFC 8011, UPnP Device Architecture 1.1, IEEE 802.1AB)."""


def order(node: Node) -> str:
    """The node's key as text, by which ties are settled."""
    return f"mac:{node}" if isinstance(node, Mac) else f"ip:{node}"


def node_at(address: Node, moment: datetime, holders: Holders) -> Node | None:
    """The node that an observation about an address speaks of; None for a MAC that is nobody's."""
    if isinstance(address, Mac):
        return address if is_interface(address) else None
    return holders.at(address, moment) or address


@dataclass(slots=True)
class Groups:
    """Disjoint sets of nodes; a set's root is its first node by text, so that the order of joining never shows."""

    _parent: dict[Node, Node] = field(default_factory=dict)

    def root(self, node: Node) -> Node:
        """The set's root; a new node is its own."""
        path = []
        while (above := self._parent.setdefault(node, node)) != node:
            path.append(node)
            node = above
        for passed in path:
            self._parent[passed] = node
        return node

    def join(self, one: Node, other: Node) -> None:
        """Make one set of two."""
        first, second = sorted((self.root(one), self.root(other)), key=order)
        self._parent[second] = first

    def sets(self) -> dict[Node, tuple[Node, ...]]:
        """Every set by its root, both sorted."""
        found: dict[Node, list[Node]] = defaultdict(list)
        for node in sorted(self._parent, key=order):
            found[self.root(node)].append(node)
        return {root: tuple(nodes) for root, nodes in found.items()}


Evidence = Mapping[Node, tuple[Observation, ...]]
SerialOf = Callable[[tuple[Observation, ...]], tuple[str, str]]
"""The vendor and the serial that some evidence shows."""

Life = Mapping[Node, int]
"""The runs in which each node of a set was seen: bit n is run n."""


@dataclass(frozen=True, slots=True)
class Traits:
    """By what a set of nodes may be joined to others: its strong keys, and when it lived.

    `held` are the runs in which its MACs answered at each address.
    """

    keys: frozenset[str]
    life: Life
    held: Life


def traits_of(
    nodes: tuple[Node, ...], evidence: Evidence, apart: frozenset[Node], runs: Runs, serial_of: SerialOf
) -> Traits:
    """The traits of a set; one with a node that a human set apart has no keys."""
    if any(node in apart for node in nodes):
        return Traits(frozenset(), {}, {})
    keys = _strong_keys(tuple(o for n in nodes for o in evidence.get(n, ())), serial_of)
    held: dict[Node, int] = defaultdict(int)
    for seen in (o for node in nodes if isinstance(node, Mac) for o in evidence.get(node, ())):
        if is_answer(seen) and not isinstance(seen.address, Mac):
            held[seen.address] |= 1 << runs.of(seen.seen)
    return Traits(frozenset(keys), life(nodes, evidence, runs), held)


def assign(observations: Iterable[Observation], holders: Holders) -> dict[Node, tuple[Observation, ...]]:
    """Each observation under the node that it speaks of, in the observations' order."""
    held: dict[Node, list[Observation]] = defaultdict(list)
    for seen in observations:
        node = node_at(seen.address, seen.seen, holders)
        if node is not None and not holders.is_echo(seen):
            held[node].append(seen)
    return {node: tuple(seen) for node, seen in held.items()}


def own_groups(evidence: Evidence, apart: frozenset[Node], holders: Holders) -> Groups:
    """Nodes joined by what devices say of themselves (own-mac, own-ip), but for those set apart.

    What several claim joins them only if they are one device anyway; or it is a universal MAC and they claim each other
    or never met.
    """
    groups = Groups()
    claims = sorted(
        ((node, other) for node in evidence for other in _claimed(node, evidence[node], holders)),
        key=lambda pair: (order(pair[0]), order(pair[1])),
    )
    claimants: dict[Node, set[Node]] = defaultdict(set)
    for node, other in claims:
        claimants[other].add(node)
    for node in evidence:
        groups.root(node)
    free = [(n, o) for n, o in claims if n not in apart and o not in apart]
    lives, told = {n: life((n,), evidence, holders.runs) for n, _ in free}, set(free)
    for node, other in free:
        if len(claimants[other]) == 1 or (not _reusable(other) and not _rival_claims(claimants[other], lives, told)):
            groups.join(node, other)
    for node, other in free:
        if len({groups.root(claimant) for claimant in claimants[other]}) == 1:
            groups.join(node, other)
    return groups


def _rival_claims(claimants: Iterable[Node], lives: Mapping[Node, Life], claims: set[tuple[Node, Node]]) -> bool:
    pairs = combinations([claimant for claimant in claimants if claimant in lives], 2)
    return any(_veto(lives[a], lives[b]) and not {(a, b), (b, a)} & claims for a, b in pairs)


def _reusable(node: Node) -> bool:
    """An address that several devices may hold as their own: a local MAC, or an IP without a MAC (a VRRP router's)."""
    return not isinstance(node, Mac) or node.is_local


def set_apart(evidence: Evidence, holders: Holders) -> frozenset[Node]:
    """The nodes that a human split off; a word that names an address means that one, any other its own node."""
    said = ((node, word) for node, seen in evidence.items() if (word := _word(seen, SPLIT)))
    return frozenset(_target(word, holders) or node for node, word in said)


def merges(evidence: Evidence, apart: frozenset[Node], holders: Holders) -> Iterator[tuple[Node, Node]]:
    """The nodes that a human merged, in pairs.

    They are joined when all else is: a human's word makes two devices one, with whatever each of them is by itself.
    """
    for node, seen in evidence.items():
        target = _target(_word(seen, MERGE), holders)
        if target is not None and node not in apart and target not in apart:
            yield node, target


def _claimed(node: Node, evidence: tuple[Observation, ...], holders: Holders) -> set[Node]:
    found: set[Node | None] = set()
    for seen in evidence:
        if seen.attribute == OWN_MAC and (mac := mac_of(seen.value)):
            found.add(mac)
        if seen.attribute == OWN_IP and (ip := ip_of(seen.value)):
            found |= {holders.within_run(ip, seen.seen)} if holders.now(ip) else {ip}
    return {other for other in found if other not in (None, node)}


def _word(evidence: tuple[Observation, ...], attribute: str) -> Observation | None:
    said = [seen for seen in evidence if seen.attribute in (MERGE, SPLIT)]
    by_kind = {kind: [s for s in said if s.attribute == kind] for kind in (MERGE, SPLIT)}
    last = {kind: max(words, key=lambda s: (s.seen, s.value)) for kind, words in by_kind.items() if words}
    mine = last.get(attribute)
    if mine is None or not mine.value:
        return None
    newer = max((w for w in last.values() if w.value), key=lambda s: (s.seen, s.attribute, s.value))
    return mine if newer is mine else None


def _target(word: Observation | None, holders: Holders) -> Node | None:
    if word is None:
        return None
    ip = ip_of(word.value)
    return (holders.at(ip, word.seen) or ip) if ip else mac_of(word.value)


def join_by_keys(groups: Groups, traits: Mapping[Node, Traits], said: Groups) -> None:
    """Join sets that share a strong key, unless two of them were live at once: then the key is not one device's.

    `traits` are those of each set, by its root. Sets that are one in `said` are so by a human's word, live or not.
    """

    def vetoed(one: Node, other: Node) -> bool:
        return said.root(one) != said.root(other) and _vetoed(lives[one], lives[other])

    sharing: dict[str, set[Node]] = defaultdict(set)
    for root, own in traits.items():
        for key in own.keys:
            sharing[key].add(root)
    sharing = {key: roots for key, roots in sharing.items() if len(roots) > 1}
    lives = {root: traits[root] for roots in sharing.values() for root in roots}
    for key in sorted(sharing):
        roots = sorted(sharing[key], key=order)
        if not any(vetoed(one, other) for one, other in combinations(roots, 2)):
            _join_all(groups, roots, lives, vetoed)


def _join_all(groups: Groups, roots: list[Node], lives: Iterable[Node], vetoed: Callable[[Node, Node], bool]) -> None:
    for one, other in pairwise(roots):
        members = [[r for r in lives if groups.root(r) == groups.root(side)] for side in (one, other)]
        if groups.root(one) == groups.root(other):
            continue
        if not any(vetoed(a, b) for a in members[0] for b in members[1]):
            groups.join(one, other)


def _strong_keys(evidence: tuple[Observation, ...], serial_of: SerialOf) -> set[str]:
    said = ((seen.attribute, seen.value.strip().lower()) for seen in evidence if seen.attribute in _KEYS)
    found = {f"{name}:{value}" for name, value in said if _names_one(value)}
    vendor, serial = serial_of(evidence)
    if vendor and serial:
        found.add(f"serial:{vendor.casefold()}:{serial.casefold()}")
    return found


_NEVER_FILLED_IN = "03000200-0400-0500-0006-000700080009"
"""The UUID of mainboards whose maker wrote none (AMI's default)."""


def _names_one(value: str) -> bool:
    """False for an identity that nobody filled in: too short, one digit all over, or a known default."""
    bare = value.removeprefix("urn:").removeprefix("uuid:")
    return bare != _NEVER_FILLED_IN and len(bare) > 4 and len({sign for sign in bare if sign.isalnum()}) > 2


def life(nodes: Iterable[Node], evidence: Evidence, runs: Runs) -> Life:
    """The runs in which each node answered; what routers remember of it does not count."""
    return {node: _bits(runs.of(o.seen) for o in evidence.get(node, ()) if is_answer(o)) for node in nodes}


def current(nodes: tuple[Node, ...], evidence: Evidence, runs: Runs) -> tuple[Node, ...]:
    """The nodes that a device still has: those of its last run, and whatever answered together with one of these."""
    lives = life(nodes, evidence, runs)
    newest = max((lived.bit_length() for lived in lives.values()), default=0)
    last = [lived for lived in lives.values() if lived and lived.bit_length() == newest]
    return tuple(node for node in nodes if not lives[node] or any(lives[node] & lived for lived in last))


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


def _vetoed(one: Traits, other: Traits) -> bool:
    """True where two sets lived at once, or one at an address without a MAC while the other answered elsewhere."""
    return _veto(one.life, other.life) or _veto(_routed(one.life), other.held) or _veto(one.held, _routed(other.life))


def _routed(own: Life) -> Life:
    return {node: runs for node, runs in own.items() if not isinstance(node, Mac)}


def _veto(one: Life, other: Life) -> bool:
    """True where two universal MACs, or two addresses of one family without any, were live in the same run."""
    return any(a != b and one[a] & other[b] and _rivals(a, b) for a in one for b in other)


def _rivals(a: Node, b: Node) -> bool:
    if isinstance(a, Mac) or isinstance(b, Mac):
        return isinstance(a, Mac) and isinstance(b, Mac) and a.is_universal and b.is_universal
    return a.version == b.version
