"""Names that IOS prints instead of numbers (Cisco IOS Security Command Reference, `permit (IP)`)."""

from __future__ import annotations

PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipinip": 94,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ahp": 51,
    "eigrp": 88,
    "ospf": 89,
    "nos": 4,
    "pim": 103,
    "pcp": 108,
}

_BOTH = {
    "discard": 9,
    "domain": 53,
    "echo": 7,
    "pim-auto-rp": 496,
    "sunrpc": 111,
    "tacacs": 49,
    "talk": 517,
    "time": 37,
}

TCP_PORTS = _BOTH | {
    "bgp": 179,
    "chargen": 19,
    "cmd": 514,
    "daytime": 13,
    "drip": 3949,
    "exec": 512,
    "finger": 79,
    "ftp": 21,
    "ftp-data": 20,
    "gopher": 70,
    "hostname": 101,
    "ident": 113,
    "irc": 194,
    "klogin": 543,
    "kshell": 544,
    "login": 513,
    "lpd": 515,
    "msrpc": 135,
    "nntp": 119,
    "pop2": 109,
    "pop3": 110,
    "smtp": 25,
    "telnet": 23,
    "uucp": 540,
    "whois": 43,
    "www": 80,
}

UDP_PORTS = _BOTH | {
    "biff": 512,
    "bootpc": 68,
    "bootps": 67,
    "dnsix": 195,
    "isakmp": 500,
    "mobile-ip": 434,
    "nameserver": 42,
    "netbios-dgm": 138,
    "netbios-ns": 137,
    "netbios-ss": 139,
    "non500-isakmp": 4500,
    "ntp": 123,
    "rip": 520,
    "ripv6": 521,
    "snmp": 161,
    "snmptrap": 162,
    "syslog": 514,
    "tftp": 69,
    "who": 513,
    "xdmcp": 177,
}

PORTS = {"tcp": TCP_PORTS, "udp": UDP_PORTS}

ICMP = {
    "echo": (8, None),
    "echo-reply": (0, None),
    "unreachable": (3, None),
    "net-unreachable": (3, 0),
    "host-unreachable": (3, 1),
    "protocol-unreachable": (3, 2),
    "port-unreachable": (3, 3),
    "packet-too-big": (3, 4),
    "administratively-prohibited": (3, 13),
    "source-quench": (4, None),
    "redirect": (5, None),
    "router-advertisement": (9, None),
    "router-solicitation": (10, None),
    "time-exceeded": (11, None),
    "ttl-exceeded": (11, 0),
    "reassembly-timeout": (11, 1),
    "parameter-problem": (12, None),
    "timestamp-request": (13, None),
    "timestamp-reply": (14, None),
    "mask-request": (17, None),
    "mask-reply": (18, None),
    "traceroute": (30, None),
}

INTERFACES = (
    ("FastEthernet", "Fa"),
    ("GigabitEthernet", "Gi"),
    ("TwoGigabitEthernet", "Tw"),
    ("FiveGigabitEthernet", "Fi"),
    ("TenGigabitEthernet", "Te"),
    ("TwentyFiveGigE", "Twe"),
    ("FortyGigabitEthernet", "Fo"),
    ("HundredGigE", "Hu"),
    ("Port-channel", "Po"),
    ("Vlan", "Vl"),
    ("Loopback", "Lo"),
)


def interface(text: str) -> str:
    """The full name of an interface written in any length, or an empty string."""
    kind = text.rstrip("0123456789/.")
    number = text[len(kind) :]
    if not number or not kind:
        return ""
    exact = [full for full, short in INTERFACES if kind.lower() in (full.lower(), short.lower())]
    found = exact or [full for full, _ in INTERFACES if full.lower().startswith(kind.lower())]
    return found[0] + number if found else ""


def short(name: str) -> str:
    """`Gi1/0/1` for `GigabitEthernet1/0/1`."""
    for full, brief in INTERFACES:
        if name.startswith(full) and name[len(full) :][:1].isdigit():
            return brief + name[len(full) :]
    return name


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key in which `Gi1/0/2` stands before `Gi1/0/10`."""
    parts: list[tuple[int, int, str]] = []
    run = ""
    for character in text + "\0":
        if run and character.isdigit() != run[-1].isdigit():
            parts.append((0, int(run), "") if run.isdigit() else (1, 0, run))
            run = ""
        run += character
    return tuple(parts)
