"""The configuration as a tree: text to tree, one line merged or taken out, and text again, always in the same order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from lab.switch import acl
from lab.switch.names import natural


@dataclass(frozen=True, slots=True)
class Node:
    """A line and the lines of its sub-mode."""

    line: str
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration."""

    nodes: tuple[Node, ...] = ()


Path = tuple[str, ...]

# Where a line stands: IOS prints by subsystem, whatever the order of typing.
_TOP = (
    r"version ",
    r"(no )?service ",
    r"hostname ",
    r"boot",
    r"logging buffered|logging console|no logging console",
    r"enable ",
    r"username ",
    r"(no )?aaa ",
    r"clock ",
    r"switch ",
    r"system ",
    r"ip (routing|arp|dhcp|domain|name-server|ssh|device|igmp)",
    r"(no )?ip domain",
    r"vtp ",
    r"mls|mac ",
    r"crypto ",
    r"dot1x |authentication |access-session ",
    r"errdisable ",
    r"archive",
    r"configuration mode",
    r"spanning-tree ",
    r"vlan access-map|vlan filter",
    r"vlan ",
    r"lldp |cdp ",
    r"(class|policy)-map ",
    r"interface Port-channel",
    r"interface (?!Vlan|Loopback)",
    r"interface Loopback",
    r"interface Vlan",
    r"ip default-gateway",
    r"ip ",
    r"ip access-list standard",
    r"ip access-list extended",
    r"logging ",
    r"access-list ",
    r"mac access-list",
    r"snmp-server ",
    r"radius|tacacs",
    r"banner ",
    r"line con",
    r"line vty",
    r"ntp |sntp ",
)

_INTERFACE = (
    r"description ",
    r"no switchport",
    r"switchport access",
    r"switchport trunk",
    r"switchport mode",
    r"switchport nonegotiate",
    r"switchport voice",
    r"switchport port-security",
    r"switchport",
    r"ip address|no ip address",
    r"ip access-group",
    r"mac access-group",
    r"ipv6",
    r"ip ",
    r"shutdown",
    r"speed|duplex",
    r"authentication|access-session",
    r"mab",
    r"dot1x",
    r"lldp|cdp",
    r"storm-control",
    r"spanning-tree",
    r"channel",
)

# Settings with one value: a new line with the same beginning takes the place of the old one.
_SINGLE = (
    r"hostname|version|enable secret|enable password|ip default-gateway",
    r"ip domain-name|ip domain name|vtp mode|vtp domain",
    r"logging buffered|snmp-server location|snmp-server contact|spanning-tree mode|path|maximum|time-period",
    r"configuration mode|mac address-table aging-time|exec-timeout|transport input|banner motd|name",
    r"description|switchport access vlan|switchport voice vlan|switchport mode|switchport trunk native vlan",
    r"switchport trunk allowed vlan|switchport trunk encapsulation|ip address|speed|duplex|channel-group",
    r"authentication port-control|authentication host-mode|authentication order|ip verify source|no ip address",
    r"ip dhcp snooping limit rate|username \S+|ip access-group \S+|mac access-group \S+",
)


@cache
def _rank(line: str, table: Sequence[str]) -> int:
    """The longest matching beginning wins, so that `ip access-list` is not taken for `ip`."""
    hits = [(len(found[0]), at) for at, pattern in enumerate(table) if (found := re.match(pattern, line))]
    return max(hits, key=lambda hit: hit[0])[1] if hits else len(table)


def _order(nodes: Sequence[Node], parent: str) -> tuple[Node, ...]:
    if parent.startswith("ip access-list"):
        return tuple(nodes)
    table = _INTERFACE if parent.startswith("interface") else _TOP
    if parent and not parent.startswith("interface"):
        return tuple(nodes)
    return tuple(sorted(nodes, key=lambda node: (_rank(node.line, table), natural(node.line))))


def slot(line: str) -> str:
    """What a line sets: lines with equal slots exclude each other."""
    bound = re.fullmatch(r"((?:ip|mac) access-group) (\S+) (in|out)", line)
    if bound:
        # A second `ip access-group NAME in` replaces the first: Catalyst 3560 "Configuring Network Security with ACLs".
        return f"{bound[1]} {bound[3]}"
    for row in _SINGLE:
        found = re.match(rf"(?:{row})(?= |$)", line)
        if found:
            return found[0]
    return line


_DEFAULTS = frozenset(
    {"switchport access vlan 1", "switchport trunk native vlan 1", "switchport", "switchport mode dynamic auto"}
)


def children(config: Config, path: Path) -> tuple[Node, ...]:
    """The nodes under a path; none where it does not exist."""
    nodes = config.nodes
    for line in path:
        nodes = next((node.children for node in nodes if node.line == line), ())
    return nodes


def lines(config: Config, *path: str) -> tuple[str, ...]:
    """The lines directly under a path."""
    return tuple(node.line for node in children(config, path))


def has(config: Config, *path: str) -> bool:
    """Whether a line is there."""
    return any(node.line == path[-1] for node in children(config, path[:-1]))


def headed(config: Config, prefix: str) -> tuple[str, ...]:
    """The rests of the top-level lines with a beginning: names of interfaces, of access lists."""
    return tuple(node.line[len(prefix) :] for node in config.nodes if node.line.startswith(prefix))


def update(config: Config, path: Path, change: Callable[[tuple[Node, ...]], tuple[Node, ...]]) -> Config:
    """The configuration with the nodes under a path changed; the path is made where it is not there."""

    def into(nodes: tuple[Node, ...], left: Path, parent: str) -> tuple[Node, ...]:
        if not left:
            return _order(change(nodes), parent)
        if all(node.line != left[0] for node in nodes):
            nodes = (*nodes, Node(left[0]))
        changed = tuple(
            replace(node, children=into(node.children, left[1:], left[0])) if node.line == left[0] else node
            for node in nodes
        )
        return _order(changed, parent)

    return Config(into(config.nodes, path, ""))


def put(config: Config, path: Path, line: str) -> Config:
    """Merge one line; a section is only made, never emptied; a default vanishes."""

    def change(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        if any(node.line == line for node in nodes):
            return nodes
        kept = tuple(node for node in nodes if slot(node.line) != slot(line) and node.line != f"no {line}")
        return kept if line in _DEFAULTS else (*kept, Node(line))

    return update(config, path, change)


def drop(config: Config, path: Path, prefix: str) -> Config:
    """Take out each line that is the given one or begins with its words (`no description`)."""
    if not children(config, path) and path:
        return config

    def change(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(node for node in nodes if node.line != prefix and not node.line.startswith(prefix + " "))

    return update(config, path, change)


def set_lines(config: Config, path: Path, new: Sequence[str]) -> Config:
    """Replace all lines under a path."""
    return update(config, path, lambda _: tuple(Node(line) for line in new))


def _indented(text: str) -> Iterator[tuple[int, str]]:
    for raw in text.splitlines():
        line = raw.rstrip()
        if line.strip() and not line.strip().startswith("!") and line.strip() != "end":
            yield len(line) - len(line.lstrip()), line.strip()


def parse(text: str) -> Config:
    """Read a configuration file; comments, `end` and the headers of `show` commands are skipped."""
    config = Config()
    stack: list[tuple[int, str]] = []
    for indent, line in _indented(text):
        if line.startswith(("Building configuration", "Current configuration", "Using ")):
            continue
        while stack and stack[-1][0] >= indent:
            stack.pop()
        path = tuple(one for _, one in stack)
        if path and path[0].startswith("ip access-list extended"):
            config = add_entry(config, path[0], line)
        else:
            config = put(config, path, line)
            stack.append((indent, line))
    return config


def add_entry(config: Config, section: str, line: str) -> Config:
    """Add a line to an access list as the CLI would."""
    entries = acl.read(lines(config, section))
    words = line.split()
    entry = acl.parse_entry(words, range(len(words)), entries)
    return set_lines(config, (section,), [acl.line(one) for one in acl.insert(entries, entry)])


def _body(nodes: Sequence[Node], depth: int, numbered: bool, parent: str = "") -> Iterator[str]:
    for node in nodes:
        line = node.line
        if parent.startswith("ip access-list") and not numbered:
            line = line.partition(" ")[2]
        yield " " * depth + line
        yield from _body(node.children, depth + 1, numbered, node.line)


def _is_section(node: Node) -> bool:
    return bool(node.children) or node.line.startswith(("interface ", "vlan ", "ip access-list", "line "))


def render(config: Config, *, numbered: bool = True) -> str:
    """The configuration in IOS's order, `!` between sections, `end` last; `numbered` prints access lists' numbers."""
    out: list[str] = []
    rank = -1
    for node in config.nodes:
        new = _rank(node.line, _TOP)
        separate = new != rank or (_is_section(node) and not node.line.startswith(("ip access-list", "line ")))
        if separate and out:
            out.append("!")
        out.extend(_body((node,), 0, numbered))
        rank = new
    return "\n".join([*out, "!", "end", ""])


def section_text(config: Config, line: str, *, numbered: bool = True) -> str:
    """One section as `show running-config interface X` prints it."""
    nodes = [node for node in config.nodes if node.line == line]
    return "\n".join(_body(nodes, 0, numbered))
