"""Interfaces, addresses and routes of everything that is plugged in: devices, hubs, routers, the agent's machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from agent.model.address import Mac
from lab import netns
from lab.fabric import jack
from lab.world import HUBS, LabDevice, World

AGENT = "agent"
INTERNET_GATEWAY = IPv4Address("203.0.113.1")


@dataclass(frozen=True, slots=True)
class Host:
    """A machine with one interface; `address` None waits for DHCP."""

    role: str
    mac: Mac
    address: IPv4Interface | None
    gateway: IPv4Address | None


def host(world: World, role: str) -> Host:
    """The machine of a role as the world has it; the projector gets its address by DHCP."""
    if role == AGENT:
        management = world.vlans["management"]
        return Host(role, world.agent_mac, with_mask(world.agent_ip, management.subnet.prefixlen), management.gateway)
    device = world.devices[role]
    subnet = world.subnet(device.vlan)
    address = None if role == "projector" else with_mask(device.ip, subnet.prefixlen)
    return Host(role, device.mac, address, subnet[1])


def with_mask(address: IPv4Address, length: int) -> IPv4Interface:
    """An address as an interface has it."""
    return IPv4Interface(f"{address}/{length}")


def namespaces(world: World, prefix: str) -> Iterator[str]:
    """Every namespace of a lab."""
    fixed = ("fab", "dist1", "acc1", "lnx1", "router", "far", "internet", AGENT, *HUBS)
    yield from (f"{prefix}{role}" for role in (*fixed, *world.devices))


def places(world: World) -> dict[str, tuple[str, int]]:
    """Which switch port every machine or hub is plugged into at first."""
    found = {hub: ("acc1", number) for hub, number in world.hub_ports.items()}
    found |= {d.role: (d.switch, d.port) for d in world.devices.values() if d.switch and not d.hub}
    return {**found, "ap": ("acc1", 26), AGENT: ("acc1", world.agent_port)}


def configure(machine: Host) -> Iterator[str]:
    """The `ip` commands, inside its namespace, that give a machine's eth0 its addresses."""
    yield f"link set eth0 address {machine.mac} up"
    if machine.address:
        yield f"addr replace {machine.address} dev eth0"
    if machine.address and machine.gateway:
        yield f"route replace default via {machine.gateway}"


def settle(namespace: str, machine: Host) -> None:
    """Bring a machine's eth0 up, with software checksums."""
    netns.ip(configure(machine), namespace=namespace)
    with netns.inside(namespace):
        netns.checksum_in_software("eth0")


def plug(prefix: str, switch: str, number: int, machine: Host) -> None:
    """Put a port's jack into a machine's namespace as its eth0."""
    netns.ip([f"link set {jack(switch, number)} netns {prefix}{machine.role} name eth0"], namespace=f"{prefix}fab")
    settle(f"{prefix}{machine.role}", machine)


def unplug(prefix: str, switch: str, number: int, role: str) -> None:
    """Take a port's jack out of a machine; the link goes down and its addresses are lost."""
    name = jack(switch, number)
    netns.ip([f"link set eth0 down netns {prefix}fab name {name}"], namespace=f"{prefix}{role}")


def plug_hub(prefix: str, switch: str, number: int, hub: str) -> None:
    """Put a port's jack into a hub's bridge; its members come back up with it."""
    netns.ip([f"link set {jack(switch, number)} netns {prefix}{hub} name eth0"], namespace=f"{prefix}fab")
    netns.ip(["link set eth0 master br0 up"], namespace=f"{prefix}{hub}")


def make_hub(prefix: str, hub: str, machines: list[Host]) -> None:
    """A desk switch or a phone's built-in switch: a bridge with one cable a machine, silent itself."""
    netns.ip(
        ["link add br0 type bridge forward_delay 0 mcast_snooping 0", "link set br0 multicast off arp off up"],
        namespace=f"{prefix}{hub}",
    )
    for index, machine in enumerate(machines, 1):
        cable = f"link add p{index} type veth peer name eth0 netns {prefix}{machine.role}"
        netns.ip([cable, f"link set p{index} master br0 up"], namespace=f"{prefix}{hub}")
        settle(f"{prefix}{machine.role}", machine)


def announce(namespace: str) -> None:
    """Have a machine ask for its gateway, so that switches learn where it is now; no answer is needed."""
    shown = json.loads(netns.run(["ip", "-n", namespace, "-j", "route", "show", "default"]) or "[]")
    for route in shown:
        subprocess.run(
            ["ip", "netns", "exec", namespace, "arping", "-q", "-c", "1", "-w", "1", "-I", "eth0", route["gateway"]],
            check=False,
        )


def addresses(namespace: str) -> list[str]:
    """The IPv4 addresses of a machine's eth0; none where it is unplugged."""
    shown = json.loads(netns.run(["ip", "-n", namespace, "-j", "-4", "addr", "show"]) or "[]")
    return [one["local"] for link in shown if link.get("ifname") == "eth0" for one in link.get("addr_info", ())]


def forget_address(namespace: str) -> None:
    """Take every address off a machine's eth0."""
    netns.ip(["addr flush dev eth0"], namespace=namespace)


def silence(namespace: str) -> None:
    """Have a machine drop all IP that arrives; it still answers ARP."""
    rules = "add table ip filter; add chain ip filter input { type filter hook input priority 0; policy drop; }"
    netns.run(["ip", "netns", "exec", namespace, "nft", rules])


def mute(prefix: str, world: World, device: LabDevice) -> None:
    """Have a machine answer neither IP nor ARP; the router keeps its entry for it."""
    namespace = f"{prefix}{device.role}"
    announce(namespace)
    silence(namespace)
    with netns.inside(namespace):
        netns.sysctl("net/ipv4/conf/all/arp_ignore", "8")
    interface = f"eth0.{world.vlans[device.vlan].number}"
    entry = f"neigh replace {device.ip} lladdr {device.mac} dev {interface} nud permanent"
    netns.ip([entry], namespace=f"{prefix}router")


def make_svi(world: World, prefix: str, switch: str) -> None:
    """The management address of an emulated switch."""
    management = world.vlans["management"]
    name, own = f"vlan{management.number}", world.switches[switch]
    netns.ip(
        [
            f"link set {name} address {own.mac} up",
            f"addr add {with_mask(own.ip, management.subnet.prefixlen)} dev {name}",
            f"route add default via {management.gateway}",
        ],
        namespace=f"{prefix}{switch}",
    )
    with netns.inside(f"{prefix}{switch}"):
        netns.checksum_in_software(name)


def make_routers(world: World, prefix: str) -> None:
    """The router with an interface in each VLAN, the far router that answers nobody, and the Internet."""
    router, far, internet = f"{prefix}router", f"{prefix}far", f"{prefix}internet"
    for namespace in (router, far):
        with netns.inside(namespace):
            netns.sysctl("net/ipv4/ip_forward", "1")
    netns.ip(
        [
            f"link add wan type veth peer name eth0 netns {internet}",
            f"link add far type veth peer name eth0 netns {far}",
        ],
        namespace=router,
    )
    netns.ip([f"link add lan type veth peer name eth0 netns {prefix}pdu"], namespace=far)
    netns.ip(router_lines(world), namespace=router)
    netns.ip(far_lines(world), namespace=far)
    own_address = [f"addr add {world.internet}/24 dev eth0", "link set eth0 up"]
    netns.ip([*own_address, f"route add default via {INTERNET_GATEWAY}"], namespace=internet)
    settle(f"{prefix}pdu", host(world, "pdu"))
    own = [f"eth0.{vlan.number}" for vlan in world.vlans.values()]
    for namespace, interfaces in ((router, [*own, "wan", "far"]), (far, ["eth0", "lan"]), (internet, ["eth0"])):
        with netns.inside(namespace):
            for interface in interfaces:
                netns.checksum_in_software(interface)
                netns.sysctl(f"net/ipv4/neigh/{interface}/mcast_solicit", "1")
    silence(far)


def router_lines(world: World) -> Iterator[str]:
    """Addresses and routes of the router."""
    for vlan in world.vlans.values():
        name = f"eth0.{vlan.number}"
        yield f"link set {name} address {world.router_macs[vlan.role]} up"
        yield f"addr add {with_mask(vlan.gateway, vlan.subnet.prefixlen)} dev {name}"
    yield f"link set wan address {world.router_macs['internet']} up"
    yield f"addr add {INTERNET_GATEWAY}/24 dev wan"
    yield f"link set far address {world.router_macs['transit']} up"
    yield f"addr add {with_mask(world.transit[1], 30)} dev far"
    yield f"route add {world.remote} via {world.transit[2]}"


def far_lines(world: World) -> Iterator[str]:
    """Addresses and routes of the far router."""
    yield f"link set eth0 address {world.router_macs['far-transit']} up"
    yield f"addr add {with_mask(world.transit[2], 30)} dev eth0"
    yield f"link set lan address {world.router_macs['far-remote']} up"
    yield f"addr add {with_mask(world.remote[1], world.remote.prefixlen)} dev lan"
    yield f"route add default via {world.transit[1]}"
