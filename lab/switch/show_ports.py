"""Show commands of ports, VLANs and the forwarding table."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from lab.switch import config as tree
from lab.switch.asker import Asker
from lab.switch.dataplane import Learned
from lab.switch.edit import ranges
from lab.switch.grammar import Match
from lab.switch.hardware import bound, is_trunk, trunk_members, value, vlans
from lab.switch.machine import Machine
from lab.switch.names import natural, short
from lab.switch.spec import Port


def dotted(mac: str) -> str:
    """`0011.2233.4455`."""
    digits = mac.replace(":", "").replace("-", "").lower()
    return ".".join(digits[at : at + 4] for at in (0, 4, 8))


def interface_lines(machine: Machine, port: str) -> tuple[str, ...]:
    """A port's configuration lines."""
    return tree.lines(machine.running, f"interface {port}")


def links_up(machine: Machine) -> dict[str, bool]:
    """Whether a port's link is up, by port name."""
    links = machine.plane.links()
    return {
        port.name: port.ovs_port in links
        and links[port.ovs_port].up
        and "shutdown" not in interface_lines(machine, port.name)
        for port in machine.spec.ports
    }


def vlan_names(machine: Machine) -> dict[int, str]:
    """The VLANs of the switch with their names; VLAN 1 is always there, as are those that ports are in."""
    found = {1: "default"}
    for text in tree.headed(machine.running, "vlan "):
        for number in vlans(text):
            found[number] = value(tree.lines(machine.running, f"vlan {text}"), "name", f"VLAN{number:04d}")
    for port in machine.spec.ports:
        lines = interface_lines(machine, port.name)
        for prefix in ("switchport access vlan", "switchport voice vlan"):
            for number in vlans(value(lines, prefix)):
                found.setdefault(number, f"VLAN{number:04d}")
    return dict(sorted(found.items()))


def learned(machine: Machine) -> tuple[Learned, ...]:
    """The forwarding table by port names; a bundled port's rows belong to its port-channel."""
    port = {one.ovs_port: one.name for one in machine.spec.ports}
    bundle = {
        member: name
        for name, members in trunk_members(machine.running, machine.spec.ports).items()
        for member in members
    }
    rows = []
    for row in machine.plane.forwarding_table():
        if row.port in port:
            name = port[row.port]
            # A frame without a tag on a trunk is in the port's native VLAN; Open vSwitch calls VLAN 0 what has none.
            rows.append(Learned(row.mac, row.vlan or 1, bundle.get(name, name), row.age))
    return tuple(sorted(rows, key=lambda row: (row.vlan, row.mac)))


def _mac_table(machine: Machine, rows: Iterable[Learned], statics: bool = False) -> str:
    out = ["          Mac Address Table", "-------------------------------------------", ""]
    out.extend(["Vlan    Mac Address       Type        Ports", "----    -----------       --------    -----"])
    body = [f"{'All':>4}    {mac}    STATIC      CPU" for mac in _CPU] if statics else []
    body.extend(f"{row.vlan:>4}    {dotted(row.mac)}    DYNAMIC     {short(row.port)}" for row in rows)
    return "\n".join([*out, *body, f"Total Mac Addresses for this criterion: {len(body)}", ""])


_CPU = ("0100.0ccc.cccc", "0100.0ccc.cccd", "0180.c200.0000", "0180.c200.000e", "ffff.ffff.ffff")


def mac(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show mac address-table`, with the CPU's own addresses unless only dynamic ones are asked for."""
    return _mac_table(machine, learned(machine), found.action == "mac")


def mac_interface(machine: Machine, _asker: Asker, found: Match) -> str:
    """Of one port."""
    return _mac_table(machine, (row for row in learned(machine) if row.port == found.arguments[0]))


def mac_address(machine: Machine, _asker: Asker, found: Match) -> str:
    """Of one address."""
    return _mac_table(machine, (row for row in learned(machine) if dotted(row.mac) == found.arguments[0]))


def mac_vlan(machine: Machine, _asker: Asker, found: Match) -> str:
    """Of one VLAN."""
    return _mac_table(machine, (row for row in learned(machine) if row.vlan == int(found.arguments[0])))


def mac_aging(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show mac address-table aging-time`."""
    time = value(tree.lines(machine.running), "mac address-table aging-time", "300")
    return f"Global Aging Time:  {time}\nVlan    Aging Time\n----    ----------\n"


def _selected(machine: Machine, found: Match) -> tuple[Port, ...]:
    return tuple(port for port in machine.spec.ports if not found.arguments or port.name == found.arguments[0])


def status(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show interfaces status`."""
    up = links_up(machine)
    out = ["", "Port         Name               Status       Vlan       Duplex  Speed Type"]
    for port in _selected(machine, found):
        lines = interface_lines(machine, port.name)
        state = "disabled" if "shutdown" in lines else "connected" if up[port.name] else "notconnect"
        vlan = "routed" if "no switchport" in lines else value(lines, "switchport access vlan", "1")
        vlan = "trunk" if is_trunk(lines) else vlan
        duplex, speed = ("a-full", "a-1000") if state == "connected" else ("auto", "auto")
        name = value(lines, "description")[:18]
        out.append(f"{short(port.name):<12} {name:<18} {state:<12} {vlan:<10} {duplex:>6} {speed:>6} 10/100/1000BaseTX")
    return "\n".join([*out, ""])


def trunk(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show interfaces trunk`: only trunks whose link is up, as IOS shows them."""
    up = links_up(machine)
    rows = [(port.name, interface_lines(machine, port.name)) for port in machine.spec.ports if up[port.name]]
    rows = [(short(name), lines) for name, lines in rows if is_trunk(lines)]
    if not rows:
        return "\n"
    allowed = {name: value(lines, "switchport trunk allowed vlan", "1-4094") for name, lines in rows}
    active = {
        name: ranges([vlan for vlan in vlan_names(machine) if vlan in vlans(text)]) or "none"
        for name, text in allowed.items()
    }
    out = ["", "Port        Mode             Encapsulation  Status        Native vlan"]
    out.extend(
        f"{name:<11} {'on':<16} {'802.1q':<14} {'trunking':<13} {value(lines, 'switchport trunk native vlan', '1')}"
        for name, lines in rows
    )
    for title, cells in (
        ("Vlans allowed on trunk", allowed),
        ("Vlans allowed and active in management domain", active),
        ("Vlans in spanning tree forwarding state and not pruned", active),
    ):
        out.extend(["", f"Port        {title}", *(f"{name:<11} {text}" for name, text in cells.items())])
    return "\n".join([*out, ""])


def _switchport(machine: Machine, port: str, up: bool) -> list[str]:
    lines, names = interface_lines(machine, port), vlan_names(machine)
    trunk_port = is_trunk(lines)
    mode = "trunk" if trunk_port else "static access" if "switchport mode access" in lines else "dynamic auto"
    access = int(value(lines, "switchport access vlan", "1"))
    native = int(value(lines, "switchport trunk native vlan", "1"))
    voice = value(lines, "switchport voice vlan", "none")
    return [
        f"Name: {short(port)}",
        "Switchport: Enabled",
        f"Administrative Mode: {mode}",
        f"Operational Mode: {('trunk' if trunk_port else 'static access') if up else 'down'}",
        "Administrative Trunking Encapsulation: dot1q",
        f"Negotiation of Trunking: {'On' if mode == 'dynamic auto' else 'Off'}",
        f"Access Mode VLAN: {access} ({names.get(access, 'Inactive')})",
        f"Trunking Native Mode VLAN: {native} ({names.get(native, 'Inactive')})",
        f"Voice VLAN: {f'{voice} ({names[int(voice)]})' if voice.isdigit() else voice}",
        f"Trunking VLANs Enabled: {value(lines, 'switchport trunk allowed vlan', 'ALL')}",
        "Pruning VLANs Enabled: 2-1001",
        "Capture Mode Disabled",
        "Capture VLANs Allowed: ALL",
        "",
        "Protected: false",
        "Unknown unicast blocked: disabled",
        "Unknown multicast blocked: disabled",
        "Appliance trust: none",
        "",
    ]


def switchport(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show interfaces switchport`."""
    up = links_up(machine)
    return "\n".join(
        line for port in _selected(machine, found) for line in _switchport(machine, port.name, up[port.name])
    )


def counters(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show interfaces counters`: octets and packets."""
    links = machine.plane.links()
    out = []
    for way in ("In", "Out"):
        out.extend(["", f"Port            {way}Octets    {way}UcastPkts    {way}McastPkts    {way}BcastPkts"])
        for port in machine.spec.ports:
            if port.ovs_port in links:
                link = links[port.ovs_port]
                octets, packets = (
                    (link.octets_in, link.packets_in) if way == "In" else (link.octets_out, link.packets_out)
                )
                out.append(f"{short(port.name):<10} {octets:>14} {packets:>14} {0:>14} {0:>14}")
    return "\n".join([*out, ""])


def vlan(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show vlan brief`: access ports stand at their VLAN, trunks nowhere."""
    at: dict[int, list[str]] = {}
    for port in machine.spec.ports:
        lines = interface_lines(machine, port.name)
        if not is_trunk(lines) and "no switchport" not in lines:
            at.setdefault(int(value(lines, "switchport access vlan", "1")), []).append(short(port.name))
    out = [
        "",
        "VLAN Name                             Status    Ports",
        "---- -------------------------------- --------- -------------------------------",
    ]
    for number, name in vlan_names(machine).items():
        rows = _chunks(sorted(at.get(number, []), key=natural), 4) or [()]
        out.append(f"{number:<4} {name:<32} active    {', '.join(rows[0])}")
        out.extend(f"{'':<48}{', '.join(row)}" for row in rows[1:])
    for number, name in (
        (1002, "fddi-default"),
        (1003, "token-ring-default"),
        (1004, "fddinet-default"),
        (1005, "trnet-default"),
    ):
        out.append(f"{number:<4} {name:<32} act/unsup ")
    return "\n".join([*out, ""])


def _chunks(items: Sequence[str], size: int) -> list[Sequence[str]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def svi(machine: Machine) -> str:
    """The interface that has an address."""
    for name in tree.headed(machine.running, "interface Vlan"):
        if value(tree.lines(machine.running, f"interface Vlan{name}"), "ip address"):
            return f"Vlan{name}"
    return "Vlan1"


def ip_interface(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show ip interface`: a switched port shows only its access lists, the management interface its address too."""
    up = links_up(machine)
    names = [port.name for port in machine.spec.ports] if not found.arguments else [found.arguments[0]]
    if not found.arguments:
        names = [svi(machine), *names]
    out = []
    for name in names:
        if name not in up and not tree.has(machine.running, f"interface {name}"):
            return "% Invalid input detected at '^' marker.\n\n"
        word = "up" if up.get(name, "shutdown" not in interface_lines(machine, name)) else "down"
        out.append(f"{name} is {word}, line protocol is {word}")
        address = value(interface_lines(machine, name), "ip address")
        if address:
            ip, mask = address.split()
            prefix = ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen
            out.extend(
                [
                    f"  Internet address is {ip}/{prefix}",
                    "  Broadcast address is 255.255.255.255",
                    "  MTU is 1500 bytes",
                    "  Outgoing access list is not set",
                ]
            )
        out.append(f"  Inbound  access list is {bound(machine.running, name) or 'not set'}")
    return "\n".join([*out, ""])


def ip_interface_brief(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show ip interface brief`."""
    up = links_up(machine)
    out = ["Interface              IP-Address      OK? Method Status                Protocol"]
    for name in tree.headed(machine.running, "interface "):
        lines = interface_lines(machine, name)
        address = value(lines, "ip address").partition(" ")[0] or "unassigned"
        alive = up.get(name, "shutdown" not in lines)
        state = "administratively down" if "shutdown" in lines else "up" if alive else "down"
        method = "NVRAM" if address != "unassigned" else "unset"
        out.append(f"{name:<22} {address:<15} YES {method:<6} {state:<21} {'up' if alive else 'down'}")
    return "\n".join([*out, ""])


SHOWERS = {
    "mac": mac,
    "mac-dynamic": mac,
    "mac-interface": mac_interface,
    "mac-address": mac_address,
    "mac-vlan": mac_vlan,
    "mac-aging": mac_aging,
    "status": status,
    "trunk": trunk,
    "switchport": switchport,
    "counters": counters,
    "vlan": vlan,
    "ip-interface": ip_interface,
    "ip-interface-brief": ip_interface_brief,
}
