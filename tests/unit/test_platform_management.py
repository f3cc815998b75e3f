"""What a switch's management hangs on, read from real transcripts; each names the public document that it is from."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from agent.model.address import Mac
from agent.model.switch import NetworkServer, SwitchClock
from agent.platforms import cisco_ios, ios_management, linux_management

# ntc-templates, tests/cisco_ios/show_clock; the symbols: IOS command reference, `show clock`.
CLOCKS = [
    ("*18:57:38.347 UTC Mon Oct 19 2015\n", "", datetime(2015, 10, 19, 18, 57, 38, tzinfo=UTC), False),
    (".18:57:38.347 UTC Mon Oct 19 2015\n", "", datetime(2015, 10, 19, 18, 57, 38, tzinfo=UTC), False),
    ("18:57:38.347 UTC Mon Oct  9 2015\n", "", datetime(2015, 10, 9, 18, 57, 38, tzinfo=UTC), True),
    ("07:00:00.001 CST Tue Oct 20 2015\n", "clock timezone CST 8 0", datetime(2015, 10, 19, 23, tzinfo=UTC), True),
    (
        "07:00:00.001 NST Tue Oct 20 2015\n",
        "clock timezone NST -3 30",
        datetime(2015, 10, 20, 10, 30, tzinfo=UTC),
        True,
    ),
    ("07:00:00.001 CEST Tue Oct 20 2015\n", "clock timezone CET 1 0", None, True),
    ("07:00:00.001 CST Tue Oct 20 2015\n", "", None, True),
]


@pytest.mark.parametrize(("text", "running", "at", "synchronised"), CLOCKS)
def test_a_clock_with_its_mark_and_zone(text: str, running: str, at: datetime | None, synchronised: bool) -> None:
    assert ios_management.clock(text, running) == SwitchClock(text.strip(), at, synchronised)


def test_what_shows_no_time_is_no_clock() -> None:
    assert ios_management.clock("", "") is None
    assert ios_management.clock("Load for five secs: 4%/0%\nNo time source\n", "") is None
    assert linux_management.clock("sh: date: not found\n") is None


RUNNING = """aaa group server radius ISE
 server name ise1
 server-private 10.9.0.7 auth-port 1812 acct-port 1813
interface Vlan20
 ip address 10.20.0.1 255.255.255.0
 ip helper-address 10.1.1.67
 ip helper-address global 10.1.1.68
 ip helper-address vrf MGMT 10.1.1.69
ip default-gateway 10.99.0.1
ip route 0.0.0.0 0.0.0.0 10.99.0.2
ip route vrf Mgmt-vrf 0.0.0.0 0.0.0.0 10.98.0.1
ip route 10.0.0.0 255.0.0.0 10.99.0.9
logging buffered 64000
logging trap notifications
logging source-interface Vlan99
logging facility local6
logging 10.1.1.51
logging host 10.1.1.52 transport udp port 5140
logging host ipv6 2001:DB8::0:1
logging host syslog.example.net
radius-server host 10.9.0.1 auth-port 1645 acct-port 1646 key 7 00
tacacs-server host 10.9.0.2
tacacs server ise2
 address ipv4 10.9.0.3
 key 7 00
radius server ise1
 timeout 5
 address ipv4 10.9.0.4 auth-port 1812 acct-port 1813
 key 7 00
ntp source Vlan99
ntp server 10.1.1.123 prefer
ntp server vrf Mgmt-vrf 10.1.1.124
ntp server ip pool.ntp.org
sntp server 10.1.1.125"""


def test_the_servers_that_a_configuration_names() -> None:
    assert ios_management.servers(RUNNING) == (
        *(NetworkServer("AAA", f"10.9.0.{n}") for n in (1, 2, 3, 4, 7)),
        *(NetworkServer("DHCP relay", f"10.1.1.{n}") for n in (67, 68, 69)),
        *(NetworkServer("NTP", host) for host in ("10.1.1.123", "10.1.1.124", "10.1.1.125", "pool.ntp.org")),
        *(NetworkServer("syslog", host) for host in ("10.1.1.51", "10.1.1.52", "2001:db8::1", "syslog.example.net")),
    )
    assert ios_management.gateways(RUNNING) == tuple(map(IPv4Address, ("10.98.0.1", "10.99.0.1", "10.99.0.2")))
    assert ios_management.servers("hostname acc1\nlogging buffered 4096\n") == ()


# IOS IP Addressing command reference, `show ip arp`.
ARP = """Protocol  Address          Age (min)  Hardware Addr   Type   Interface
Internet  172.16.42.112         120   0000.a710.4baf  ARPA   Ethernet3
Internet  172.16.42.114           -   0000.a710.859b  ARPA   Ethernet2
Internet  172.16.42.121           0   Incomplete      ARPA
"""


def test_the_arp_table_without_what_nobody_answered_for() -> None:
    assert ios_management.arp(ARP) == (
        (IPv4Address("172.16.42.112"), Mac.parse("00:00:a7:10:4b:af")),
        (IPv4Address("172.16.42.114"), Mac.parse("00:00:a7:10:85:9b")),
    )


# ntc-templates, tests/cisco_ios/show_cdp_neighbors_detail (IOS 15.2, IOS XE 17.9), shortened; the telephone's words:
# Cisco Discovery Protocol guide.
CDP = """-------------------------
Device ID: vIOS-L2-1
Entry address(es):\x20
Platform: Cisco ,  Capabilities: Router Switch IGMP\x20
Interface: GigabitEthernet0/3,  Port ID (outgoing port): GigabitEthernet0/3
Holdtime : 173 sec

-------------------------
Device ID: SEP001122334455
Entry address(es):\x20
  IP address: 10.30.0.9
Platform: Cisco IP Phone 8841,  Capabilities: Host Phone Two-port Mac Relay\x20
Interface: GigabitEthernet1/0/7,  Port ID (outgoing port): Port 1

-------------------------
Device ID: CCNNN-SW-NNNNNN.subdomain.domain
Entry address(es):
  IP address: 10.12.25.21
Platform: cisco C9407R,  Capabilities: Router Switch
Interface: TwentyFiveGigE1/1/2,  Port ID (outgoing port): GigabitEthernet1/0/20

-------------------------
Device ID: ap-3-west
Platform: cisco AIR-AP3802I-B-K9,  Capabilities: Trans-Bridge Source-Route-Bridge IGMP\x20
Interface: GigabitEthernet1/0/8,  Port ID (outgoing port): GigabitEthernet0


Total cdp entries displayed : 4
"""


def test_cdp_tells_network_equipment_from_a_telephone() -> None:
    assert ios_management.cdp_infrastructure(CDP) == {
        "GigabitEthernet0/3": "vIOS-L2-1",
        "TwentyFiveGigE1/1/2": "CCNNN-SW-NNNNNN.subdomain.domain",
        "GigabitEthernet1/0/8": "ap-3-west",
    }


# Catalyst 2960 command reference; learn.anasather.uk, "Catalyst check TCAM utilization" (IOS XE 16); genieparser,
# iosxe/cat9k/c9300 (one table for both directions, two ASICs) and iosxe (a table for each direction); shortened.
TCAM = [
    (" IPv4 security aces:                           384/384        376/376\n", 8),
    (" QoS Access Control Entries          5120   153\n Security Access Control Entries     5120   246\n", 4874),
    (
        "CAM Utilization for ASIC  [0]\n"
        "QOS ACL                TCAM         IO       5120       85    1.66%       28       38        0       19\n"
        "Security ACL           TCAM         IO       5120      129    2.52%       26       58        0       45\n"
        "Netflow ACL            TCAM         I         256        6    2.34%        2        2        0        2\n"
        "CAM Utilization for ASIC  [1]\n"
        "Security ACL           TCAM         IO       5120      133    2.59%       30       58        0       45\n",
        4987,
    ),
    (
        " QOS ACL Ipv4           TCAM         I        5632       15    0.27%       15        0        0        0\n"
        " Security ACL Ipv4      TCAM         I        7168       12    0.17%       12        0        0        0\n"
        " Security ACL Non Ipv4  TCAM         I        5120       76    1.48%        0       36        0       40\n"
        " Security ACL Ipv4      TCAM         O        7168       14    0.20%       14        0        0        0\n",
        7156,
    ),
    ("% Invalid input detected at '^' marker.\n", None),
]


@pytest.mark.parametrize(("text", "free"), TCAM)
def test_how_full_the_table_is_on_each_generation(text: str, free: int | None) -> None:
    assert cisco_ios._free_entries(text) == free


# --- the Linux switch: its own command, run by a shell over files as Debian 12 ships and admins write them

FILES = {
    "chrony/chrony.conf": "# server 10.0.0.1\npool 2.debian.pool.ntp.org iburst\nserver 10.1.1.123 iburst\n",
    "systemd/timesyncd.conf": "[Time]\n#NTP=\nNTP=10.1.1.124 10.1.1.125\n",
    "default/isc-dhcp-relay": 'SERVERS="10.1.1.67 10.1.1.68"\nINTERFACES=""\n',
    "rsyslog.conf": "*.* @@10.1.1.51:514\n# *.* @10.1.1.99\nmail.* /var/log/mail\n*.* @(z5)[2001:db8::1]:5140\n",
    "rsyslog.d/50-remote.conf": 'action(type="omfwd" target="logs.example.net" port="514" protocol="tcp")\n',
    "pam_radius_auth.conf": "# server[:port] shared_secret\n10.9.0.1:1812\thush-hush 3\n",
    "tacplus_servers": "secret=hush-hush\nserver=10.9.0.2\n",
}


def test_the_servers_of_a_linux_switch_come_without_their_secrets(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    command = linux_management.SERVERS.replace("cd /etc;", f"cd {tmp_path};")
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "hush" not in said.stdout and not said.stderr
    assert len(linux_management.SERVERS) < 500
    assert linux_management.servers(said.stdout) == (
        NetworkServer("AAA", "10.9.0.1"),
        NetworkServer("AAA", "10.9.0.2"),
        *(NetworkServer("DHCP relay", f"10.1.1.{n}") for n in (67, 68)),
        *(NetworkServer("NTP", host) for host in ("10.1.1.123", "10.1.1.124", "10.1.1.125", "2.debian.pool.ntp.org")),
        *(NetworkServer("syslog", host) for host in ("10.1.1.51", "2001:db8::1", "logs.example.net")),
    )


def test_the_clock_of_this_machine_is_now() -> None:
    said = subprocess.run(["bash", "-c", linux_management.CLOCK], capture_output=True, text=True, check=True).stdout
    found = linux_management.clock(said)
    assert found and found.at and abs((found.at - datetime.now(UTC)).total_seconds()) < 60
    assert linux_management.clock("clock=1445281058\nNTPSynchronized=no\n") == SwitchClock(
        "2015-10-19 18:57:38 UTC", datetime(2015, 10, 19, 18, 57, 38, tzinfo=UTC), False
    )


def test_neighbours_and_the_default_route() -> None:
    text = (
        "10.99.0.1 dev br99 lladdr 52:54:00:aa:00:01 REACHABLE\n10.99.0.7 dev br99 FAILED\n"
        "default via 10.99.0.1 dev br99 proto static\n"
    )
    assert linux_management.arp(text) == ((IPv4Address("10.99.0.1"), Mac.parse("52:54:00:aa:00:01")),)
    assert linux_management.gateways(text) == (IPv4Address("10.99.0.1"),)
