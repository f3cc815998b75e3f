"""What the emulated switches begin with: their startup configuration and the SPEC.json that starts each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab.fabric import ovs_port
from lab.world import LabSwitch, World

VTYS = 5
TCAM_ENTRIES = 1024


def configuration(world: World, switch: LabSwitch) -> str:
    """The startup configuration of an emulated switch, in IOS's own words."""
    lines = [*head(switch), *vlans(world), *interfaces(world, switch), *foreign_acl(world, switch), *tail(world)]
    return "\n".join(lines) + "\n"


def head(switch: LabSwitch) -> Iterator[str]:
    """Name, archive, and the global half of 802.1X on the access switch."""
    yield f"hostname {switch.name}"
    yield from ("!", "ip routing" if switch.name == "dist1" else "no ip routing", "!", "lldp run", "!")
    yield from ("archive", " path flash:archive-config", " maximum 5", "!")
    if switch.name == "acc1":
        yield from ("dot1x system-auth-control", "!")


def vlans(world: World) -> Iterator[str]:
    """The VLAN database."""
    for vlan in sorted(world.vlans.values(), key=lambda v: v.number):
        yield from (f"vlan {vlan.number}", f" name {vlan.role}", "!")


def interfaces(world: World, switch: LabSwitch) -> Iterator[str]:
    """All ports in order, then the management SVI."""
    for number, name in switch.ports.items():
        yield from (f"interface {name}", *port(world, switch, number), "!")
    management = world.vlans["management"]
    yield from (f"interface Vlan{management.number}", f" ip address {switch.ip} {management.subnet.netmask}", "!")


def port(world: World, switch: LabSwitch, number: int) -> tuple[str, ...]:
    """One port's lines: a trunk, one of the ports to refuse, an access port in use, or a spare one."""
    special, lines = world.special, access(world, switch, number)
    if (switch.name, number) == ("acc1", 26):
        native = world.vlans["management"].number
        return (" description access point", f" switchport trunk native vlan {native}", " switchport mode trunk")
    if number in switch.uplinks:
        return (" description uplink", " switchport mode trunk")
    if switch.name != "acc1":
        return lines
    if number in special.lacp:
        return (*lines, " channel-group 1 mode active")
    if number == special.dot1x:
        return (*lines, " authentication port-control auto", " dot1x pae authenticator")
    return (*lines, " ip access-group FACILITY-GUEST in") if number == special.foreign_acl else lines


def access(world: World, switch: LabSwitch, number: int) -> tuple[str, ...]:
    """The lines of an access port."""
    vlan = world.vlans[world.port_vlan(switch.name, number)].number
    return (f" switchport access vlan {vlan}", " switchport mode access")


def foreign_acl(world: World, switch: LabSwitch) -> Iterator[str]:
    """Another team's ACL, bound on one port of acc1."""
    if switch.name == "acc1":
        servers = world.vlans["servers"].subnet
        yield "ip access-list extended FACILITY-GUEST"
        yield f" 10 deny ip any {servers.network_address} {servers.hostmask}"
        yield from (" 20 permit ip any any", "!")


def tail(world: World) -> Iterator[str]:
    """Gateway, SNMP and the virtual terminals; users and secrets come with the SPEC, never in this text."""
    yield from (f"ip default-gateway {world.vlans['management'].gateway}", "!")
    yield from (f"line vty 0 {VTYS - 1}", " login local", " transport input ssh", "!", "end")


def spec(world: World, switch: LabSwitch, prefix: str, state: Path, minute: float) -> dict[str, Any]:
    """SPEC.json of one switch; every path is absolute."""
    management, secrets = world.vlans["management"], world.secrets
    return {
        "name": switch.name,
        "model": switch.model,
        "release": switch.release,
        "serial": switch.serial,
        "base_mac": str(switch.mac),
        "bridge": switch.name,
        "ovs_db_socket": str(state / "ovs/db.sock"),
        "ovs_run_dir": str(state / "ovs"),
        "management_ip": str(switch.ip),
        "location": "computer room",
        "gateway": str(management.gateway),
        "netns": f"{prefix}{switch.name}",
        "host_key_file": str(state / "keys" / switch.name),
        "minute": minute,
        "vtys": VTYS,
        "tcam_entries": TCAM_ENTRIES,
        "users": [
            {"name": secrets.username, "password": secrets.password, "privilege": 15},
            {"name": "viewer", "password": secrets.password, "privilege": 1},
        ],
        "enable": secrets.enable,
        "snmp": {"communities": [], "users": [snmp_user(world)]},
        "state_dir": str(state / "switches" / switch.name),
        "ports": [
            {"name": name, "ovs_port": ovs_port(switch.name, number), "mac": port_mac(switch, number)}
            for number, name in switch.ports.items()
        ],
        "lldp_neighbours": [*neighbours(world, switch)],
        "configuration": configuration(world, switch),
    }


def snmp_user(world: World) -> dict[str, str]:
    """The read-only SNMPv3 user of the infrastructure."""
    secrets = world.secrets
    return {
        "name": secrets.snmp_user,
        "auth_protocol": "SHA",
        "auth_key": secrets.auth_key,
        "priv_protocol": "AES",
        "priv_key": secrets.priv_key,
    }


def port_mac(switch: LabSwitch, number: int) -> str:
    """A port's own address: the switch's base address plus its number, as Catalysts count."""
    return (switch.mac.value + number).to_bytes(6, "big").hex(":")


def neighbours(world: World, switch: LabSwitch) -> Iterator[dict[str, str]]:
    """Who announces itself on which port by LLDP: the other switches, the phone and the access point."""
    dist1, acc1, lnx1 = (world.switches[name] for name in ("dist1", "acc1", "lnx1"))
    if switch.name == "dist1":
        yield neighbour(dist1.ports[21], str(acc1.mac), acc1.ports[25], "acc1", cisco(acc1), "B")
        yield neighbour(dist1.ports[22], str(lnx1.mac), "uplink", "lnx1", "Debian GNU/Linux 12", "B")
        return
    phone, point = world.devices["phone"], world.devices["ap"]
    yield neighbour(acc1.ports[25], str(dist1.mac), dist1.ports[21], "dist1", cisco(dist1), "B,R")
    yield neighbour(acc1.ports[phone.port], str(phone.mac), "WAN PORT", phone.name, phone.fact("agent"), "B,T")
    made = f"{point.fact('vendor')} {point.fact('model')}"
    yield neighbour(acc1.ports[26], str(point.mac), "eth0", point.name, made, "B,W")


def cisco(switch: LabSwitch) -> str:
    """The system description of an emulated switch."""
    return f"Cisco IOS Software, {switch.model}, Version {switch.release}"


def neighbour(port: str, chassis: str, remote: str, name: str, description: str, capabilities: str) -> dict[str, str]:
    """One row of the LLDP remote table."""
    return {
        "local_port": port,
        "chassis_id": chassis,
        "port_id": remote,
        "system_name": name,
        "description": description,
        "capabilities": capabilities,
    }
