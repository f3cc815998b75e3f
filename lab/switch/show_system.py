"""Show commands of the chassis: version, inventory, processor and hardware tables."""

from __future__ import annotations

import time

from lab.switch.asker import Asker
from lab.switch.family import train
from lab.switch.grammar import Match
from lab.switch.machine import Machine


def uptime(machine: Machine) -> str:
    """`2 hours, 5 minutes`, in the switch's own minutes."""
    minutes = int((time.monotonic() - machine.booted) / machine.spec.minute)
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "day"), (hours, "hour"), (minutes % 60, "minute")]
    shown = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count]
    return ", ".join(shown) or "0 minutes"


def software(machine: Machine) -> str:
    """The sentence of software and version, also SNMP's sysDescr."""
    release = machine.spec.release
    name = machine.family.software.format(train=train(release))
    return f"Cisco {name}, Version {release}, RELEASE SOFTWARE (fc2)"


def base_mac(machine: Machine) -> str:
    """The chassis's own address."""
    return machine.spec.base_mac or machine.spec.ports[0].mac


def version(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show version`, laid out as on the family."""
    given = machine.spec
    image = "CAT9K_IOSXE" if machine.family.xe else "UNIVERSALK9-M"
    head = [f"Cisco IOS XE Software, Version {given.release}"] if machine.family.xe else []
    return "\n".join(
        [
            *head,
            software(machine),
            "Technical Support: http://www.cisco.com/techsupport",
            "Copyright (c) 1986-2023 by Cisco Systems, Inc.",
            "Compiled Wed 25-Jan-23 16:15 by mcpre",
            "",
            "ROM: IOS-XE ROMMON" if machine.family.xe else "ROM: Bootstrap program is C2960X boot loader",
            "",
            f"{machine.hostname} uptime is {uptime(machine)}",
            f"Uptime for this control processor is {uptime(machine)}",
            "System returned to ROM by Reload Command",
            f'System image file is "{machine.family.image}"',
            "Last reload reason: Reload Command",
            "",
            f"cisco {given.model} (APM86XXX) processor with {machine.family.memory}K/6147K bytes of memory.",
            f"Processor board ID {given.serial}",
            "1 Virtual Ethernet interface",
            f"{len(given.ports)} Gigabit Ethernet interfaces",
            "2048K bytes of non-volatile configuration memory.",
            "",
            f"Base Ethernet MAC Address          : {base_mac(machine)}",
            "Motherboard Assembly Number        : 73-17952-06",
            f"Model Number                       : {given.model}",
            f"System Serial Number               : {given.serial}",
            f"Motherboard Serial Number          : {given.serial}",
            "",
            "",
            "Switch Ports Model              SW Version        SW Image              Mode   ",
            "------ ----- -----              ----------        ----------            ----   ",
            f"*    1 {len(given.ports):<5} {given.model:<18} {given.release:<17} {image:<21} INSTALL",
            "",
            "",
            "Configuration register is 0x102" if machine.family.xe else "Configuration register is 0xF",
            "",
            "",
        ]
    )


def inventory(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show inventory`."""
    given = machine.spec
    return f'NAME: "Switch 1", DESCR: "{given.model}"\nPID: {given.model:<17} , VID: V02  , SN: {given.serial}\n\n'


def cpu(machine: Machine, _asker: Asker, _found: Match) -> str:
    """`show processes cpu`: a switch that has little to do."""
    return (
        "CPU utilization for five seconds: 4%/0%; one minute: 3%; five minutes: 3%\n"
        " PID Runtime(ms)     Invoked      uSecs   5Sec   1Min   5Min TTY Process \n"
        "   1          12         320         37  0.00%  0.00%  0.00%   0 Chunk Manager    \n"
        "   2         180        4110         43  0.07%  0.05%  0.05%   0 Load Meter       \n"
        f"  98         {len(machine.lines) * 50:>3}         914         54  0.15%  0.02%  0.01%   2 SSH Process      \n"
    )


def tcam(machine: Machine, _asker: Asker, _found: Match) -> str:
    """The hardware's table; its rows and titles are those of the family's command reference."""
    used, size = machine.hardware.used, machine.capacity
    macs = len(machine.plane.forwarding_table())
    if machine.family.xe:
        rows = [
            ("Unicast MAC addresses", "32768/1024", f"{macs}/21"),
            ("L3 Multicast entries", "8192/512", "0/9"),
            ("L2 Multicast entries", "8192/512", "0/11"),
            ("Directly or indirectly connected routes", "24576/8192", "4/21"),
            ("QoS Access Control Entries", "5120", "85"),
            ("Security Access Control Entries", str(size), str(used)),
            ("Netflow ACEs", "256", "8"),
            ("Policy Based Routing ACEs", "1024", "22"),
            ("Control Plane Entries", "512", "255"),
        ]
        out = [
            "CAM Utilization for ASIC  [0]",
            " Table                                              Max Values        Used Values",
        ]
        out.append(" " + "-" * 80)
        out.extend(f" {name:<50} {most:<17} {now}" for name, most, now in rows)
        return "\n".join([*out, ""])
    rows = [
        ("Unicast mac addresses:", "16604/16604", f"{macs}/{macs}"),
        ("IPv4 IGMP groups + multicast routes:", "1072/1072", "1/1"),
        ("IPv4 unicast directly-connected routes:", "4096/4096", "0/0"),
        ("IPv4 unicast indirectly-connected routes:", "1280/1280", "34/34"),
        ("IPv4 policy based routing aces:", "512/512", "13/13"),
        ("IPv4 qos aces:", "512/512", "51/51"),
        ("IPv4 security aces:", f"{size}/{size}", f"{used}/{used}"),
    ]
    out = [
        "",
        "CAM Utilization for ASIC# 0                      Max            Used",
        "                                             Masks/Values    Masks/values",
        "",
    ]
    out.extend(f" {name:<42} {most:>12} {now:>14}" for name, most, now in rows)
    note = [
        "",
        "Note: Allocation of TCAM entries per feature uses",
        "a complex algorithm. The above information is meant",
        "to provide an abstract view of the current TCAM utilization",
        "",
    ]
    return "\n".join([*out, *note])


SHOWERS = {"version": version, "inventory": inventory, "cpu": cpu, "tcam": tcam}
