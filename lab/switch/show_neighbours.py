"""Show commands of what stands around the switch: LLDP and ARP neighbours, bundles, 802.1X sessions, DHCP bindings."""

from __future__ import annotations

import json
import subprocess

from lab.switch import config as tree
from lab.switch.asker import Asker
from lab.switch.grammar import Match
from lab.switch.hardware import trunk_members, value
from lab.switch.machine import Machine
from lab.switch.names import short
from lab.switch.show_ports import dotted, interface_lines, learned, links_up, svi
from lab.switch.spec import Neighbour


def lldp(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show lldp neighbors`."""
    if not tree.has(machine.running, "lldp run"):
        return "% LLDP is not enabled\n"
    out = [
        "Capability codes:",
        "    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device",
        "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other",
        "",
        "Device ID           Local Intf     Hold-time  Capability      Port ID",
    ]
    found = _heard(machine, "lldp")
    out.extend(
        f"{one.system_name[:20]:<20}{short(one.local_port):<15}{120:<11}{one.capabilities:<16}{one.port_id}"
        for one in found
    )
    return "\n".join([*out, "", f"Total entries displayed: {len(found)}", ""])


def lldp_detail(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show lldp neighbors detail`."""
    if not tree.has(machine.running, "lldp run"):
        return "% LLDP is not enabled\n"
    wanted = [one for one in _heard(machine, "lldp") if found.arguments in ((), (one.local_port,))]
    out = []
    for one in wanted:
        capabilities = one.capabilities or "- not advertised"
        out.extend(
            [
                "------------------------------------------------",
                f"Local Intf: {short(one.local_port)}",
                f"Chassis id: {_chassis(one.chassis_id)}",
                f"Port id: {one.port_id}",
                f"Port Description: {one.port_id}",
                f"System Name: {one.system_name}" if one.system_name else "System Name - not advertised",
                "",
                "System Description: ",
                one.description or one.system_name or "-",
                "",
                "Time remaining: 101 seconds",
                f"System Capabilities: {capabilities}",
                f"Enabled Capabilities: {capabilities}",
                *(
                    ["Management Addresses:", f"    IP: {one.management_ip}"]
                    if one.management_ip
                    else ["Management Addresses - not advertised"]
                ),
                "Auto Negotiation - not supported",
                "Physical media capabilities - not advertised",
                "Media Attachment Unit type - not advertised",
                "Vlan ID: - not advertised",
                "",
            ]
        )
    return "\n".join([*out, "", f"Total entries displayed: {len(wanted)}", ""])


def _chassis(text: str) -> str:
    return dotted(text) if text.count(":") == 5 else text


def _heard(machine: Machine, protocol: str) -> list[Neighbour]:
    return [one for one in machine.spec.lldp_neighbours if one.protocol == protocol]


def _cdp_is_off(machine: Machine) -> bool:
    """CDP runs unless it is switched off: Cisco Discovery Protocol guide, "Default Configuration"."""
    return tree.has(machine.running, "no cdp run")


def cdp(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show cdp neighbors`."""
    if _cdp_is_off(machine):
        return "% CDP is not enabled\n"
    found = _heard(machine, "cdp")
    rows = [
        f"{one.system_name:<17}{short(one.local_port):<18}{'120':<11}"
        f"{' '.join(word[0] for word in one.capabilities.split()):<12}{'':<10}{one.port_id}"
        for one in found
    ]
    out = [
        "Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge",
        "                  S - Switch, H - Host, I - IGMP, r - Repeater, P - Phone, ",
        "                  D - Remote, C - CVTA, M - Two-port Mac Relay ",
        "",
        "Device ID        Local Intrfce     Holdtme    Capability  Platform  Port ID",
        *rows,
    ]
    return "\n".join([*out, "", f"Total cdp entries displayed : {len(found)}", ""])


def cdp_detail(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show cdp neighbors detail`, laid out as in the transcripts of ntc-templates (IOS 15.2, IOS XE 17.9)."""
    if _cdp_is_off(machine):
        return "% CDP is not enabled\n"
    found = _heard(machine, "cdp")
    out = []
    for one in found:
        out += ["-------------------------", f"Device ID: {one.system_name}", "Entry address(es): "]
        out += [f"  IP address: {one.management_ip}"] if one.management_ip else []
        out += [
            f"Platform: {one.description or 'Cisco'},  Capabilities: {one.capabilities} ",
            f"Interface: {one.local_port},  Port ID (outgoing port): {one.port_id}",
            "Holdtime : 129 sec",
            "",
            "Version :",
            one.description or "Cisco IOS Software",
            "",
            "advertisement version: 2",
            "",
        ]
    return "\n".join([*out, "", f"Total cdp entries displayed : {len(found)}", ""])


def neighbours(machine: Machine) -> tuple[tuple[str, str], ...]:
    """The management interface's ARP cache: addresses and MACs, from the namespace that the switch lives in."""
    done = subprocess.run(["ip", "-j", "-4", "neigh", "show"], capture_output=True, text=True, check=True, timeout=10)
    return tuple((row["dst"], row["lladdr"]) for row in json.loads(done.stdout or "[]") if "lladdr" in row)


def arp(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show ip arp`."""
    name = svi(machine)
    out = ["Protocol  Address          Age (min)  Hardware Addr   Type   Interface"]
    out.extend(f"Internet  {ip:<15} {'0':>10}  {dotted(mac)}  ARPA   {name}" for ip, mac in neighbours(machine))
    return "\n".join([*out, ""])


def snooping(_machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show ip dhcp snooping binding`: the lab's switch keeps no bindings."""
    return (
        "MacAddress          IpAddress        Lease(sec)  Type           VLAN  Interface\n"
        "------------------  ---------------  ----------  -------------  ----  --------------------\n"
        "Total number of bindings: 0\n"
    )


def authentication(machine: Machine, _asker: Asker, found: Match) -> str:
    """`show authentication sessions`: a learned MAC on an 802.1X or MAB port is an authorised session."""
    rows = []
    for at, row in enumerate(learned(machine)):
        lines = interface_lines(machine, row.port)
        starts = ("authentication port-control", "access-session port-control")
        controlled = any(line.startswith(starts) for line in lines)
        if controlled and found.arguments in ((), (row.port,)):
            method = "mab" if "mab" in lines else "dot1x"
            rows.append(
                f"{short(row.port):<10} {dotted(row.mac)} {method:<7} DATA    Auth            0A000001{at:016X}"
            )
    if not rows:
        return (
            "No Auth Manager contexts currently exist\n"
            if not found.arguments
            else "No sessions match supplied criteria.\n"
        )
    head = [
        "",
        "Interface  MAC Address    Method  Domain  Status Fg Session ID",
        "--------------------------------------------------------------",
    ]
    return "\n".join([*head, *rows, "", f"Session count = {len(rows)}", ""])


def etherchannel(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show etherchannel summary`."""
    groups = trunk_members(machine.running, machine.spec.ports)
    up = links_up(machine)
    out = [
        "Flags:  D - down        P - bundled in port-channel",
        "        I - stand-alone s - suspended",
        "        H - Hot-standby (LACP only)",
        "        R - Layer3      S - Layer2",
        "        U - in use      f - failed to allocate aggregator",
        "",
        f"Number of channel-groups in use: {len(groups)}",
        f"Number of aggregators:           {len(groups)}",
        "",
        "Group  Port-channel  Protocol    Ports",
        "------+-------------+-----------+-----------------------------------------------",
    ]
    for name, members in groups.items():
        state = "SU" if any(up[port] for port in members) else "SD"
        cells = " ".join(f"{short(port)}({'P' if up[port] else 'D'})" for port in members)
        mode = value(interface_lines(machine, members[0]), "channel-group")
        protocol = "LACP" if mode.endswith(("active", "passive")) else "PAgP" if "mode on" not in mode else "-"
        out.append(f"{name.removeprefix('Port-channel'):<6} {short(name) + f'({state})':<14} {protocol:<9} {cells}")
    return "\n".join([*out, ""])


SHOWERS = {
    "lldp": lldp,
    "lldp-detail": lldp_detail,
    "cdp": cdp,
    "cdp-detail": cdp_detail,
    "arp": arp,
    "snooping": snooping,
    "authentication": authentication,
    "etherchannel": etherchannel,
}
