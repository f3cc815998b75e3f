"""IOS text of an extended ACL, both ways; what is not understood is refused, never skipped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from itertools import pairwise, product

from agent.acl.ios_names import ICMP, PORTS
from agent.acl.lines import ANY, PROTOCOLS, Icmp, Line, PortRange
from agent.model.errors import BadInput, UnknownName

STEP = 10
REMARK_LENGTH = 100
"""Longer remarks are cut or refused by IOS (Security Command Reference, "remark")."""

_ICMP_WORDS = {value: word for word, value in ICMP.items()}
_HEADERS = (
    re.compile(r"(?P<kind>[Ee]xtended|[Ss]tandard) IP access list (?P<name>\S+)(?: \(.*\))?"),
    re.compile(r"ip access-list (?P<kind>extended|standard) (?P<name>\S+)"),
)
_NUMBERED = re.compile(r"access-list (?P<name>\d+) (?P<entry>(?:permit|deny|remark)\b.*)")
_HITS = re.compile(r"\s*\(\d+ (?:estimate )?match(?:es)?(?: in last .*)?\)\s*$")
_SEQUENCE = re.compile(r"(\d+)\s+(.*)")


def render(lines: Sequence[Line], name: str, remark: str) -> tuple[str, ...]:
    """The block to be entered in configure mode, its end explicit; raise BadInput for a remark that IOS refuses.

    The content name covers the lines as given, so a missing final deny is refused rather than added.
    """
    _check_remark(remark)
    if not lines or lines[-1] not in (Line("deny"), Line("permit")):
        raise BadInput(f"ACL {name} has no explicit end", hint="its last line must decide on everything")
    block = [f"ip access-list extended {name}", f" remark {remark}"]
    return (*block, *(f" {STEP * n} {entry(line)}" for n, line in enumerate(lines, 1)))


def _check_remark(remark: str) -> None:
    if not remark.strip() or len(remark) > REMARK_LENGTH or not remark.isascii() or not remark.isprintable():
        raise BadInput(f"remark '{remark}' is empty, not plain ASCII, or longer than {REMARK_LENGTH} characters")
    if "?" in remark:
        raise BadInput(f"remark '{remark}' holds '?', which asks IOS for help")


def entry(line: Line) -> str:
    """One entry as IOS takes it, without its sequence number."""
    words = [line.action, line.proto, _network(line.src), *_port_words(line.sport)]
    words += [_network(line.dst), *_port_words(line.dport), *_icmp_words(line.icmp)]
    words += ["established"] * line.established + ["fragments"] * line.fragments
    return " ".join(words)


def _network(network: IPv4Network) -> str:
    if network == ANY:
        return "any"
    if network.prefixlen == 32:
        return f"host {network.network_address}"
    return f"{network.network_address} {network.hostmask}"


def _port_words(ports: PortRange | None) -> list[str]:
    if ports is None:
        return []
    low, high = ports
    return [f"eq {low}"] if low == high else [f"range {low} {high}"]


def _icmp_words(icmp: Icmp | None) -> list[str]:
    if icmp is None:
        return []
    kind, code = icmp
    return [_ICMP_WORDS.get(icmp) or (str(kind) if code is None else f"{kind} {code}")]


def parse(text: str, name: str = "") -> tuple[Line, ...]:
    """The lines of one ACL in `show running-config` or `show ip access-lists` output.

    An entry with several ports becomes several lines. Raise UnknownName where the ACL is not there, BadInput for an
    entry that is not understood exactly, or where the text holds several ACLs and no name is given.
    """
    found = blocks(text)
    if not name and len(found) != 1:
        raise BadInput(f"the text holds {len(found)} IP ACLs", hint="name the one that is meant")
    name = name or next(iter(found))
    if name not in found:
        raise UnknownName(f"no IP ACL '{name}' in the switch's output")
    return tuple(line for text_line in found[name] for line in _parse_entry(name, text_line))


def blocks(text: str) -> Mapping[str, tuple[str, ...]]:
    """Each ACL's entries by its name, in the order of their sequence numbers, remarks and hit counts left out.

    Standard ACLs' entries are marked with a leading "standard". An ACL without entries is an empty tuple.
    """
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    kind = ""
    for raw in text.splitlines():
        stripped = raw.strip()
        header = next((h for pattern in _HEADERS if (h := pattern.fullmatch(stripped))), None)
        if numbered := _NUMBERED.fullmatch(stripped):
            low = int(numbered["name"])
            mark = "standard " if low <= 99 or 1300 <= low <= 1999 else ""
            found.setdefault(numbered["name"], []).append(mark + numbered["entry"])
        elif header:
            if header["name"] in found:
                raise BadInput(f"IP ACL '{header['name']}' is in the text twice")
            kind = "standard " if header["kind"].lower() == "standard" else ""
            current = found.setdefault(header["name"], [])
        elif stripped and not raw.startswith((" ", "\t")):
            current = None
        elif current is not None and stripped:
            current.append(kind + stripped)
    return {name: _in_order(rows) for name, rows in found.items()}


def _in_order(rows: Sequence[str]) -> tuple[str, ...]:
    numbered: list[tuple[int, str]] = []
    for row in rows:
        mark, body = ("standard ", row[9:]) if row.startswith("standard ") else ("", row)
        sequence = _SEQUENCE.fullmatch(body)
        last = numbered[-1][0] if numbered else 0
        number, rest = (int(sequence[1]), sequence[2]) if sequence else (last, body)
        numbered.append((number, mark + _HITS.sub("", rest).strip()))
    ordered = sorted(numbered, key=lambda pair: pair[0])
    return tuple(row for _, row in ordered if not row.removeprefix("standard ").startswith("remark"))


class _Words:
    """The words of one entry, taken from the left."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)

    def peek(self) -> str:
        return self._words[0] if self._words else ""

    def take(self) -> str:
        if not self._words:
            raise BadInput("it ends too early")
        return self._words.pop(0)

    def skip(self, *words: str) -> bool:
        if self.peek() not in words:
            return False
        self.take()
        return True


def _parse_entry(name: str, text: str) -> tuple[Line, ...]:
    words = _Words(text.split())
    try:
        standard = words.skip("standard")
        lines = _standard(words) if standard else _extended(words)
        words.skip("log", "log-input")
        if words.peek():
            raise BadInput(f"'{words.peek()}' is not understood")
    except BadInput as error:
        shown = text.removeprefix("standard ")
        raise BadInput(f"IP ACL {name}: '{shown}': {error.message}", hint="leave this port to its owner") from None
    return lines


def _action(words: _Words) -> str:
    action = words.take()
    if action not in ("permit", "deny"):
        raise BadInput(f"'{action}' is neither permit nor deny")
    return action


def _standard(words: _Words) -> tuple[Line, ...]:
    action = _action(words)
    if words.skip("any"):
        return (Line(action),)
    words.skip("host")
    base = words.take()
    address = _ip(base.removesuffix(","))
    if base.endswith(","):
        if words.take() != "wildcard" or words.take() != "bits":
            raise BadInput("a wildcard was expected")
        return (Line(action, src=_wildcard(address, words.take())),)
    if words.peek()[:1].isdigit():
        return (Line(action, src=_wildcard(address, words.take())),)
    return (Line(action, src=IPv4Network(address)),)


def _extended(words: _Words) -> tuple[Line, ...]:
    action, proto = _action(words), words.take()
    if proto != "ip" and proto not in PROTOCOLS:
        raise BadInput(f"protocol '{proto}' is not understood")
    src, sports = _side(words, proto)
    dst, dports = _side(words, proto)
    icmp = _parse_icmp(words) if proto == "icmp" else None
    established = words.skip("established")
    fragments = words.skip("fragments")
    return tuple(
        Line(action, proto, src, dst, sport, dport, established, icmp, fragments)
        for sport, dport in product(sports, dports)
    )


def _side(words: _Words, proto: str) -> tuple[IPv4Network, Sequence[PortRange | None]]:
    network = _parse_network(words)
    return network, _parse_ports(words) if proto in ("tcp", "udp") else [None]


def _parse_network(words: _Words) -> IPv4Network:
    if words.skip("any"):
        return ANY
    if words.skip("host"):
        return IPv4Network(_ip(words.take()))
    if words.peek() in ("object-group", "addrgroup"):
        raise BadInput("object groups are not understood")
    return _wildcard(_ip(words.take()), words.take())


def _ip(text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise BadInput(f"'{text}' is no IPv4 address") from None


def _wildcard(address: IPv4Address, text: str) -> IPv4Network:
    """The network of an address and an inverted mask; the bits under the mask do not count."""
    wild = int(_ip(text))
    if wild & (wild + 1):
        raise BadInput(f"wildcard {text} is no prefix")
    return IPv4Network((int(address) & ~wild & 0xFFFFFFFF, 32 - wild.bit_length()))


def _parse_ports(words: _Words) -> Sequence[PortRange | None]:
    operator = words.peek()
    if operator not in ("eq", "neq", "gt", "lt", "range"):
        return [None]
    words.take()
    first = _port(words.take())
    if operator == "range":
        return [_span(first, _port(words.take()))]
    if operator in ("gt", "lt"):
        return [_span(first + 1, 65535) if operator == "gt" else _span(0, first - 1)]
    ports = {first}
    while words.peek() in PORTS or words.peek().isdigit():
        ports.add(_port(words.take()))
    return [(port, port) for port in sorted(ports)] if operator == "eq" else _complement(ports)


def _port(text: str) -> int:
    number = PORTS.get(text, int(text) if text.isdigit() else -1)
    if not 0 <= number <= 65535:
        raise BadInput(f"port '{text}' is not understood")
    return number


def _span(low: int, high: int) -> PortRange:
    if low > high or low < 0:
        raise BadInput(f"ports {low} to {high} are no range")
    return low, high


def _complement(ports: set[int]) -> list[PortRange | None]:
    edges = [-1, *sorted(ports), 65536]
    return [(low + 1, high - 1) for low, high in pairwise(edges) if high - low > 1]


def _parse_icmp(words: _Words) -> Icmp | None:
    if words.peek() in ICMP:
        return ICMP[words.take()]
    if not words.peek().isdigit():
        return None
    kind = int(words.take())
    return kind, int(words.take()) if words.peek().isdigit() else None
