"""The CLI's modes: their prompts, what leads from one to another, and the commands of each. Data.

Sources: Cisco IOS Configuration Fundamentals, "Using the Command-Line Interface" (modes and prompts); the commands are
those of the Catalyst 2960/3560 and 9300 command references. An action names what session.py does; an empty one
merges the line into the running configuration; `enter:MODE` also goes into that sub-mode.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = tuple[tuple[str, str], ...]

SUFFIX: Mapping[str, str] = {
    "exec": ">",
    "privileged": "#",
    "config": "(config)#",
    "config-if": "(config-if)#",
    "config-ext-nacl": "(config-ext-nacl)#",
    "config-std-nacl": "(config-std-nacl)#",
    "config-vlan": "(config-vlan)#",
    "config-line": "(config-line)#",
    "config-archive": "(config-archive)#",
    "config-archive-log-cfg": "(config-archive-log-cfg)#",
    "config-access-map": "(config-access-map)#",
    "config-server": "(config-radius-server)#",
}

# What `exit` leads to; `end` and Control-Z always lead to privileged mode.
EXIT: Mapping[str, str] = {
    "config": "privileged",
    "config-archive-log-cfg": "config-archive",
    **{mode: "config" for mode in SUFFIX if mode.startswith("config-") and mode != "config-archive-log-cfg"},
}

_EVERYWHERE: Table = (("exit", "exit"), ("show", "show-bare"), ("show LINE", "show"))

EXEC: Table = (
    *_EVERYWHERE,
    ("enable", "enable"),
    ("disable", "disable"),
    ("logout", "close"),
    ("quit", "close"),
    ("terminal length <0-512>", "terminal-length"),
    ("terminal width <0-512>", "terminal-width"),
    ("terminal monitor", "monitor"),
    ("terminal no monitor", "no-monitor"),
)

PRIVILEGED: Table = (
    *EXEC,
    ("configure", "configure-ask"),
    ("configure terminal", "configure"),
    ("configure terminal lock", "configure-lock"),
    ("configure terminal revert timer <1-120>", "configure-revert"),
    ("configure terminal revert idle <1-120>", "configure-revert"),
    ("configure exclusive", "configure-lock"),
    ("configure confirm", "configure-confirm"),
    ("configure revert now", "revert-now"),
    ("configure revert timer <1-120>", "revert-timer"),
    ("configure revert idle <1-120>", "revert-timer"),
    ("configure replace LINE", "configure-replace"),
    ("write", "write"),
    ("write memory", "write"),
    ("write terminal", "write-terminal"),
    ("copy running-config startup-config", "copy-startup"),
    ("archive config", "archive-config"),
    ("clear mac address-table dynamic", "clear-mac"),
    ("clear mac address-table dynamic LINE", "clear-mac"),
    ("clear access-list counters", "clear-counters"),
    ("clear access-list counters WORD", "clear-counters"),
    ("clear logging", "clear-logging"),
    ("clear configuration lock", "clear-lock"),
    ("reload", "reload"),
)

_KEPT = (
    "hostname WORD|version WORD|service LINE|boot LINE|enable secret LINE|enable password LINE|username LINE"
    "|aaa LINE|clock LINE|system LINE|switch LINE|ip routing|ip default-gateway A.B.C.D|ip route LINE"
    "|ip domain LINE|ip domain-name WORD|ip domain-lookup|ip name-server LINE|ip ssh LINE|ip http LINE"
    "|ip dhcp LINE|ip arp LINE|ip device LINE|ip igmp LINE|ip forward-protocol LINE|ip classless"
    "|ip source LINE|ip scp LINE|ip radius LINE|ip tacacs LINE|vtp LINE|mls LINE|mac address-table LINE"
    "|crypto LINE|dot1x LINE|authentication LINE|access-session LINE|errdisable LINE|spanning-tree LINE"
    "|vlan filter LINE|vlan internal LINE|lldp run|lldp LINE|cdp run|cdp LINE|logging LINE|access-list LINE"
    "|snmp-server LINE|radius-server LINE|tacacs-server LINE|banner LINE|ntp LINE|sntp LINE|redundancy"
    "|power LINE|license LINE|login LINE|configuration mode exclusive|configuration mode exclusive auto"
    "|configuration mode exclusive manual|diagnostic LINE|memory LINE|file LINE"
    "|alias LINE|key LINE|device-tracking LINE|port-channel LINE|sdm LINE|storm-control LINE|udld LINE"
    "|energywise LINE"
)

CONFIG: Table = (
    ("exit", "exit"),
    ("end", "end"),
    ("do LINE", "do"),
    ("no", "incomplete"),
    ("no LINE", "no"),
    ("default LINE", "no"),
    ("interface INTERFACE", "enter:config-if"),
    ("vlan <1-4094>", "enter:config-vlan"),
    ("vlan access-map WORD <1-65535>", "enter:config-access-map"),
    ("ip access-list extended WORD", "enter:config-ext-nacl"),
    ("ip access-list standard WORD", "enter:config-std-nacl"),
    ("ip access-list resequence WORD <1-2147483647> <1-2147483647>", "resequence"),
    ("archive", "enter:config-archive"),
    ("line console 0", "enter:config-line"),
    ("line vty <0-15>", "enter:config-line"),
    ("line vty <0-15> <0-15>", "enter:config-line"),
    ("radius server WORD", "enter:config-server"),
    ("tacacs server WORD", "enter:config-server"),
    *((pattern, "") for pattern in _KEPT.split("|")),
)

_SUB: Table = (
    ("exit", "exit"),
    ("end", "end"),
    ("do LINE", "do"),
    ("no", "incomplete"),
    ("no LINE", "no"),
    ("default LINE", "no"),
)

_INTERFACE_KEPT = (
    "description LINE|switchport|switchport mode access|switchport mode trunk|switchport mode dynamic auto"
    "|switchport mode dynamic desirable|switchport access vlan <1-4094>|switchport voice vlan <1-4094>"
    "|switchport trunk native vlan <1-4094>|switchport trunk encapsulation dot1q|switchport nonegotiate"
    "|switchport port-security|switchport port-security LINE|switchport block LINE|switchport protected"
    "|ip address A.B.C.D A.B.C.D|ip address dhcp|ip access-group WORD in|mac access-group WORD in|ipv6 LINE"
    "|ip helper-address A.B.C.D|ip verify source|ip verify source LINE|ip dhcp LINE|ip arp LINE|ip device LINE"
    "|ip proxy-arp|ip redirects|ip unreachables|shutdown|speed LINE|duplex LINE|authentication LINE"
    "|access-session LINE|mab|mab eap|dot1x LINE|lldp LINE|cdp enable|spanning-tree LINE|storm-control LINE"
    "|power LINE|mls LINE|service-policy LINE|channel-group <1-48> mode active"
    "|channel-group <1-48> mode passive|channel-group <1-48> mode on|channel-group <1-48> mode desirable"
    "|channel-group <1-48> mode auto|channel-protocol lacp|load-interval <30-600>|snmp LINE|udld LINE"
    "|auto LINE|source LINE|device-tracking LINE|logging LINE|priority-queue out|srr-queue LINE|trust LINE"
    "|cts LINE|macsec|keepalive|mtu <64-9216>|negotiation auto"
)

INTERFACE: Table = (
    *_SUB,
    ("switchport trunk allowed vlan add WORD", "trunk:add"),
    ("switchport trunk allowed vlan remove WORD", "trunk:remove"),
    ("switchport trunk allowed vlan except WORD", "trunk:except"),
    ("switchport trunk allowed vlan all", "trunk:all"),
    ("switchport trunk allowed vlan WORD", "trunk:set"),
    *((pattern, "") for pattern in _INTERFACE_KEPT.split("|")),
)

TABLES: Mapping[str, Table] = {
    "exec": EXEC,
    "privileged": PRIVILEGED,
    "config": CONFIG,
    "config-if": INTERFACE,
    "config-vlan": (*_SUB, ("name WORD", ""), ("state LINE", ""), ("shutdown", ""), ("remote-span", "")),
    "config-line": (
        *_SUB,
        ("login", ""),
        ("login LINE", ""),
        ("transport LINE", ""),
        ("exec-timeout LINE", ""),
        ("password LINE", ""),
        ("logging synchronous", ""),
        ("access-class LINE", ""),
        ("privilege LINE", ""),
        ("authorization LINE", ""),
        ("length <0-512>", ""),
        ("stopbits 1", ""),
    ),
    "config-archive": (
        *_SUB,
        ("path LINE", ""),
        ("maximum <1-14>", ""),
        ("write-memory", ""),
        ("time-period <1-525600>", ""),
        ("log config", "enter:config-archive-log-cfg"),
    ),
    "config-archive-log-cfg": (
        *_SUB,
        ("logging enable", ""),
        ("logging size <1-1000>", ""),
        ("notify syslog", ""),
        ("notify syslog LINE", ""),
        ("hidekeys", ""),
    ),
    "config-access-map": (*_SUB, ("action forward", ""), ("action drop", ""), ("match LINE", "")),
    "config-server": (*_SUB, ("address LINE", ""), ("key LINE", ""), ("timeout LINE", "")),
    "config-ext-nacl": _SUB,
    "config-std-nacl": (*_SUB, ("permit LINE", ""), ("deny LINE", ""), ("remark LINE", "")),
}

_SHOW = (
    ("version", "version"),
    ("running-config", "running"),
    ("running-config all", "running"),
    ("running-config interface INTERFACE", "running-interface"),
    ("startup-config", "startup"),
    ("ip access-lists", "access-lists"),
    ("ip access-lists interface INTERFACE", "access-lists-interface"),
    ("ip access-lists WORD", "access-lists"),
    ("access-lists", "access-lists"),
    ("access-lists WORD", "access-lists"),
    ("ip interface", "ip-interface"),
    ("ip interface brief", "ip-interface-brief"),
    ("ip interface INTERFACE", "ip-interface"),
    ("ip arp", "arp"),
    ("ip dhcp snooping binding", "snooping"),
    ("mac address-table", "mac"),
    ("mac address-table dynamic", "mac-dynamic"),
    ("mac address-table interface INTERFACE", "mac-interface"),
    ("mac address-table dynamic interface INTERFACE", "mac-interface"),
    ("mac address-table address H.H.H", "mac-address"),
    ("mac address-table dynamic address H.H.H", "mac-address"),
    ("mac address-table vlan <1-4094>", "mac-vlan"),
    ("mac address-table dynamic vlan <1-4094>", "mac-vlan"),
    ("mac address-table aging-time", "mac-aging"),
    ("interfaces status", "status"),
    ("interfaces INTERFACE status", "status"),
    ("interfaces trunk", "trunk"),
    ("interfaces switchport", "switchport"),
    ("interfaces INTERFACE switchport", "switchport"),
    ("interfaces counters", "counters"),
    ("vlan brief", "vlan"),
    ("lldp neighbors", "lldp"),
    ("lldp neighbors detail", "lldp-detail"),
    ("lldp neighbors INTERFACE detail", "lldp-detail"),
    ("cdp neighbors", "cdp"),
    ("cdp neighbors detail", "cdp-detail"),
    ("archive", "archive"),
    ("archive config rollback timer", "rollback-timer"),
    ("clock", "clock"),
    ("users", "users"),
    ("line", "line"),
    ("logging", "logging"),
    ("authentication sessions", "authentication"),
    ("authentication sessions interface INTERFACE", "authentication"),
    ("etherchannel summary", "etherchannel"),
    ("processes cpu", "cpu"),
    ("privilege", "privilege"),
    ("inventory", "inventory"),
    ("configuration lock", "lock"),
    ("terminal", "terminal"),
)

TCAM_2960 = (("platform tcam utilization", "tcam"),)
TCAM_9300 = (("platform hardware fed switch active fwd-asic resource tcam utilization", "tcam"),)
# User EXEC mode sees no configuration: "Cisco IOS Privilege Levels", show running-config is a level 15 command.
HIDDEN_AT_1 = (
    "running",
    "running-interface",
    "startup",
    "archive",
    "rollback-timer",
    "access-lists",
    "logging",
    "lock",
)


def show_table(privileged: bool, tcam: Table) -> Table:
    """What `show` knows at a privilege level on a family."""
    return tuple(row for row in (*_SHOW, *tcam) if privileged or row[1] not in HIDDEN_AT_1)
