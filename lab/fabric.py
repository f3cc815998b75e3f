"""The data plane: Open vSwitch in userspace in a namespace of its own, and every cable of the lab.

Each switch port is one end of a veth pair; the other end, its jack, waits in the fabric until something is plugged in.
Hidden bridges split a trunk into one interface a VLAN, for namespaces on a kernel without 802.1Q devices.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.model.errors import EnvironmentFault
from lab import netns
from lab.processes import Processes
from lab.world import LabSwitch, World

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def ovs_port(switch: str, number: int) -> str:
    """The name of a switch port's end in the fabric."""
    return f"{switch}-{number}"


def jack(switch: str, number: int) -> str:
    """The name of the end that a device is plugged into, while nothing is."""
    return f"{switch}-{number}j"


@dataclass(frozen=True, slots=True)
class Fabric:
    """The running switches of one lab; `prefix` begins its namespaces' names."""

    prefix: str
    state: Path
    processes: Processes

    @property
    def namespace(self) -> str:
        """Where Open vSwitch runs."""
        return f"{self.prefix}fab"

    @property
    def run_dir(self) -> Path:
        """Sockets, database and control files of this Open vSwitch."""
        return self.state / "ovs"

    def start(self) -> None:
        """Start ovsdb-server and ovs-vswitchd with sockets of their own."""
        run = self.run_dir
        run.mkdir(parents=True)
        netns.run(["ovsdb-tool", "create", str(run / "conf.db"), SCHEMA])
        here = {"OVS_RUNDIR": str(run), "OVS_LOGDIR": str(run), "OVS_DBDIR": str(run)}
        remote, pidfile = f"--remote=punix:{run}/db.sock", f"--pidfile={run}/ovsdb-server.pid"
        server = ["ovsdb-server", f"{run}/conf.db", remote, pidfile]
        self.processes.start("ovsdb-server", server, namespace=self.namespace, environment=here)
        self._await("ovsdb-server", run / "db.sock")
        self.vsctl("--no-wait", "init")
        switch = ["ovs-vswitchd", f"unix:{run}/db.sock", f"--pidfile={run}/ovs-vswitchd.pid"]
        pid = self.processes.start("ovs-vswitchd", switch, namespace=self.namespace, environment=here)
        self._await("ovs-vswitchd", run / f"ovs-vswitchd.{pid}.ctl")

    def _await(self, name: str, path: Path) -> None:
        deadline = time.monotonic() + 15
        while not path.exists():
            self.processes.expect(name)
            if time.monotonic() > deadline:
                raise EnvironmentFault(f"the lab's {name} opens no {path} in 15 s")
            time.sleep(0.02)

    def vsctl(self, *arguments: str) -> str:
        """One ovs-vsctl transaction."""
        return netns.run(["ovs-vsctl", f"--db=unix:{self.run_dir}/db.sock", "--timeout=20", *arguments])

    def appctl(self, *arguments: str) -> str:
        """One ovs-appctl command to ovs-vswitchd."""
        control = self.run_dir / f"ovs-vswitchd.{self.processes.expect('ovs-vswitchd')}.ctl"
        return netns.run(["ovs-appctl", "--timeout=10", "-t", str(control), *arguments])

    def forget(self, bridge: str, mac: str, vlan: int) -> None:
        """Drop a learned address, as its ageing would: it is made static first, which ovs-appctl can delete."""
        port = self.vsctl("list-ports", bridge).split()[0]
        self.appctl("fdb/add", bridge, port, str(vlan), mac)
        self.appctl("fdb/del", bridge, str(vlan), mac)

    def cable(self, world: World) -> None:
        """Make every veth pair and put the switches' ends on their bridges."""
        netns.ip(cables(world, self.prefix), namespace=self.namespace)
        self.vsctl(*bridges(world))


def cables(world: World, prefix: str) -> Iterator[str]:
    """The `ip link` commands that lay all cables, to be run in the fabric's namespace."""
    for switch in world.switches.values():
        for number in switch.ports:
            if number not in switch.uplinks:
                yield from access_cable(switch, number, prefix)
    yield pair(ovs_port("dist1", 21), ovs_port("acc1", 25))
    yield pair(ovs_port("acc1", 26), jack("acc1", 26))
    yield pair(ovs_port("dist1", 22), "split-lnx1-t")
    yield pair(ovs_port("dist1", 23), "split-rtr-t")
    yield from (f"link set {ovs_port(s, n)} up" for s, n in (("dist1", 21), ("dist1", 22), ("dist1", 23)))
    yield from (f"link set {ovs_port('acc1', number)} up" for number in (25, 26))
    yield from ("link set split-lnx1-t up", "link set split-rtr-t up")
    for vlan in world.vlans.values():
        yield from across(f"lv{vlan.number}", f"up{vlan.number}", f"{prefix}lnx1")
        yield from across(f"rv{vlan.number}", f"eth0.{vlan.number}", f"{prefix}router")
    for name in ("dist1", "acc1"):
        yield from across(f"{name}-svi", f"vlan{world.vlans['management'].number}", f"{prefix}{name}")


def pair(one: str, other: str) -> str:
    """A cable within the fabric."""
    return f"link add {one} type veth peer name {other}"


def across(one: str, other: str, namespace: str) -> Iterator[str]:
    """A cable from the fabric into a namespace."""
    yield f"link add {one} type veth peer name {other} netns {namespace}"
    yield f"link set {one} up"


def access_cable(switch: LabSwitch, number: int, prefix: str) -> Iterator[str]:
    """An access port with its jack; the Linux switch's own ends are in its namespace."""
    if switch.platform == "linux":
        own = f"{switch.ports[number]} netns {prefix}{switch.name}"
        yield f"link add {jack(switch.name, number)} type veth peer name {own}"
        return
    yield pair(ovs_port(switch.name, number), jack(switch.name, number))
    yield f"link set {ovs_port(switch.name, number)} up"


def bridges(world: World) -> Iterator[str]:
    """The ovs-vsctl words that make all bridges; tags of the emulated switches' ports are theirs to set later."""
    management = world.vlans["management"].number
    trunks = ",".join(str(vlan.number) for vlan in world.vlans.values())
    for name in ("dist1", "acc1"):
        yield from bridge(name)
        switch = world.switches[name]
        for number in switch.ports:
            uplink = number in switch.uplinks
            how = [f"trunks={trunks}"] if uplink else [f"tag={world.vlans[world.port_vlan(name, number)].number}"]
            how = [f"tag={management}", "vlan_mode=native-untagged"] if (name, number) == ("acc1", 26) else how
            yield from port(name, ovs_port(name, number), number, how)
        yield from port(name, f"{name}-svi", 64, [f"tag={management}"])
    for name, access_prefix in (("split-lnx1", "lv"), ("split-rtr", "rv")):
        yield from bridge(name)
        yield from port(name, f"{name}-t", 1, [f"trunks={trunks}"])
        for vlan in world.vlans.values():
            yield from port(name, f"{access_prefix}{vlan.number}", vlan.number + 1, [f"tag={vlan.number}"])


def bridge(name: str) -> Iterator[str]:
    """A userspace bridge that forwards as a learning switch until told otherwise."""
    yield from ("--", "add-br", name, "--", "set", "bridge", name, "datapath_type=netdev")


def port(name: str, interface: str, number: int, settings: list[str]) -> Iterator[str]:
    """A port with a stable OpenFlow number."""
    yield from ("--", "add-port", name, interface, *settings)
    yield from ("--", "set", "interface", interface, f"ofport_request={number}")
