"""Changes to a configuration: negating a line, VLAN lists, and replacing one configuration by another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab.switch import config as tree
from lab.switch.config import Config, Node
from lab.switch.grammar import Match
from lab.switch.hardware import value, vlans
from lab.switch.machine import Machine

# The dialogue of `configure replace`: "Configuration Replace and Configuration Rollback", examples.
WARNING = (
    "This will apply all necessary additions and deletions\n"
    "to replace the current running configuration with the\n"
    "contents of the specified configuration file, which is\n"
    "assumed to be a complete configuration, not a partial\n"
    "configuration. Enter Y if you are sure you want to proceed. ? [no]: "
)

# A default that IOS prints once it is negated.
_SHOWN_WHEN_OFF = ("switchport",)


def negate(config: Config, path: tuple[str, ...], line: Match) -> Config:
    """`no LINE`: whatever begins so is gone. Removing an access list leaves the ports' `ip access-group` lines."""
    if (line.line in _SHOWN_WHEN_OFF and path) or line.line == "cdp run":
        return tree.put(config, path, f"no {line.line}")
    made = line.line.startswith(("interface Vlan", "interface Port-channel", "interface Loopback"))
    if line.pattern.startswith("interface ") and not made:
        return tree.set_lines(config, (line.line,), ()) if tree.has(config, line.line) else config
    return tree.drop(config, path, line.line)


def ranges(numbers: Sequence[int]) -> str:
    """VLANs as IOS lists them: `10,20-22`."""
    out: list[list[int]] = []
    for number in sorted(numbers):
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in out)


def trunk_vlans(lines: Sequence[str], operation: str, argument: str) -> str:
    """What `switchport trunk allowed vlan` becomes; empty means all, which IOS does not print."""
    now = value(lines, "switchport trunk allowed vlan", "all")
    held = set(range(1, 4095)) if now == "all" else set(vlans(now))
    given = set(vlans(argument))
    after = {
        "add": held | given,
        "remove": held - given,
        "except": set(range(1, 4095)) - given,
        "all": set(range(1, 4095)),
        "set": given,
    }[operation]
    if len(after) == 4094:
        return ""
    return ranges(sorted(after)) or "none"


def target(machine: Machine, name: str) -> Config | None:
    """The configuration that a file name means: startup, or one in the archive."""
    if name in ("nvram:startup-config", "startup-config", "system:startup-config"):
        return tree.parse(machine.startup)
    return next((config for known, config in machine.archives if known == name), None)


def _flat(nodes: Sequence[Node], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for node in nodes:
        yield (*path, node.line)
        yield from _flat(node.children, (*path, node.line))


def passes(before: Config, after: Config) -> str:
    """What a rollback prints: the commands that lead from one configuration to the other."""
    old, new = list(_flat(before.nodes)), list(_flat(after.nodes))
    out = ["!Pass 1", "", "!List of Rollback Commands:"]
    out.extend(line for one in old if one not in new and one[:-1] in [(), *new] for line in _command(one, "no "))
    out.extend(line for one in new if one not in old for line in _command(one, ""))
    return "\n".join([*out, "end", "", "", "Total number of passes: 1", "Rollback Done", "", ""])


def _command(path: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    return (*path[:-1], prefix + path[-1])
