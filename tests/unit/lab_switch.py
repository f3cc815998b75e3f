"""The lab's switch without a network: a data plane that remembers, and sessions to type into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lab.switch import spec
from lab.switch.dataplane import Learned, Link
from lab.switch.hardware import Hardware
from lab.switch.session import Session
from lab.switch.spec import Spec

CONFIGURATION = """
version 15.2
hostname acc1
vlan 20
 name PRINTERS
archive
 path flash:archive
lldp run
interface GigabitEthernet1/0/1
 description printer 1
 switchport access vlan 20
 switchport mode access
interface GigabitEthernet1/0/2
 switchport trunk native vlan 99
 switchport trunk allowed vlan 20,30-32
 switchport mode trunk
interface GigabitEthernet1/0/3
 switchport access vlan 30
 switchport voice vlan 40
 switchport mode access
 authentication port-control auto
 mab
interface GigabitEthernet1/0/4
 channel-group 1 mode active
interface GigabitEthernet1/0/10
 shutdown
interface Vlan99
 ip address 10.99.0.11 255.255.255.0
line vty 0 4
 login local
"""
PORTS = (1, 2, 3, 4, 10)


class Recorder:
    """A data plane that remembers what it was told; counters and addresses are a test's own."""

    def __init__(self) -> None:
        self.wanted = Hardware((), ())
        self.packets: dict[int, int] = {}
        self.learned = (
            Learned("02:00:00:00:00:01", 20, "p1", 5),
            Learned("02:00:00:00:00:03", 30, "p3", 5),
            Learned("02:00:00:00:00:02", 0, "p2", 5),
        )

    def apply(self, wanted: Hardware) -> None:
        self.wanted = wanted

    def hits(self) -> dict[int, int]:
        return self.packets

    def forwarding_table(self) -> tuple[Learned, ...]:
        return self.learned

    def links(self) -> dict[str, Link]:
        return {f"p{number}": Link(number != 10, 100, 200, 3, 4) for number in PORTS}

    def flush(self) -> None:
        self.learned = ()


def describe(home: Path, **changes: object) -> Spec:
    document = {
        "name": "acc1", "model": "WS-C2960X-24TS-L", "release": "15.2(7)E7", "serial": "FOC1234X0AB", "bridge": "sw0",
        "ovs_db_socket": "", "ovs_run_dir": "", "management_ip": "127.0.0.1", "gateway": "", "host_key_file": "",
        "state_dir": str(home), "configuration": CONFIGURATION, "minute": 0.05, "tcam_entries": 10,
        "users": [{"name": "net", "password": "x", "privilege": 15}], "enable": "y",
        "ports": [{"name": f"GigabitEthernet1/0/{at}", "ovs_port": f"p{at}", "mac": f"00:56:2b:00:00:{at:02x}"}
                  for at in PORTS],
        "lldp_neighbours": [{"local_port": "GigabitEthernet1/0/2", "chassis_id": "00:11:22:33:44:55",
                             "port_id": "Te1/1/1", "system_name": "dist1", "capabilities": "B,R",
                             "management_ip": "10.99.0.10"}],
    }  # fmt: skip
    return spec.read({**document, **changes})


def plane(session: Session) -> Recorder:
    recorder = session.machine.plane
    assert isinstance(recorder, Recorder)
    return recorder


def commands(session: Session, lines: Sequence[str]) -> str:
    return "".join(session.handle(line) for line in lines)


def enter(session: Session, *lines: str) -> str:
    return commands(session, ["configure terminal", *lines, "end"])


def running(session: Session) -> str:
    return session.handle("show running-config")
