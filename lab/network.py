"""A running lab: brought up, described, changed and taken down."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from ipaddress import IPv4Interface
from pathlib import Path
from types import TracebackType
from typing import Any

from agent.model.address import Mac
from agent.model.errors import BadInput, EnvironmentFault, UnknownName
from lab import behaviour, hosts, ios, linux_switch, netns, ports, readiness, site, traffic
from lab.daemons import Daemons
from lab.fabric import Fabric
from lab.hosts import AGENT, Host
from lab.ports import Place
from lab.processes import Processes
from lab.record import Record, load, save
from lab.truth import Now, truth
from lab.world import HUBS, World, draw, draw_card, draw_guest, with_cards

ROOT = Path("/run/lanward-lab")
REPOSITORY = Path(__file__).resolve().parent.parent


class Lab:
    """One lab by name; as a context manager it is up inside and gone afterwards.

    Roles are the keys of `lab.world.ROLES` and `agent`, `router`, `internet`, and `guest1`... for PCs plugged in later.
    `minute` is how many seconds a minute of an emulated switch lasts. A Lab of a name that is up already stands for it.
    """

    def __init__(
        self, name: str = "lab", seed: int = 1, *, minute: float = 1.0, say: Callable[[str], None] = lambda _text: None
    ) -> None:
        if not name.isalnum() or len(name) > 12:
            raise BadInput(f"'{name}' is no name for a lab", hint="use up to twelve letters and digits")
        self.name, self.minute = name, minute
        self.state = ROOT / name
        self.prefix = f"lw-{name}-"
        self.record = load(self.state) or Record(name, seed)
        self.seed = self.record.seed
        self.processes = Processes(self.state)
        self._say = say

    @cached_property
    def world(self) -> World:
        """What the seed drew, with the network cards that were put in since."""
        return with_cards(draw(self.seed), self.record.cards)

    @cached_property
    def fabric(self) -> Fabric:
        """The data plane."""
        return Fabric(self.prefix, self.state, self.processes)

    @cached_property
    def daemons(self) -> Daemons:
        """The real daemons."""
        return Daemons(self.world, self.prefix, self.state, self.processes)

    def __enter__(self) -> Lab:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self, directory: Path | None = None) -> None:
        """Bring everything up and write a site; what was begun is taken down again where that fails.

        Raises BadInput where a lab of this name is up already. `directory` is the state directory by default.
        """
        if os.geteuid():
            raise EnvironmentFault("the lab needs root", hint="use sudo")
        if self.state.exists() or netns.names(self.prefix):
            raise BadInput(f"a lab '{self.name}' is up already", hint=f"lanward lab down --name {self.name}")
        try:
            self._build(directory or self.state)
        except BaseException:
            self.down()
            raise

    def _build(self, directory: Path) -> None:
        self.state.mkdir(parents=True, mode=0o755)
        self._remember(self.record)
        for text, step in self._steps():
            self._say(text)
            step()
        site.write(self.world, self.host_keys(), directory)

    def _steps(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        return (
            ("namespaces", lambda: netns.add(hosts.namespaces(self.world, self.prefix))),
            ("switch fabric", self.fabric.start),
            ("cables", lambda: self.fabric.cable(self.world)),
            ("routers", lambda: hosts.make_routers(self.world, self.prefix)),
            ("switches", self._start_switches),
            ("devices", self._plug_all),
            ("services", self._start_services),
            ("silence", lambda: self.age_out("mute")),
            ("waiting for everything to answer", lambda: readiness.wait(self)),
        )

    def _start_switches(self) -> None:
        keys = self.state / "keys"
        keys.mkdir()
        for name in self.world.switches:
            netns.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(keys / name)])
        linux_switch.make_bridges(self.world, self.prefix)
        linux_switch.start(self.world, self.prefix, self.state, self.processes)
        for name in ("dist1", "acc1"):
            hosts.make_svi(self.world, self.prefix, name)
            self.start_switch(name)

    def start_switch(self, name: str) -> None:
        """Power an emulated switch on; it keeps what it saved."""
        (self.state / "switches" / name).mkdir(parents=True, exist_ok=True)
        spec = ios.spec(self.world, self.world.switches[name], self.prefix, self.state, self.minute)
        path = self._private(f"{name}.json", spec)
        self._python(f"switch-{name}", "lab.switch", str(path), namespace=f"{self.prefix}{name}")

    def stop_switch(self, name: str) -> None:
        """Cut an emulated switch's management plane off."""
        self.processes.stop(f"switch-{name}")

    def _private(self, name: str, document: Any) -> Path:
        path = self.state / name
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(document, out, indent=1)
        return path

    def _python(self, name: str, module: str, *arguments: str, namespace: str = "") -> None:
        argv = [sys.executable, "-m", module, *arguments]
        self.processes.start(name, argv, namespace=namespace, environment={"PYTHONPATH": str(REPOSITORY)})

    def _plug_all(self) -> None:
        world = self.world
        for hub in HUBS:
            members = [hosts.host(world, device.role) for device in world.devices.values() if device.hub == hub]
            hosts.make_hub(self.prefix, hub, members)
        for holder, (switch, number) in hosts.places(world).items():
            self._plug(holder, (switch, number))

    def _plug(self, holder: str, place: Place) -> None:
        if holder in HUBS:
            hosts.plug_hub(self.prefix, *place, holder)
        else:
            hosts.plug(self.prefix, *place, self._machine(holder))

    def _machine(self, role: str) -> Host:
        if role in self.record.guests:
            one = self.record.guests[role]
            address = IPv4Interface(one["interface"])
            return Host(role, Mac.parse(one["macs"][0]), address, address.network[1])
        return hosts.host(self.world, role)

    def _start_services(self) -> None:
        hosts.silence(f"{self.prefix}silent")
        (self.state / "spools").mkdir()
        self._python("devices", "lab.devices", str(self._specify()))
        self.daemons.start()

    def _specify(self) -> Path:
        return self._private("devices.json", behaviour.specification(self.world, self.prefix, self.state))

    def down(self) -> None:
        """Take everything down, also what a killed `up` left behind; nothing else is touched."""
        if self.state.exists():
            self.processes.stop_all()
        netns.delete(self.prefix)
        if self.state.exists():
            shutil.rmtree(self.state)

    def _remember(self, record: Record) -> None:
        self.record = record
        save(self.state, record)

    # What it is

    def host_keys(self) -> dict[str, str]:
        """Each switch's SHA-256 fingerprint, as its console would show it."""
        found = {}
        for name in self.world.switches:
            found[name] = netns.run(["ssh-keygen", "-l", "-f", str(self.state / "keys" / f"{name}.pub")]).split()[1]
        return found

    def truth(self) -> dict[str, Any]:
        """The whole truth; raise UnknownName where the lab is not up."""
        if not (self.state / "lab.json").exists():
            raise UnknownName(f"no lab '{self.name}' is up", hint="lanward lab up")
        hubs = {d.role: self.record.plugs[d.hub] for d in self.world.devices.values() if d.hub in self.record.plugs}
        now = Now({**self.record.plugs, **hubs}, self.leased(), self.record.guests, self.host_keys())
        return truth(self.world, self.name, self.prefix, self.state, now)

    def leased(self) -> dict[str, str]:
        """Addresses that were given by DHCP, by role."""
        found = hosts.addresses(f"{self.prefix}projector")
        return {"projector": found[0]} if found else {}

    def address(self, role: str) -> str:
        """A machine's IPv4 address as it is now."""
        if role == AGENT:
            return str(self.world.agent_ip)
        if role in self.record.guests:
            return str(self.record.guests[role]["ips"][0])
        if role not in self.world.devices:
            raise UnknownName(f"the lab has no device '{role}'")
        drawn = str(self.world.devices[role].ip)
        return self.leased().get(role, drawn) if role == "projector" else drawn

    # What its machines do

    def run_in(self, role: str, argv: list[str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command on a machine; `role` is a device, `agent`, or any other namespace of the lab."""
        where = ["ip", "netns", "exec", f"{self.prefix}{role}"]
        return subprocess.run([*where, *argv], capture_output=True, text=True, timeout=timeout, check=False)

    def print_job(self, server: str = "prints", printer: str = "ipp") -> bool:
        """Send a real IPP job; True if the printer took it."""
        uri = f"ipp://{self.address(printer)}:631/ipp/print"
        return traffic.print_page(f"{self.prefix}{server}", self.state / "page.pdf", uri)

    def pull(self, recorder: str = "nvr", camera: str = "camera") -> bytes:
        """What the recorder gets of the camera's stream; empty where it gets nothing."""
        return traffic.pull(f"{self.prefix}{recorder}", self.address(camera))

    def web(self, pc: str = "pc", printer: str = "ipp") -> int | None:
        """The status of a device's web page as a PC sees it, or None."""
        return traffic.get(f"{self.prefix}{pc}", self.address(printer), 631 if printer == "ipp" else 80)

    def reach_internet(self, role: str = "camera") -> bool:
        """Whether a machine can open a connection to the Internet host."""
        return traffic.connects(f"{self.prefix}{role}", str(self.world.internet), 80)

    def internet_log(self) -> list[dict[str, object]]:
        """Who reached the Internet host: `at` (Unix time), `protocol`, `source`."""
        return traffic.visits(self.state / "internet.jsonl")

    def spool(self, role: str) -> bytes:
        """Every byte that a device's raw ports took, or that a printer's jobs had."""
        found = sorted((self.state / "spools").glob(f"{role}*"))
        files = [file for one in found for file in (sorted(one.iterdir()) if one.is_dir() else [one])]
        return b"".join(file.read_bytes() for file in files if file.is_file())

    def ipp_log(self, _role: str = "ipp") -> str:
        """What ippeveprinter wrote about its requests."""
        return (self.state / "logs" / "ipp-printer.log").read_text(errors="replace")

    def capture(self, directory: Path) -> AbstractContextManager[None]:
        """Capture on every link while inside; a file a namespace: `fab` has all switch ports."""
        roles = ("fab", "lnx1", "router", "far", "internet", *HUBS)
        return traffic.capture(self.processes, {role: f"{self.prefix}{role}" for role in roles}, directory)

    # What happens to them

    def place(self, role: str) -> Place | None:
        """The switch and port number that a machine, or the hub that it hangs on, is plugged into."""
        return ports.place(self.world, self.record, role)

    def port(self, switch: str, port: str | int) -> Place:
        """A port by its name or number; raise UnknownName where the switch has none such."""
        return ports.port(self.world, switch, port)

    def free_ports(self, switch: str, vlan: str) -> tuple[str, ...]:
        """Access ports with nothing in them that begin in a VLAN (`cameras`, ...), not spare nor special."""
        return ports.free_ports(self.world, self.record, switch, vlan)

    def _used(self) -> list[Place]:
        return ports.used(self.world, self.record)

    def unplug(self, role: str) -> None:
        """Pull a machine's cable at the switch, with the hub that it hangs on."""
        place, holder = self.place(role), ports.holder(self.world, role)
        if place is None:
            raise BadInput(f"the lab's {role} is not plugged in")
        hosts.unplug(self.prefix, *place, holder)
        if place[0] != linux_switch.NAME:
            self._flush(place, role)
        self._remember(replace(self.record, plugs={**self.record.plugs, holder: None}))

    def _flush(self, place: Place, role: str) -> None:
        """A switch forgets at once what it learned on a port whose link is down; Open vSwitch does not."""
        vlan = self.world.vlans[self.world.port_vlan(*place)].number
        for one in ports.members(self.world, role):
            self.fabric.forget(place[0], str(self._machine(one).mac), vlan)

    def plug(self, role: str, switch: str, port: str | int) -> None:
        """Plug a machine in, with the hub that it hangs on; raise BadInput where the port is taken."""
        place = self.port(switch, port)
        if place in self._used():
            raise BadInput(f"port {port} of the lab's {switch} is taken")
        self._plug(ports.holder(self.world, role), place)
        self._remember(replace(self.record, plugs={**self.record.plugs, ports.holder(self.world, role): place}))
        self._wake(role)

    def _wake(self, role: str) -> None:
        if role == "projector":
            self.restart(role)
            return
        for one in ports.members(self.world, role):
            hosts.announce(f"{self.prefix}{one}")

    def move(self, role: str, switch: str, port: str | int) -> None:
        """Plug a machine from one port into another."""
        self.unplug(role)
        self.plug(role, switch, port)

    def plug_pc(self, switch: str, port: str | int) -> str:
        """Plug a new PC into a free port, with a free address of its VLAN; its role."""
        place = self.port(switch, port)
        if place in self._used():
            raise BadInput(f"port {port} of the lab's {switch} is taken")
        role = f"guest{len(self.record.guests) + 1}"
        netns.add([f"{self.prefix}{role}"])
        one = draw_guest(self.world, role, *place, taken=[guest["ips"][0] for guest in self.record.guests.values()])
        fresh = {**one, "namespace": f"{self.prefix}{role}"}
        self._remember(replace(self.record, guests={**self.record.guests, role: fresh}))
        self.plug(role, *place)
        return role

    def renew_lease(self, role: str = "projector", address: str = "") -> str:
        """Give the DHCP lease back and take another address; the new address."""
        if role != "projector":
            raise UnknownName(f"the lab's {role} has no DHCP lease")
        wanted = address or str(self.world.free_address("users"))
        self.processes.stop("dhcp-client")
        hosts.forget_address(f"{self.prefix}{role}")
        self.daemons.dhcp_client(wanted)
        readiness.until(lambda: self.leased().get(role) == wanted, "a lease")
        return wanted

    def restart(self, role: str) -> None:
        """Stop and start a machine's services, made ones and daemons."""
        if role in self.world.devices and role != "mute":
            self._tell(f"stop {role}")
            self._tell(f"start {role}")
        if role in self.daemons.starters():
            self.daemons.restart(role)

    def _tell(self, line: str) -> None:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(str(self.state / "devices.ctl"))
            sock.sendall(f"{line}\n".encode())
            if sock.recv(16) != b"ok\n":
                raise EnvironmentFault(f"the lab's devices do not obey '{line}'")

    def reboot(self, role: str, seconds: float = 1.0) -> None:
        """Power a machine off and, so many seconds later, on again."""
        self._tell(f"stop {role}")
        netns.ip(["link set eth0 down"], namespace=f"{self.prefix}{role}")
        time.sleep(seconds)
        self._power_on(role)

    def swap_card(self, role: str) -> str:
        """Power a machine off, put another network card into it and power it on again; the card's MAC.

        Its words, its addresses and its place stay; the switches forget the old card, whose link is down.
        """
        self._tell(f"stop {role}")
        netns.ip(["link set eth0 down"], namespace=f"{self.prefix}{role}")
        self._age(role)
        fresh = str(draw_card(self.world, role, len(self.record.cards)))
        self._remember(replace(self.record, cards={**self.record.cards, role: fresh}))
        self.__dict__.pop("world")
        self.__dict__.pop("daemons", None)
        self._specify()
        self._power_on(role)
        return fresh

    def _power_on(self, role: str) -> None:
        hosts.settle(f"{self.prefix}{role}", self._machine(role))
        self._tell(f"start {role}")
        if role in self.daemons.starters():
            self.daemons.restart(role)
        self._wake(role)

    def age_out(self, role: str) -> None:
        """Have a machine fall mute and its address age out of every forwarding table; the router still knows it."""
        hosts.mute(self.prefix, self.world, self.world.devices[role])
        self._age(role)

    def _age(self, role: str) -> None:
        device = self.world.devices[role]
        for bridge in ("acc1", "dist1", "split-rtr", "split-lnx1"):
            self.fabric.forget(bridge, str(device.mac), self.world.vlans[device.vlan].number)
        linux_switch.forget(self.prefix, str(device.mac))
