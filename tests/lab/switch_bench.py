"""The lab's switch on a real bench: Open vSwitch with three hosts, in namespaces of this process's own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from netmiko import ConnectHandler
from netmiko.base_connection import BaseConnection

REPOSITORY = Path(__file__).parents[2]
PREFIX = f"lsw{os.getpid()}-"
"""Other test processes on this machine have benches of their own."""

OVS = PREFIX + "ovs"
NAMESPACES = (OVS, *(PREFIX + host for host in "abc"))
HOSTS = {"a": "10.87.0.1", "b": "10.87.0.2", "c": "10.87.0.3"}
MINUTE = 8.0

CONFIGURATION = """
version 17.6
hostname acc1
vlan 20
 name PRINTERS
vlan 30
 name USERS
archive
 path flash:archive
 maximum 10
lldp run
interface GigabitEthernet1/0/1
 description printer
 switchport access vlan 20
 switchport mode access
interface GigabitEthernet1/0/2
 switchport access vlan 20
 switchport mode access
interface GigabitEthernet1/0/3
 switchport access vlan 30
 switchport mode access
 authentication port-control auto
 mab
interface Vlan99
 ip address 10.99.0.11 255.255.255.0
ip access-list extended FOREIGN
 permit ip any any
line vty 0 4
 login local
"""

ACL = (
    "ip access-list extended LW-3f9a2c1e",
    "10 remark lanward test",
    "10 permit icmp any any echo-reply",
    "20 permit tcp any eq 80 host 10.87.0.2 established",
    "30 deny udp any any range 5000 5010",
    "40 deny ip any any",
)


def run(*command: str, check: bool = True, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=timeout)


def inside(name: str, *command: str, check: bool = False, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return run("ip", "netns", "exec", f"{PREFIX}{name}", *command, check=check, timeout=timeout)


def pings(source: str, target: str) -> bool:
    return inside(source, "ping", "-c1", "-W1", HOSTS[target]).returncode == 0


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build_network() -> None:
    for name in NAMESPACES:
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    for host, address in HOSTS.items():
        run(
            "ip",
            "-n",
            OVS,
            "link",
            "add",
            f"p{host}",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            f"{PREFIX}{host}",
        )
        run("ip", "-n", OVS, "link", "set", f"p{host}", "up")
        run("ip", "-n", f"{PREFIX}{host}", "link", "set", "eth0", "address", f"02:87:00:00:00:0{address[-1]}", "up")
        run("ip", "-n", f"{PREFIX}{host}", "addr", "add", f"{address}/24", "dev", "eth0")
        inside(host, "ethtool", "-K", "eth0", "tx", "off", check=True)
        inside("ovs", "ethtool", "-K", f"p{host}", "tx", "off", check=True)


def start_ovs(home: Path) -> list[subprocess.Popen[bytes]]:
    database, sock = home / "conf.db", home / "db.sock"
    run("ovsdb-tool", "create", str(database), "/usr/share/openvswitch/vswitch.ovsschema")
    environment = {**os.environ, "OVS_RUNDIR": str(home)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    store = subprocess.Popen(
        ["ovsdb-server", str(database), f"--remote=punix:{sock}", f"--pidfile={home}/ovsdb-server.pid"], **quiet
    )
    wait_for(sock.exists)
    run("ovs-vsctl", f"--db=unix:{sock}", "--no-wait", "init")
    switch = subprocess.Popen(
        ["ip", "netns", "exec", OVS, "ovs-vswitchd", f"unix:{sock}", f"--pidfile={home}/ovs-vswitchd.pid"],
        **quiet,
    )
    ports = [word for host in HOSTS for word in ("--", "add-port", "sw0", f"p{host}")]
    run("ovs-vsctl", f"--db=unix:{sock}", "add-br", "sw0", "--", "set", "bridge", "sw0", "datapath_type=netdev", *ports)
    return [store, switch]


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{condition} never became true"
        time.sleep(0.05)


class Bench:
    """One switch with its hosts, and how to reach it."""

    def __init__(self, home: Path) -> None:
        self.home, self.state = home, home / "state"
        self.ssh, self.snmp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        spec = {
            "name": "acc1", "model": "C9300-24T", "release": "17.06.05", "serial": "FCW2140L0GH", "bridge": "sw0",
            "ovs_db_socket": str(self.home / "db.sock"), "ovs_run_dir": str(self.home), "management_ip": "127.0.0.1",
            "gateway": "10.99.0.1", "netns": "", "host_key_file": str(self.home / "key"), "minute": MINUTE, "vtys": 3,
            "tcam_entries": 20, "enable": "letmein", "state_dir": str(self.state), "ssh_port": self.ssh,
            "snmp_port": self.snmp, "configuration": CONFIGURATION,
            "users": [
                {"name": "lanward", "password": "pw-lanward", "privilege": 15},
                {"name": "viewer", "password": "pw-viewer", "privilege": 1},
                {"name": "limited", "password": "pw-limited", "privilege": 15, "deny": ["^ip access-group"]},
            ],
            "snmp": {
                "communities": ["public"],
                "users": [{"name": "lan", "auth_protocol": "sha", "auth_key": "authauth1", "priv_protocol": "aes",
                           "priv_key": "privpriv1"}],
            },
            "ports": [
                {"name": f"GigabitEthernet1/0/{number}", "ovs_port": f"p{host}", "mac": f"00:56:2b:00:00:0{number}"}
                for number, host in enumerate(HOSTS, 1)
            ],
            "lldp_neighbours": [
                {"local_port": "GigabitEthernet1/0/2", "chassis_id": "00:11:22:33:44:55", "port_id": "Te1/1/1",
                 "system_name": "dist1", "capabilities": "B,R"}
            ],
        }  # fmt: skip
        (self.home / "spec.json").write_text(json.dumps(spec))
        log = (self.home / "switch.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lab.switch", str(self.home / "spec.json")], cwd=REPOSITORY, stdout=log, stderr=log
        )
        wait_for(lambda: (self.state / "ready").exists() or self.process is None or self.process.poll() is not None)
        assert (self.state / "ready").exists(), (self.home / "switch.log").read_text()

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def connect(self, user: str = "lanward", **options: object) -> BaseConnection:
        return ConnectHandler(
            device_type="cisco_ios", host="127.0.0.1", port=self.ssh, username=user, password=f"pw-{user}",
            secret="letmein", conn_timeout=15, **options,
        )  # fmt: skip

    def faults(self, **faults: object) -> None:
        (self.state / "faults.json").write_text(json.dumps(faults))


@contextmanager
def bench_up(home: Path) -> Iterator[Bench]:
    """A bench with its switch running; nothing of it is left afterwards."""
    remove_network()
    daemons: list[subprocess.Popen[bytes]] = []
    made = Bench(home)
    try:
        build_network()
        daemons = start_ovs(home)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "key"))
        made.start()
        yield made
    finally:
        made.stop()
        for daemon in reversed(daemons):
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(10)
        remove_network()
        shutil.rmtree(home, ignore_errors=True)


def remove_network() -> None:
    for name in NAMESPACES:
        run("ip", "netns", "del", name, check=False)


@contextmanager
def session(bench: Bench) -> Iterator[BaseConnection]:
    """A session; afterwards the switch is as it was started."""
    bench.faults()
    connection = bench.connect()
    connection.send_command("configure replace nvram:startup-config force")
    yield connection
    bench.faults()
    connection.disconnect()
    with bench.connect() as clean:
        clean.send_command("clear configuration lock")
        clean.send_command("configure revert now")
        clean.send_command("configure replace nvram:startup-config force")


def bind(cli: BaseConnection, port: str = "GigabitEthernet1/0/1", acl: tuple[str, ...] = ACL) -> str:
    return cli.send_config_set(
        [*acl, "exit", f"interface {port}", f"ip access-group {acl[0].split()[-1]} in"], error_pattern=r"^%"
    )


def running(cli: BaseConnection) -> str:
    return str(cli.send_command("show running-config"))
