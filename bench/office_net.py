"""The office as network namespaces: an agent's, a router's, one a VLAN and one a device, each with its own stack."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.office import (
    AGENT,
    AGENT_GATEWAY,
    COMMUNITIES,
    ROUTER,
    ROUTER_OBJECT,
    VLANS,
    Office,
    Unit,
    certificates,
    credentials,
    settings,
    specification,
)
from lab import netns
from lab.hosts import with_mask
from lab.processes import Processes
from lab.readiness import until
from lab.world import Vlan

HERE = Path(__file__).resolve().parent.parent
START = 120.0
"""Seconds in which all devices must be up."""


def router_mac(vlan: int) -> str:
    """The gateway's MAC in a VLAN."""
    return f"fc:ec:da:00:00:{vlan + 1:02x}"


def settled(unit: Unit, number: int, vlan: Vlan) -> Iterator[str]:
    """The `ip` commands, inside its namespace, that give a device its address."""
    yield "link set eth0 up"
    yield f"addr add {with_mask(unit.ip, vlan.subnet.prefixlen)} dev eth0"
    yield f"neigh add {vlan.gateway} lladdr {router_mac(number)} dev eth0 nud permanent"
    yield f"route add default via {vlan.gateway}"


def firewall(unit: Unit) -> str:
    """nft's commands for a device that drops what it does not serve; it answers echo requests."""
    ports = ", ".join(str(service["port"]) for service in unit.facts["services"])
    chain = "add table ip filter; add chain ip filter input { type filter hook input priority 0; policy drop; }"
    allowed = ("icmp type echo-request accept", f"tcp dport {{ {ports} }} accept")
    return "; ".join([chain, *(f"add rule ip filter input {rule}" for rule in allowed)])


class Site:
    """A running office: `state` holds its files, `agent` is the namespace to measure in."""

    def __init__(self, office: Office, state: Path) -> None:
        self.office, self.state = office, state
        self.prefix = f"lwb{os.getpid()}-"
        self.agent = f"{self.prefix}agent"
        self._router = f"{self.prefix}router"
        self.processes = Processes(state)

    def configuration(self, name: str, rate: float) -> Path:
        """A directory with lanward.toml and its credentials."""
        directory = self.state / name
        directory.mkdir()
        (directory / "lanward.toml").write_text(settings(self.office, rate))
        with os.fdopen(
            os.open(directory / "credentials.toml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
        ) as out:
            out.write(credentials())
        return directory / "lanward.toml"

    def paper(self) -> int:
        """Octets that printing ports took so far."""
        return sum(file.stat().st_size for file in (self.state / "paper").iterdir())

    def up(self) -> None:
        """Make everything and wait until all devices listen."""
        netns.add([self.agent, self._router, *(f"{self.prefix}v{n}" for n in range(len(VLANS)))])
        self._route()
        netns.add(f"{self.prefix}{unit.name}" for unit in self.office.units)
        for number, vlan in enumerate(self.office.vlans):
            self._populate(number, vlan)
        self._serve()

    def _route(self) -> None:
        lines = [f"link add agent type veth peer name eth0 netns {self.agent}", "link set agent up"]
        lines.append(f"addr add {AGENT_GATEWAY}/24 dev agent")
        for number, vlan in enumerate(self.office.vlans):
            lines.append(f"link add v{number} type veth peer name trunk netns {self.prefix}v{number}")
            lines.append(f"link set v{number} address {router_mac(number)} up")
            lines.append(f"addr add {with_mask(vlan.gateway, vlan.subnet.prefixlen)} dev v{number}")
        netns.ip(lines, namespace=self._router)
        with netns.inside(self._router):
            netns.sysctl("net/ipv4/ip_forward", "1")
        own = ["link set eth0 up", f"addr add {AGENT} dev eth0", f"route add default via {AGENT_GATEWAY}"]
        netns.ip(own, namespace=self.agent)

    def _populate(self, number: int, vlan: Vlan) -> None:
        """Each device's interface, on the VLAN's trunk. Gateways and devices know each other, as they do by noon.

        The kernel's limit on neighbours is one for all namespaces; entries by hand do not count.
        """
        segment, here = f"{self.prefix}v{number}", self.office.of(number)
        netns.ip(["link set trunk up", *(self._plug(unit) for unit in here)], namespace=segment)
        known = (f"neigh add {unit.ip} lladdr {unit.mac} dev v{number} nud permanent" for unit in here)
        netns.ip(known, namespace=self._router)
        for unit in here:
            netns.ip(settled(unit, number, vlan), namespace=f"{self.prefix}{unit.name}")
            if unit.facts.get("firewall"):
                netns.run(["ip", "netns", "exec", f"{self.prefix}{unit.name}", "nft", firewall(unit)])

    def _plug(self, unit: Unit) -> str:
        where = f"netns {self.prefix}{unit.name}"
        return f"link add link trunk name eth0 address {unit.mac} {where} type macvlan mode bridge"

    def _serve(self) -> None:
        (self.state / "paper").mkdir()
        for name in certificates():
            file = str(self.state / f"{name}.pem")
            new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", f"/CN={name}"]
            netns.run(["openssl", *new, "-keyout", file, "-out", f"{file}.crt"])
            Path(file).write_text(Path(file).read_text() + Path(f"{file}.crt").read_text())
        for number in range(len(VLANS)):
            spec = self.state / f"vlan{number}.json"
            spec.write_text(json.dumps(specification(self.office, number, self.prefix, self.state)))
            argv = [sys.executable, "-m", "bench.office_devices", str(spec)]
            self.processes.start(f"vlan{number}", argv, environment={"PYTHONPATH": str(HERE)})
        self._start_snmpd()
        for number in range(len(VLANS)):
            until(partial(self._is_up, number), f"the devices of VLAN {number}", START)

    def _is_up(self, number: int) -> bool:
        return self.processes.expect(f"vlan{number}") > 0 and (self.state / f"vlan{number}.ctl").exists()

    def _start_snmpd(self) -> None:
        """The router's own agent: net-snmp, which shows the kernel's ARP table."""
        config = self.state / "snmpd.conf"
        lines = (
            f"sysDescr {ROUTER}",
            f"sysObjectID {ROUTER_OBJECT}",
            "sysName router",
            f"rocommunity {COMMUNITIES[0]}",
        )
        config.write_text("\n".join(lines) + "\n")
        argv = ["snmpd", "-f", "-Lo", "-C", "-c", str(config), "-p", str(self.state / "snmpd.pid"), "udp:161"]
        own = {"SNMP_PERSISTENT_DIR": str(self.state / "snmpd"), "MIBS": ""}
        self.processes.start("snmpd", argv, namespace=self._router, environment=own)

    def down(self) -> None:
        """End everything of this office, and nothing else."""
        self.processes.stop_all()
        netns.delete(self.prefix)
        shutil.rmtree(self.state)


@contextmanager
def site(office: Office) -> Iterator[Site]:
    """The office, up inside and gone afterwards; raise EnvironmentFault where it cannot be made."""
    made = Site(office, Path(tempfile.mkdtemp(prefix="lanward-bench-")))
    try:
        made.up()
        yield made
    finally:
        made.down()
