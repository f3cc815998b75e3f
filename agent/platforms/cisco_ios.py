"""Cisco IOS and IOS-XE access switches with port ACLs (Catalyst 2960 to 9300).

Sources: IOS Configuration Fundamentals, "Configuration Replace and Configuration Rollback" (revert timer, confirm);
Catalyst 9300 Security Configuration Guide, "Configuring IPv4 ACLs" (port ACLs, implicit deny, a second access-group).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.acl.semantics import CISCO_IOS, Semantics
from agent.model.address import Mac
from agent.model.change import AclText, Binding, Step, StepResult
from agent.model.errors import DeviceRefused
from agent.model.switch import LiveMac, PortState, Switch, SwitchFacts, SwitchState
from agent.platforms import ios_management
from agent.platforms.protocol import Command, Script

OURS = r"LW-[0-9a-f]{8}"

_PORT_KINDS = {
    "Et": "Ethernet",
    "Fa": "FastEthernet",
    "Gi": "GigabitEthernet",
    "Tw": "TwoGigabitEthernet",
    "Fi": "FiveGigabitEthernet",
    "Te": "TenGigabitEthernet",
    "Twe": "TwentyFiveGigE",
    "Fif": "FiftyGigE",
    "Fo": "FortyGigabitEthernet",
    "Hu": "HundredGigE",
    "Ap": "AppGigabitEthernet",
    "Po": "Port-channel",
    "Vl": "Vlan",
}

_FOREIGN = (
    (
        r"(?:authentication port-control|access-session port-control|dot1x pae|dot1x port-control|mab)\b",
        "802.1X or MAB",
    ),
    (r"ip verify source", "IP source guard"),
    (r"mac access-group", "a MAC ACL"),
    (r"ipv6 traffic-filter", "an IPv6 ACL"),
    (r"ip access-group \S+ out", "an outbound ACL"),
    (r"(?:access-session|subscriber|service-policy type control)", "an access-session policy"),
    (r"source template", "an interface template, which may hold 802.1X"),
)

_VOLATILE = re.compile(
    r"^(?:Building configuration.*|Current configuration.*|Using \d+ out of.*|! Last configuration change.*"
    r"|! NVRAM config last updated.*|! No configuration change since last restart.*|Uncompressed configuration from .*"
    r"|ntp clock-period.*|\s*)$"
)

_SELF_SIGNED = re.compile(
    r"^( certificate self-signed \S+)[^\n]*(?:\n[ \t]+[0-9A-F]{2,8}(?: [0-9A-F]{2,8})*)*(?:\n\s*quit)?$", re.M
)
"""`show startup-config` names a file where the running configuration prints the certificate itself."""

TIMER = "show archive config rollback timer"
"""Read first: a configuration that is read after "no timer is running" cannot be half of each."""

_TCAM = (
    "show platform tcam utilization",  # Catalyst 2960 to 3750
    "show platform hardware fed switch active fwd-asic resource tcam utilization",  # Catalyst 9000, IOS-XE
)

_TCAM_ROWS = (
    r"IPv4 security aces:?\s+(?:\d+/)?(\d+)\s+(?:\d+/)?(\d+)",  # Catalyst 2960: masks/values
    r"Security Access Control Entries\*?\s+(\d+)\s+(\d+)",  # IOS XE 16
    r"^\s*Security ACL(?: Ipv4)?\s+TCAM\s+IO?\s+(\d+)\s+(\d+)",  # IOS XE 17: one table, or one for each direction
)

_READS = (
    TIMER,
    "show version",
    "show running-config",
    "show startup-config",
    "show mac address-table",
    "show interfaces trunk",
    "show lldp neighbors detail",
    "show cdp neighbors detail",
    "show users",
    "show line",
    *_TCAM,
    "show logging",
    "show privilege",
    "show clock",
    "show ip arp",
)


@dataclass(frozen=True, slots=True)
class CiscoIos:
    """The family as lanward drives it."""

    name: str = "cisco_ios"
    driver: str = "cisco_ios"
    failures: str = (
        r"^%(?! ?Saved| ?Warning| ?No Rollback Confirmed Change| ?(?:LLDP|CDP) is not enabled)"
        r"|^Command authorization failed|^Error[ :]"
    )
    log_alarms: str = r"%(?:ACLMGR|PACL|ACL_ERRMSG|FMANFP|TCAM|PLATFORM_ACL|HARDWARE|QATM|SPANTREE|PM)-[0-4]-.*"
    semantics: Semantics = CISCO_IOS
    safety_net: str = "configure terminal revert timer, with archive"
    reads: tuple[str, ...] = _READS
    optional: frozenset[str] = frozenset(_TCAM) | {"show cdp neighbors detail", "show clock", "show ip arp"}
    facts_reads: tuple[str, ...] = ("show version",)

    def read_facts(self, answers: Mapping[str, str]) -> SwitchFacts:
        """Model, release and serial from `show version`."""
        return _facts(answers["show version"])

    def read_state(self, switch: Switch, answers: Mapping[str, str]) -> SwitchState:
        """The switch's state from the answers to `reads`."""
        running = canonical(answers["show running-config"])
        trunks = _trunks(answers["show interfaces trunk"])
        neighbours = _neighbours(answers["show lldp neighbors detail"], answers["show cdp neighbors detail"])
        has_archive = bool(re.search(r"^archive\n(?: .*\n)* path ", running + "\n", re.M))
        return SwitchState(
            switch=switch.name,
            facts=_facts(answers["show version"]),
            running=running,
            startup=canonical(answers["show startup-config"]),
            ports=tuple(_port_state(name, body, trunks, neighbours) for name, body in interfaces(running)),
            macs=_macs(answers["show mac address-table"]),
            acls=_our_acls(running),
            vty_free=_free_lines(answers["show line"]),
            entries_free=_free_entries("\n".join(answers[command] for command in _TCAM)),
            way_back=self.safety_net if has_archive else "",
            armed=_is_armed(answers[TIMER]),
            obstacles=_obstacles(running) + _privilege(answers["show privilege"]),
            log=tuple(line.strip() for line in answers["show logging"].splitlines() if "%" in line),
            clock=ios_management.clock(answers["show clock"], running),
            servers=ios_management.servers(running),
            arp=ios_management.arp(answers["show ip arp"]),
            gateways=ios_management.gateways(running),
        )

    def port_name(self, text: str) -> str:
        """`Gi1/0/3` and `GigabitEthernet1/0/3` are one port."""
        return full_port_name(text)

    def read_acl(self, name: str) -> str:
        """The ACL as the running configuration holds it."""
        return f"show ip access-lists {name}"

    def create(self, acl: AclText) -> Script:
        """The whole named ACL; a sub-mode, so each line is entered as it stands."""
        return tuple(Command(line, configure=True) for line in (*acl.lines, "exit"))

    def destroy(self, name: str) -> Script:
        """Remove the named ACL."""
        return (Command(f"no ip access-list extended {name}", configure=True),)

    def bind(self, binding: Binding) -> Script:
        """A second `ip access-group` replaces the first in one step."""
        return _on_port(binding.port, f"ip access-group {binding.acl} in")

    def unbind(self, binding: Binding) -> Script:
        """Take the ACL off the port."""
        return _on_port(binding.port, f"no ip access-group {binding.acl} in")

    def arm(self, seconds: int) -> Script:
        """The revert timer counts in minutes, 1 to 120."""
        minutes = min(max(math.ceil(seconds / 60), 1), 120)
        return (Command("", configure=True, enter=f"configure terminal revert timer {minutes}"),)

    def confirm(self) -> Script:
        """Stop the timer and keep the change."""
        return (Command("configure confirm"),)

    def revert(self) -> Script:
        """Fire the timer now."""
        return (Command("configure revert now"),)

    def save(self) -> Script:
        """IOS answers `[OK]` when NVRAM is written."""
        return (Command("write memory", expect=r"\[OK\]"),)

    def hardware_reads(self, binding: Binding) -> tuple[str, ...]:
        """What the port says it filters by; the log and the table's free entries are part of every reading."""
        return (f"show ip interface {binding.port}",)

    def check_hardware(self, binding: Binding, answers: Mapping[str, str]) -> Step:
        """The port names the ACL."""
        shown = re.search(r"Inbound\s+access list is (\S+)", answers[f"show ip interface {binding.port}"])
        name = f"{binding.port} filters by {binding.acl}"
        if shown and shown[1] == binding.acl:
            return Step(name, StepResult.OK, shown[0])
        return Step(name, StepResult.FAILED, f"the port says {shown[1] if shown else 'nothing'}")

    def without_ours(self, configuration: str) -> str:
        """Drop blocks `ip access-list extended LW-...` and lines `ip access-group LW-... in`."""
        lines = canonical(configuration).splitlines()
        kept: list[str] = []
        inside = False
        for line in lines:
            if not line.startswith(" "):
                inside = bool(re.fullmatch(rf"ip access-list extended {OURS}", line))
            repeated = line == "!" and kept[-1:] == ["!"]  # IOS sets one between blocks, so ours bring their own
            if not inside and not repeated and not re.fullmatch(rf" ip access-group {OURS} in", line):
                kept.append(line)
        return "\n".join(kept)


def canonical(configuration: str) -> str:
    """A configuration without what changes by itself: sizes, dates, blank and repeated `!` lines, generated keys."""
    kept: list[str] = []
    for line in (line.rstrip() for line in _SELF_SIGNED.sub(r"\1", configuration).splitlines()):
        if not _VOLATILE.match(line) and not (line == "!" and kept[-1:] == ["!"]):
            kept.append(line)
    return "\n".join(kept)


def full_port_name(text: str) -> str:
    """Any of IOS's spellings of a port as its full name; unknown kinds stay as they are."""
    found = re.fullmatch(r"([A-Za-z][A-Za-z-]*?) ?(\d[\d/.]*)", text.strip())
    if not found:
        return text.strip()
    kind, number = found[1], found[2]
    for short, full in _PORT_KINDS.items():
        if kind.lower() in (short.lower(), full.lower()):
            return full + number
    return next(
        (full + number for full in _PORT_KINDS.values() if full.lower().startswith(kind.lower())), kind + number
    )


def interfaces(running: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each physical or bundle interface of a running configuration with its stripped lines."""
    found: list[tuple[str, list[str]]] = []
    body: list[str] | None = None
    for line in running.splitlines():
        head = re.fullmatch(r"interface (\S+)", line)
        if head:
            body = []
            if not head[1].startswith(("Vlan", "Loopback", "Null", "Tunnel")):
                found.append((head[1], body))
        elif line.startswith(" ") and body is not None:
            body.append(line.strip())
        else:
            body = None
    return tuple((name, tuple(lines)) for name, lines in found)


def _on_port(port: str, line: str) -> Script:
    return tuple(Command(text, configure=True) for text in (f"interface {port}", line, "exit"))


def _facts(version: str) -> SwitchFacts:
    release = re.search(r"Version ([^\s,]+)", version)
    hostname = re.search(r"^(\S+) uptime is", version, re.M)
    model = re.search(r"^[Mm]odel [Nn]umber\s*: (\S+)", version, re.M) or re.search(
        r"^[Cc]isco (\S+) \(.*processor", version, re.M
    )
    serial = re.search(r"^System [Ss]erial [Nn]umber\s*: (\S+)", version, re.M) or re.search(
        r"^Processor board ID (\S+)", version, re.M
    )
    if not release or not model:
        raise DeviceRefused("switch", "show version", "no model or release in the answer", hint="is it cisco_ios?")
    return SwitchFacts(hostname[1] if hostname else "", model[1], release[1], serial[1] if serial else "")


def _port_state(name: str, body: tuple[str, ...], trunks: frozenset[str], neighbours: Mapping[str, str]) -> PortState:
    text = "\n".join(body)
    acl = re.search(r"^ip access-group (\S+) in$", text, re.M)
    vlan = re.search(r"^switchport access vlan (\d+)$", text, re.M)
    foreign = [reason for pattern, reason in _FOREIGN if re.search(rf"^{pattern}", text, re.M)]
    if acl and not re.fullmatch(OURS, acl[1]):
        foreign.append(f"the ACL {acl[1]}, which is not ours")
    return PortState(
        name=name,
        mode=_mode(name, text, trunks),
        vlan=int(vlan[1]) if vlan else 1,
        acl_in=acl[1] if acl else "",
        foreign=tuple(foreign),
        infrastructure=_infrastructure(name, text, trunks, neighbours),
    )


def _mode(name: str, text: str, trunks: frozenset[str]) -> str:
    if name in trunks or re.search(r"^switchport mode trunk", text, re.M):
        return "trunk"
    return "routed" if re.search(r"^no switchport$", text, re.M) else "access"


def _infrastructure(name: str, text: str, trunks: frozenset[str], neighbours: Mapping[str, str]) -> tuple[str, ...]:
    reasons = []
    mode = _mode(name, text, trunks)
    if mode != "access":
        reasons.append(f"a {mode} port")
    channel = re.search(r"^channel-group (\d+)", text, re.M)
    if channel:
        reasons.append(f"a member of Port-channel{channel[1]}")
    if name.startswith("Port-channel"):
        reasons.append("a link aggregation")
    if name in neighbours:
        reasons.append(f"no edge port: {neighbours[name]} there")
    return tuple(reasons)


def _trunks(text: str) -> frozenset[str]:
    rows = re.findall(r"^(\S+)\s+(?:on|desirable|auto|nonegotiate)\s+\S+\s+(?:trunking|trnk-bndl)", text, re.M)
    return frozenset(full_port_name(row) for row in rows)


def _neighbours(lldp: str, cdp: str) -> dict[str, str]:
    """Ports with network equipment behind them, and who says so; CDP speaks where LLDP is off, and the other way."""
    by_cdp = {full_port_name(port): name for port, name in ios_management.cdp_infrastructure(cdp).items()}
    heard = ((by_cdp, "CDP"), (_lldp_infrastructure(lldp), "LLDP"))
    return {port: f"{protocol} shows {name}" for names, protocol in heard for port, name in names.items()}


def _lldp_infrastructure(text: str) -> dict[str, str]:
    found = {}
    for block in re.split(r"^-{10,}$", text, flags=re.M):
        port = re.search(r"^Local Intf: (\S+)", block, re.M)
        told = re.findall(r"^(?:Enabled|System) Capabilities: ([A-Z](?:,[A-Z])*)", block, re.M)
        name = re.search(r"^System Name: (.+)$", block, re.M)
        if port and told and _is_infrastructure(frozenset(told[-1].split(","))):
            found[full_port_name(port[1])] = name[1].strip() if name else "network equipment"
    return found


def _is_infrastructure(capabilities: frozenset[str]) -> bool:
    """Routers, access points and bridges (IEEE 802.1AB, 8.5.8.1), but for a telephone, which bridges its PC port."""
    return bool(capabilities & {"R", "W"}) or ("B" in capabilities and "T" not in capabilities)


def _macs(text: str) -> tuple[LiveMac, ...]:
    rows = re.findall(r"^\*?\s*(\d+)\s+([0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})\s+DYNAMIC\s+(\S+)\s*$", text, re.M)
    return tuple(sorted(LiveMac(Mac.parse(mac), full_port_name(port), int(vlan)) for vlan, mac, port in rows))


def _our_acls(running: str) -> tuple[tuple[str, str], ...]:
    blocks = re.findall(rf"^(ip access-list extended ({OURS})\n(?: .*\n)*)", running + "\n", re.M)
    return tuple(sorted((name, block) for block, name in blocks))


def _free_lines(text: str) -> int | None:
    """`show line` marks a line in use with an asterisk."""
    lines = re.findall(r"^(\*?)\s+(?:\d+\s+)?\d+ VTY ", text, re.M)
    return sum(1 for used in lines if not used) if lines else None


def _free_entries(text: str) -> int | None:
    """Maximum less used, of the fullest ASIC: a port's ACL goes to the one that the port hangs on."""
    rows = [row for pattern in _TCAM_ROWS for row in re.findall(pattern, text, re.M)]
    return min(int(most) - int(used) for most, used in rows) if rows else None


def _is_armed(text: str) -> bool:
    return (
        bool(re.search(r"Time configured|Timer value|Rollback Confirmed Change Timer", text))
        and "No Rollback" not in text
    )


def _obstacles(running: str) -> tuple[str, ...]:
    patterns = (
        (r"^vlan filter ", "a VLAN map filters here"),
        (r"^ap dot1x|^cts role-based enforcement", "role-based enforcement is on"),
        (r"^ (?:standby|vrrp|glbp) \d+|^switch virtual domain|^stackwise-virtual", "one half of a redundancy pair"),
    )
    return tuple(words for pattern, words in patterns if re.search(pattern, running, re.M))


def _privilege(text: str) -> tuple[str, ...]:
    level = re.search(r"privilege level is (\d+)", text)
    if level and level[1] == "15":
        return ()
    return (f"the session has privilege level {level[1] if level else 'unknown'}, not 15",)


platform = CiscoIos()
