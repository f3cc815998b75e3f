"""A running lab: brought up, described, changed and taken down."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from agent.model.errors import BadInput, EnvironmentFault, UnknownName
from lab import hosts, ios, linux_switch, netns, ports, readiness, site
from lab.ports import Place
from lab.record import with_next_card
from lab.standing import Standing
from lab.world import HUBS, draw_guest


class Lab(Standing):
    """One lab by name; as a context manager it is up inside and gone afterwards.

    Roles are the keys of `lab.world.ROLES` and `agent`, `router`, `internet`, and `guest1`... for PCs plugged in later.
    `minute` is how many seconds a minute of an emulated switch lasts. A Lab of a name that is up already stands for it.
    """

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

    def _start_services(self) -> None:
        hosts.silence(f"{self.prefix}silent")
        (self.state / "spools").mkdir()
        self._python("devices", "lab.devices", str(self._specify()))
        self.daemons.start()

    def down(self) -> None:
        """Take everything down, also what a killed `up` left behind; nothing else is touched."""
        if self.state.exists():
            self.processes.stop_all()
        netns.delete(self.prefix)
        if self.state.exists():
            shutil.rmtree(self.state)

    # What happens to them

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
        self._remember(with_next_card(self.record, self.world, role))
        self.__dict__.pop("world")
        self.__dict__.pop("daemons", None)
        self._specify()
        self._power_on(role)
        return self.record.cards[role]

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
