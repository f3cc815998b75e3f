"""Show commands of configuration, access lists, archive, lines and log, in the layouts that ntc-templates parses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from lab.switch import acl, show_neighbours, show_ports, show_system
from lab.switch import config as tree
from lab.switch.asker import Asker as Asker
from lab.switch.grammar import Match
from lab.switch.hardware import bound
from lab.switch.machine import Machine

Shower = Callable[[Machine, Asker, Match], str]


def show(machine: Machine, asker: Asker, found: Match) -> str:
    """The answer to a matched show command."""
    return _SHOWERS[found.action](machine, asker, found)


def running(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show running-config`, with the size that IOS announces first."""
    text = machine.text(machine.running)
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}\n"


def running_interface(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show running-config interface X`."""
    section = f"interface {found.arguments[0]}"
    if not tree.has(machine.running, section):
        return "% Invalid input detected at '^' marker.\n\n"
    text = tree.section_text(machine.running, section) + "\nend\n"
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}\n"


def startup(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show startup-config`."""
    text = machine.startup
    return f"Using {len(text)} out of 524288 bytes\n!\n{text}\n" if text else "startup-config is not present\n"


def access_lists(machine: Machine, _asker: Asker, found: Match) -> str:
    """Each list with its numbers and, behind an entry that was hit, the matches; remarks are not shown."""
    wanted = found.arguments[0] if found.arguments else ""
    names = [name for name in tree.headed(machine.running, "ip access-list extended ") if wanted in ("", name)]
    return "".join(_access_list(machine, name) for name in names)


def _access_list(machine: Machine, name: str) -> str:
    hits = machine.hits(name)
    out = [f"Extended IP access list {name}"]
    for entry in acl.aces(tree.lines(machine.running, f"ip access-list extended {name}")):
        count = hits.get(entry.sequence, 0)
        matches = f" ({count} match{'es' if count != 1 else ''})" if count else ""
        out.append(f"    {entry.sequence} {acl.render(entry)}{matches}")
    return "\n".join([*out, ""])


def access_lists_interface(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show ip access-lists interface X`: the list in its direction, as far as it exists."""
    name = bound(machine.running, found.arguments[0])
    if not name:
        return ""
    return _access_list(machine, name).rstrip("\n").replace(f"list {name}", f"list {name} in", 1) + "\n"


def archive(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show archive`."""
    path = next((line[5:] for line in tree.lines(machine.running, "archive") if line.startswith("path ")), "")
    if not path:
        return " Archive feature not enabled\n"
    names = [name for name, _ in machine.archives[-10:]]
    out = [
        "The maximum archive configurations allowed is 10.",
        f"There are currently {len(names)} archive configurations saved.",
        f"The next archive file will be named {path}-<timestamp>-{len(machine.archives)}",
        " Archive #  Name",
    ]
    for at in range(1, 11):
        name = names[at - 1] if at <= len(names) else ""
        out.append(f"   {at:<8} {name}{' <- Most Recent' if name and at == len(names) else ''}")
    return "\n".join([*out, ""])


def rollback_timer(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show archive config rollback timer`; the fields are those that NAPALM's IOS driver reads."""
    pending = machine.rollback
    if not pending:
        return "%No Rollback Confirmed Change pending\n"
    return (
        f"Time configured(UTC): {pending.began:%H:%M:%S UTC %a %b} {pending.began.day} {pending.began.year}\n"
        f"Timer type: {'idle timer' if pending.idle else 'absolute timer'}\n"
        f"Timer value: {pending.minutes} min\n"
        f"User: {pending.user}\n"
    )


def clock(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show clock`."""
    return _clock(machine.now())


def _clock(now: datetime) -> str:
    return f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} UTC {now:%a %b} {now.day} {now.year}\n"


def users(machine: Machine, asker: Asker, _found: Match) -> str:
    """`show users`: the VTYs in use, an asterisk at one's own."""
    out = ["    Line       User       Host(s)              Idle       Location"]
    for line, (user, host) in sorted(machine.lines.items()):
        mark = "*" if line == asker.line else " "
        out.append(f"{mark} {line + 2:>2} vty {line:<5} {user:<10} idle                 00:00:00 {host}")
    return "\n".join([*out, "", "  Interface    User               Mode         Idle     Peer Address", ""])


def line(machine: Machine, asker: Asker, _found: Match) -> str:
    """`show line`: an asterisk marks a line in use."""
    out = ["   Tty Line Typ     Tx/Rx    A Modem  Roty AccO AccI  Uses  Noise Overruns  Int"]
    out.append("      0    0 CTY              -    -      -    -    -     0      0    0/0      -")
    out.append("      1    1 AUX   9600/9600  -    -      -    -    -     0      0    0/0      -")
    for vty in range(machine.spec.vtys):
        mark = "*" if vty in machine.lines else " "
        number, uses = vty + 2, machine.line_uses.get(vty, 0)
        left = f"{mark}{number:>6} {number:>4} VTY"
        out.append(f"{left:<30}-    -      -    -    - {uses:>5}      0    0/0      -")
    return "\n".join([*out, ""])


def logging(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show logging`."""
    return machine.log.render() + "\n"


def lock(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show configuration lock`."""
    held = machine.lock
    if not held:
        return "Parser Configure Lock\n---------------------\nOwner PID         : -1\nUser              : unknown\n"
    return (
        "Parser Configure Lock\n---------------------\n"
        f"Owner PID         : {300 + held.line}\nUser              : {held.user}\nTTY               : {held.line + 2}\n"
        "Type              : EXCLUSIVE\nState             : LOCKED\nClass             : EXPOSED\n"
    )


def privilege(_machine: Machine, asker: Asker, _found: Match) -> str:
    """`show privilege`."""
    return f"Current privilege level is {asker.privilege}\n"


def terminal(_machine: Machine, asker: Asker, _found: Match) -> str:
    """The two figures of `show terminal` that anyone reads."""
    size = f"Length: {asker.length} lines, Width: {asker.width} columns"
    return f'Line {asker.line + 2}, Location: "", Type: "vt100"\n{size}\n'


_SHOWERS: Mapping[str, Shower] = {
    "running": running,
    "running-interface": running_interface,
    "startup": startup,
    "access-lists": access_lists,
    "access-lists-interface": access_lists_interface,
    "archive": archive,
    "rollback-timer": rollback_timer,
    "clock": clock,
    "users": users,
    "line": line,
    "logging": logging,
    "lock": lock,
    "privilege": privilege,
    "terminal": terminal,
    **show_neighbours.SHOWERS,
    **show_ports.SHOWERS,
    **show_system.SHOWERS,
}
