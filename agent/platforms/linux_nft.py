"""A Linux bridge with nftables' bridge family as a switch: bash, iproute2, nft, as root.

Sources: nft(8), bridge(8), unshare(1). Our rules live in table `bridge lanward` and in a marked block at the end of
/etc/nftables.conf; nothing else in either is ever touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.acl import nft
from agent.acl.naming import is_ours
from agent.acl.semantics import LINUX_NFT, Semantics
from agent.model.address import Mac
from agent.model.change import AclText, Binding, Step, StepResult
from agent.model.errors import DeviceRefused
from agent.model.switch import LiveMac, PortState, Switch, SwitchFacts, SwitchState
from agent.platforms import linux_management
from agent.platforms.protocol import Command, Script

TABLE = f"bridge {nft.TABLE}"
BASE = f"{TABLE} {nft.BASE_CHAIN}"
CONFIGURATION = "/etc/nftables.conf"
FRESH = f"{CONFIGURATION}.lanward"
UNDO = "/run/lanward.undo.nft"
TIMER = "/run/lanward.timer"
UNENDED = "# lanward begin, after a line without an end"

FACTS = "cat /etc/os-release; echo kernel=$(uname -r); echo host=$(uname -n); nft --version"
RUNNING = "nft -s list ruleset"
STARTUP = f"unshare -n sh -c 'nft -f {CONFIGURATION} && nft -s list ruleset'"
FDB = "bridge fdb show"
LINKS = "bridge link show"
ARMED = f"if [ -f {TIMER} ] && kill -0 $(cat {TIMER}); then echo armed=yes; else echo armed=no; fi"
CLOCK, SERVERS, ARP = linux_management.CLOCK, linux_management.SERVERS, linux_management.ARP
NEIGHBOURS = "if command -v lldpcli >/dev/null; then lldpcli -f keyvalue show neighbors; fi"


def _checked(text: str) -> Command:
    """A shell command whose exit status must be shown to be 0."""
    return Command(f"{text}; echo rc=$?", expect=r"^rc=0\b")


@dataclass(frozen=True, slots=True)
class LinuxNft:
    """The family as lanward drives it."""

    name: str = "linux"
    driver: str = "linux"
    failures: str = r"^(?:Error: |.*command not found|.*Permission denied|.*Operation not permitted)"
    log_alarms: str = r"(?!)"
    semantics: Semantics = LINUX_NFT
    safety_net: str = "a timed restore of the table on the switch itself"
    facts_reads: tuple[str, ...] = (FACTS,)
    optional: frozenset[str] = frozenset()
    reads: tuple[str, ...] = (ARMED, FACTS, RUNNING, STARTUP, FDB, LINKS, NEIGHBOURS, CLOCK, SERVERS, ARP)

    def read_facts(self, answers: Mapping[str, str]) -> SwitchFacts:
        """Distribution as the model; kernel and nft as the release."""
        return _facts(answers[FACTS])

    def read_state(self, switch: Switch, answers: Mapping[str, str]) -> SwitchState:
        """The switch's state from the answers to `reads`."""
        running = canonical(answers[RUNNING])
        ours = our_table(running)
        bound = nft.bindings(ours) if ours else {}
        neighbours = _infrastructure_neighbours(answers[NEIGHBOURS])
        return SwitchState(
            switch=switch.name,
            facts=_facts(answers[FACTS]),
            running=running,
            startup=canonical(answers[STARTUP]),
            ports=tuple(_port_state(name, running, bound, neighbours) for name in _ports(answers[LINKS])),
            macs=_macs(answers[FDB]),
            acls=tuple(sorted((name, chain_text(ours, name)) for name in nft.chains(ours) if is_ours(name)))
            if ours
            else (),
            way_back=self.safety_net,
            armed="armed=yes" in answers[ARMED],
            obstacles=_obstacles(running),
            clock=linux_management.clock(answers[CLOCK]),
            servers=linux_management.servers(answers[SERVERS]),
            arp=linux_management.arp(answers[ARP]),
            gateways=linux_management.gateways(answers[ARP]),
        )

    def port_name(self, text: str) -> str:
        """Linux has one spelling of an interface's name."""
        return text.strip()

    def read_acl(self, name: str) -> str:
        """Our whole table; the chain is found in it by its name."""
        return f"nft -s list table {TABLE}"

    def create(self, acl: AclText) -> Script:
        """The chain rule by rule; no port jumps to it yet, so it is nowhere half in force."""
        comment, *rules = (line.strip() for line in acl.lines[2:-2])
        chain = f"{TABLE} {acl.name}"
        return (
            *_base(),
            _checked(f"nft 'add chain {chain} {{ {comment} ; }}'"),
            *(_checked(f"nft 'add rule {chain} {rule}'") for rule in rules),
        )

    def destroy(self, name: str) -> Script:
        """The chain, and with the last one the table."""
        return (
            _checked(f"nft 'delete chain {TABLE} {name}'"),
            _checked(f"if ! nft list table {TABLE} | grep -q 'chain LW-'; then nft 'delete table {TABLE}'; fi"),
        )

    def bind(self, binding: Binding) -> Script:
        """One rule of the base chain, added or replaced in one transaction."""
        rule = nft.binding(binding.port, binding.acl)
        find = _handle(f'iifname "{binding.port}" jump ')
        return (
            _checked(
                f'h=$({find}); if [ -n "$h" ]; then nft "replace rule {BASE} handle $h "\'{rule}\'; '
                f"else nft 'add rule {BASE} {rule}'; fi"
            ),
        )

    def unbind(self, binding: Binding) -> Script:
        """Delete the port's rule from the base chain."""
        find = _handle(f'iifname "{binding.port}" jump {binding.acl}')
        return (_checked(f'nft "delete rule {BASE} handle $({find})"'),)

    def arm(self, seconds: int) -> Script:
        """Write the table as it is now to a file, and start a process that restores it after so many seconds."""
        keep = f"echo 'table {TABLE}'; echo 'delete table {TABLE}'; nft -s list table {TABLE} 2>/dev/null"
        restore = f"echo $$ > {TIMER}; sleep {seconds}; nft -f {UNDO}; rm -f {TIMER}"
        return (
            _checked(f"{{ {keep}; true; }} > {UNDO}"),
            _checked(f"setsid -f sh -c '{restore}' </dev/null >/dev/null 2>&1; sleep 0.2; test -s {TIMER}"),
        )

    def confirm(self) -> Script:
        """Stop the process that would restore the table."""
        return (_checked(f"kill $(cat {TIMER}) && rm -f {TIMER}"),)

    def revert(self) -> Script:
        """Restore the table now and stop the process."""
        return (_checked(f"kill $(cat {TIMER}) && rm -f {TIMER} && nft -f {UNDO}"),)

    def save(self) -> Script:
        """Put our table into its marked block of the configuration, which is otherwise left byte for byte.

        Several commands, for a terminal wraps a long one and its echo is not recognised then. A last line without its
        end gets one for as long as our block follows it; the block's mark remembers that.
        """
        lent = f"grep -qx '{UNENDED}' {CONFIGURATION} && tail -n 1 {CONFIGURATION} | grep -qx '# lanward end'"
        begin = f"if [ -n \"$(tail -c 1 {FRESH})\" ]; then echo; echo '{UNENDED}'; else echo '# lanward begin'; fi"
        ours = f"{{ {begin}; nft -s list table {TABLE}; echo '# lanward end'; }} >> {FRESH}"
        return (
            _checked(f"sed '/^# lanward begin/,/^# lanward end$/d' {CONFIGURATION} > {FRESH}"),
            _checked(f"if {lent}; then truncate -s -1 {FRESH}; fi"),
            _checked(f"if nft list table {TABLE} >/dev/null 2>&1; then {ours}; fi"),
            _checked(f"cat {FRESH} > {CONFIGURATION} && rm {FRESH}"),
        )

    def hardware_reads(self, binding: Binding) -> tuple[str, ...]:
        """The kernel's own base chain: what it lists is what it filters by."""
        return (f"nft -s list chain {BASE}",)

    def check_hardware(self, binding: Binding, answers: Mapping[str, str]) -> Step:
        """The kernel's base chain sends the port's packets through the ACL."""
        name = f"kernel filters {binding.port} by {binding.acl}"
        if nft.binding(binding.port, binding.acl) in answers[f"nft -s list chain {BASE}"]:
            return Step(name, StepResult.OK)
        return Step(name, StepResult.FAILED, "the base chain has no such rule")

    def without_ours(self, configuration: str) -> str:
        """A ruleset less our table."""
        return "\n".join(line for table in _tables(canonical(configuration)) if not _is_ours(table) for line in table)


def canonical(ruleset: str) -> str:
    """A ruleset without blank lines, counters and trailing blanks; in our table the order of making shows no more."""
    lines = (re.sub(r" packets \d+ bytes \d+", "", line.rstrip()) for line in ruleset.splitlines())
    tables = _tables("\n".join(line for line in lines if line))
    return "\n".join(line for table in tables for line in (_ordered(table) if _is_ours(table) else table))


def _ordered(table: list[str]) -> list[str]:
    """Our chains by name, the base chain's jumps by port: each is about another port, so order says nothing."""
    text = "\n".join(table)
    chains = re.findall(r"^\tchain \S+ {\n(?:\t\t.*\n)*\t}$", text, re.M)
    if "\n".join([table[0], *chains, "}"]) != text:
        return table
    return [table[0], *(line for chain in sorted(chains) for line in _jumps_sorted(chain.split("\n"))), "}"]


def _jumps_sorted(chain: list[str]) -> list[str]:
    jumps = sorted(line for line in chain if " jump " in line)
    return [*(line for line in chain[:-1] if " jump " not in line), *jumps, chain[-1]]


def our_table(ruleset: str) -> str:
    """The text of our table, or an empty string."""
    return "\n".join(line for table in _tables(ruleset) if _is_ours(table) for line in table)


def chain_text(table: str, name: str) -> str:
    """One chain of our table, in a table of its own: what `create` makes again."""
    chain = re.search(rf"^\tchain {re.escape(name)} {{\n(?:\t\t.*\n)*\t}}$", table, re.M)
    return f"table {TABLE} {{\n{chain[0]}\n}}" if chain else ""


def _tables(ruleset: str) -> list[list[str]]:
    tables: list[list[str]] = []
    for line in ruleset.splitlines():
        if line.startswith("table ") or not tables:
            tables.append([])
        tables[-1].append(line)
    return tables


def _is_ours(table: list[str]) -> bool:
    return table[0].startswith(f"table {TABLE} ")


def _base() -> Script:
    hook = nft.base_chain()[2].strip()
    return (_checked(f"nft 'add table {TABLE}'"), _checked(f"nft 'add chain {BASE} {{ {hook} }}'"))


def _handle(rule: str) -> str:
    return f"nft -a list chain {BASE} | sed -n 's/^.*{rule}.*# handle //p'"


def _facts(text: str) -> SwitchFacts:
    distribution = re.search(r'^PRETTY_NAME="?([^"\n]+)"?', text, re.M)
    kernel = re.search(r"^kernel=(\S+)", text, re.M)
    version = re.search(r"^nftables v(\S+)", text, re.M)
    host = re.search(r"^host=(\S+)", text, re.M)
    if not distribution or not kernel or not version:
        raise DeviceRefused("switch", FACTS, "no distribution, kernel or nft in the answer", hint="is it linux?")
    return SwitchFacts(host[1] if host else "", distribution[1], f"kernel {kernel[1]} nft {version[1]}")


def _ports(links: str) -> tuple[str, ...]:
    """`bridge link show` has a row for each port of a bridge."""
    return tuple(sorted(re.findall(r"^\d+: ([^:@\s]+)", links, re.M)))


def _port_state(name: str, running: str, bound: Mapping[str, str], neighbours: Mapping[str, str]) -> PortState:
    others = "\n".join(line for table in _tables(running) if not _is_ours(table) for line in table)
    foreign = re.search(rf'^.*\b[io]if(?:name)?\b.*"{re.escape(name)}".*$', others, re.M)
    return PortState(
        name=name,
        mode="access",
        acl_in=bound.get(name, ""),
        foreign=(f"a rule that is not ours: {foreign[0].strip()}",) if foreign else (),
        infrastructure=(f"no edge port: LLDP shows {neighbours[name]} there",) if name in neighbours else (),
    )


def _macs(fdb: str) -> tuple[LiveMac, ...]:
    """Learned rows only: a row with `permanent`, `self` or `static` is the bridge's own."""
    rows = re.findall(r"^([0-9a-f:]{17}) dev (\S+)(?: vlan \d+)? master (\S+)(.*)$", fdb, re.M)
    return tuple(
        sorted(
            LiveMac(Mac.parse(mac), port, _vlan(bridge))
            for mac, port, bridge, rest in rows
            if not re.search(r"permanent|self|static", rest)
        )
    )


def _vlan(bridge: str) -> int:
    """A bridge for each VLAN carries the VLAN's number at the end of its name; 0 where it has none."""
    number = re.search(r"(\d+)$", bridge)
    return int(number[1]) if number else 0


def _infrastructure_neighbours(text: str) -> dict[str, str]:
    found = {}
    for port in set(re.findall(r"^lldp\.([^.]+)\.", text, re.M)):
        bridge = re.search(rf"^lldp\.{re.escape(port)}\.chassis\.(?:Bridge|Router|Wlan)\.enabled=on$", text, re.M)
        name = re.search(rf"^lldp\.{re.escape(port)}\.chassis\.name=(.+)$", text, re.M)
        if bridge:
            found[port] = name[1] if name else "network equipment"
    return found


def _obstacles(running: str) -> tuple[str, ...]:
    """A foreign chain that names no port filters every port: what we permit it may drop."""
    foreign = [
        t for t in _tables(running) if t and t[0].startswith(("table bridge", "table netdev")) and not _is_ours(t)
    ]
    return ("another bridge filter without an interface name is in force",) if any(map(_catches_all, foreign)) else ()


def _catches_all(table: list[str]) -> bool:
    return any(
        re.search(r"\b(?:drop|reject)\b", line) and not re.search(r"\b[io]if(?:name)?\b", line) for line in table
    )


platform = LinuxNft()
