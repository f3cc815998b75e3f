"""nftables text of an ACL in the bridge family, both ways; what is not understood is refused, never skipped.

An ACL is a chain of table `bridge lanward`; the base chain at prerouting jumps to it by the port's name. Its head
is about the link: ARP passes, IPv6 neighbour discovery passes but for router advertisements and redirects, all else
that is not IPv4 is dropped (from the planned MACs alone where other machines share the port). The lines follow.
A rule that asks for L4 says itself that it is about no non-initial fragment: nft(8) leaves open what a transport match
does to one, and in the bridge family of Linux 6.18 it takes the fragment's data for ports (tests/lab/test_acl_nft.py).
`meta protocol` is asked rather than `ether type`: it sees through a priority tag (IEEE 802.1Q, VID 0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from agent.acl.lines import ANY, PROTOCOLS, Icmp, Line, PortRange
from agent.model.address import Mac
from agent.model.errors import BadInput, LanwardError, UnknownName

TABLE = "lanward"
BASE_CHAIN = "ports"
PRIORITY = -300
"""Before anything that could put fragments together (nf_conntrack_bridge, -200)."""

ND_TYPES = (
    "mld-listener-report",
    "mld-listener-done",
    "nd-router-solicit",
    "nd-neighbor-solicit",
    "nd-neighbor-advert",
    "mld2-listener-report",
)
"""What a host must send to live on a link (RFC 4861, RFC 2710, RFC 3810); an edge port sends no advertisements."""

ICMP_TYPES = {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    "redirect": 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
    "info-request": 15,
    "info-reply": 16,
    "address-mask-request": 17,
    "address-mask-reply": 18,
}
"""nft's names (nft(8), "ICMP TYPE TYPE")."""

ICMP_CODES = {
    "net-unreachable": 0,
    "host-unreachable": 1,
    "prot-unreachable": 2,
    "port-unreachable": 3,
    "frag-needed": 4,
    "net-prohibited": 9,
    "host-prohibited": 10,
    "admin-prohibited": 13,
}

VERDICTS = {"permit": "accept", "deny": "drop"}
_ACTIONS = {verdict: action for action, verdict in VERDICTS.items()}
_TYPE_WORDS = {number: word for word, number in ICMP_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Chain:
    """What an ACL's chain holds: its lines, and the MACs that its head is about (none: the whole port)."""

    lines: tuple[Line, ...]
    macs: tuple[Mac, ...]


def render(lines: Sequence[Line], name: str, remark: str, macs: Sequence[Mac] = ()) -> tuple[str, ...]:
    """The text for `nft -f -` that makes the chain, which must not exist yet: nft would append to it.

    Lines that end in a denial of all are of the exclusive form. On a shared port `macs` are the planned ones; without
    them the link's head drops nothing. Raise BadInput for a remark that nft refuses or lines without an explicit end.
    """
    if not lines or lines[-1] not in (Line("deny"), Line("permit")):
        raise BadInput(f"ACL {name} has no explicit end", hint="its last line must decide on everything")
    if not _REMARK.fullmatch(remark):
        raise BadInput(
            f"remark '{remark}' is empty, longer than 128 characters, or holds what a shell or nft would read"
        )
    rules = [*_head(lines[-1] == Line("deny"), macs), *(rule(line) for line in lines)]
    body = [f'\t\tcomment "{remark}"', *(f"\t\t{text}" for text in rules)]
    return (f"table bridge {TABLE} {{", f"\tchain {name} {{", *body, "\t}", "}")


def _head(exclusive: bool, macs: Sequence[Mac]) -> list[str]:
    types = ", ".join(ND_TYPES)
    if exclusive:
        return [
            "meta protocol arp counter accept",
            f"icmpv6 type {{ {types} }} counter accept",
            "meta protocol != ip counter drop",
        ]
    rules = ["meta protocol arp counter accept"]
    for mac in sorted(macs):
        rules.append(f"ether saddr {mac} icmpv6 type {{ {types} }} counter accept")
        rules.append(f"ether saddr {mac} meta protocol != ip counter drop")
    return rules


def rule(line: Line) -> str:
    """One line as an nft rule with a counter."""
    words = [f"ip {side} {_address(net)}" for side, net in (("saddr", line.src), ("daddr", line.dst)) if net != ANY]
    if line.proto != "ip" and not line.asks_l4:
        words.append(f"ip protocol {line.proto}")
    if line.fragments or line.asks_l4:
        words.append(f"ip frag-off & 8191 {'!=' if line.fragments else '=='} 0")
    words += [f"{line.proto} {side} {_span(r)}" for side, r in (("sport", line.sport), ("dport", line.dport)) if r]
    if line.established:
        words.append("tcp flags rst,ack")
    if line.icmp is not None:
        words += _icmp_words(line.icmp)
    if not words or not words[0].startswith("ip "):
        words.insert(0, "meta protocol ip")
    return " ".join([*words, "counter", VERDICTS[line.action]])


def _address(network: IPv4Network) -> str:
    return str(network.network_address) if network.prefixlen == 32 else str(network)


def _span(ports: PortRange) -> str:
    low, high = ports
    return str(low) if low == high else f"{low}-{high}"


def _icmp_words(icmp: Icmp) -> list[str]:
    kind, code = icmp
    words = [f"icmp type {_TYPE_WORDS.get(kind, kind)}"]
    return words if code is None else [*words, f"icmp code {code}"]


def base_chain() -> tuple[str, ...]:
    """The text for `nft -f -` that makes the table and the base chain; it changes nothing where they exist."""
    hook = f"type filter hook prerouting priority {PRIORITY}; policy accept;"
    return (f"table bridge {TABLE} {{", f"\tchain {BASE_CHAIN} {{", f"\t\t{hook}", "\t}", "}")


def binding(port: str, name: str) -> str:
    """The base chain's rule that sends what comes in on a port through an ACL."""
    return f'iifname "{port}" jump {name}'


_EXCLUSIVE_END = ("meta protocol ip drop",)
_REMARK = re.compile(r"[A-Za-z0-9 ._:/@#+,=()-]{1,128}")
_CHAIN = re.compile(r"chain (\S+) \{")
_NOISE = re.compile(r" counter(?: packets \d+ bytes \d+)?(?= )| # handle \d+$")
_JUMP = re.compile(r'iifname "([^"]+)" jump (\S+)')
_TYPE_LINE = re.compile(r"type filter hook prerouting priority (?:dstnat|-300); policy accept;")


def chains(text: str) -> Mapping[str, tuple[str, ...]]:
    """Each chain's rules of `nft list table bridge lanward`, without counters, handles and comments."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for raw in text.splitlines():
        row = _NOISE.sub("", raw.strip())
        if opened := _CHAIN.fullmatch(row):
            if opened[1] in found:
                raise BadInput(f"nft chain '{opened[1]}' is in the text twice")
            current = found.setdefault(opened[1], [])
        elif row == "}":
            current = None
        elif current is not None and row and not row.startswith("comment "):
            current.append(row)
        elif current is None and row and not re.fullmatch(rf"table bridge {TABLE} \{{", row):
            raise BadInput(f"nft: '{row}' is not understood outside a chain")
    return {name: tuple(rows) for name, rows in found.items()}


def bindings(text: str) -> Mapping[str, str]:
    """Port to ACL name, in the base chain's order; raise BadInput for a rule of another form or a port bound twice."""
    bound: dict[str, str] = {}
    for row in chains(text).get(BASE_CHAIN, ()):
        if _TYPE_LINE.fullmatch(row):
            continue
        jump = _JUMP.fullmatch(row)
        if not jump or jump[1] in bound:
            raise BadInput(f"nft chain {BASE_CHAIN}: '{row}' is not ours", hint="leave this switch to its owner")
        bound[jump[1]] = jump[2]
    return bound


def parse(text: str, name: str = "") -> tuple[Line, ...]:
    """The lines of one ACL in `nft list table bridge lanward`; errors as in `parse_chain`."""
    return parse_chain(text, name).lines


def parse_chain(text: str, name: str = "") -> Chain:
    """One ACL's chain, its head checked; raise UnknownName, or BadInput for a rule that is not exactly understood."""
    found = {k: rows for k, rows in chains(text).items() if k != BASE_CHAIN}
    if not name and len(found) != 1:
        raise BadInput(f"the text holds {len(found)} ACL chains", hint="name the one that is meant")
    name = name or next(iter(found))
    if name not in found:
        raise UnknownName(f"no chain '{name}' in table bridge {TABLE}")
    rows = found[name]
    macs = tuple(Mac.parse(m[1]) for row in rows if (m := re.match(r"ether saddr (\S+) meta protocol", row)))
    head = [_NOISE.sub("", text) for text in _head(rows[-1:] == _EXCLUSIVE_END, macs)]
    if [_sorted_set(row) for row in rows[: len(head)]] != [_sorted_set(row) for row in head]:
        raise BadInput(f"nft chain {name}: its head is not ours: '{'; '.join(rows[: len(head)])}'")
    return Chain(tuple(_parse_rule(name, row) for row in rows[len(head) :]), macs)


def _sorted_set(row: str) -> str:
    """The row with the members of its set in one order; nft lists them in its own."""
    return re.sub(r"\{ (.*) \}", lambda m: "{ " + ", ".join(sorted(m[1].split(", "))) + " }", row)


@dataclass(slots=True)
class _Draft:
    """A line while its rule is being read."""

    proto: str = "ip"
    src: IPv4Network = ANY
    dst: IPv4Network = ANY
    ports: dict[str, PortRange] = field(default_factory=dict)
    established: bool = False
    icmp: Icmp | None = None
    fragments: bool = False
    whole: bool = False


_TERMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ip4", re.compile(r"meta protocol ip(?= )")),
    ("net", re.compile(r"ip (saddr|daddr) ([\d./]+)")),
    ("proto", re.compile(r"(?:ip protocol|meta l4proto) (tcp|udp|icmp)")),
    ("frag", re.compile(r"ip frag-off & (?:8191|0x1fff) (!=|==) (?:0x)?0(?= )")),
    ("port", re.compile(r"(tcp|udp) (sport|dport) (\d+)(?:-(\d+))?")),
    ("flags", re.compile(r"(tcp) flags (?:rst,ack|ack,rst|& \((?:rst \| ack|ack \| rst)\) != (?:0x)?0)(?= )")),
    ("icmp", re.compile(r"icmp type ([\w-]+)(?: icmp code ([\w-]+))?")),
)


def _parse_rule(name: str, row: str) -> Line:
    draft, rest = _Draft(), row
    try:
        while rest not in _ACTIONS:
            kind, match = _next_term(rest)
            _take(draft, kind, match)
            rest = rest[match.end() :].strip()
        return _line(_ACTIONS[rest], draft)
    except LanwardError as error:
        raise BadInput(f"nft chain {name}: '{row}': {error.message}", hint="this rule is not ours") from None


def _line(action: str, draft: _Draft) -> Line:
    sport, dport = draft.ports.get("sport"), draft.ports.get("dport")
    line = Line(action, draft.proto, draft.src, draft.dst, sport, dport, draft.established, draft.icmp, draft.fragments)
    if line.asks_l4 != draft.whole:
        raise BadInput("what becomes of non-initial fragments is not said as we say it")
    return line


def _next_term(rest: str) -> tuple[str, re.Match[str]]:
    for kind, pattern in _TERMS:
        if match := pattern.match(rest):
            return kind, match
    raise BadInput(f"'{rest}' is not understood")


def _take(draft: _Draft, kind: str, match: re.Match[str]) -> None:
    if kind == "net":
        _take_network(draft, match)
    elif kind == "proto":
        _take_proto(draft, match[1])
    elif kind == "frag":
        draft.fragments = draft.fragments or match[1] == "!="
        draft.whole = draft.whole or match[1] == "=="
    elif kind == "port":
        _take_proto(draft, match[1])
        low = int(match[3])
        draft.ports[match[2]] = (low, int(match[4] or low))
    elif kind == "flags":
        _take_proto(draft, "tcp")
        draft.established = True
    elif kind == "icmp":
        _take_proto(draft, "icmp")
        draft.icmp = (_number(match[1], ICMP_TYPES), None if match[2] is None else _number(match[2], ICMP_CODES))


def _take_proto(draft: _Draft, proto: str) -> None:
    if draft.proto not in ("ip", proto) or proto not in PROTOCOLS:
        raise BadInput(f"{draft.proto} and {proto} at once")
    draft.proto = proto


def _take_network(draft: _Draft, match: re.Match[str]) -> None:
    try:
        network = IPv4Network(match[2])
    except ValueError:
        raise BadInput(f"'{match[2]}' is no IPv4 network") from None
    if match[1] == "saddr":
        draft.src = network
    else:
        draft.dst = network


def _number(word: str, names: Mapping[str, int]) -> int:
    if word in names:
        return names[word]
    if not word.isdigit():
        raise BadInput(f"'{word}' is not understood")
    return int(word)
