"""lnx1: a Linux switch with a bridge a VLAN, nftables, and a real sshd with users and configuration of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from lab import netns
from lab.hosts import with_mask
from lab.processes import OWN_WORLD, Processes
from lab.world import World

NAME = "lnx1"
STARTUP = "#!/usr/sbin/nft -f\n\nflush ruleset\n"


def make_bridges(world: World, prefix: str) -> None:
    """Access ports and uplinks into the bridges of their VLANs, the management address on its bridge."""
    namespace = f"{prefix}{NAME}"
    netns.ip(bridge_lines(world), namespace=namespace)
    management = world.vlans["management"].number
    with netns.inside(namespace):
        for name in (f"br{management}", *(f"up{vlan.number}" for vlan in world.vlans.values())):
            netns.checksum_in_software(name)


def bridge_lines(world: World) -> Iterator[str]:
    """The `ip` commands, inside lnx1, that make it a switch."""
    for vlan in world.vlans.values():
        yield f"link add br{vlan.number} type bridge ageing_time 30000 forward_delay 0 mcast_snooping 0"
        yield f"link set br{vlan.number} multicast off up"
        yield f"link set up{vlan.number} master br{vlan.number} up"
    switch, management = world.switches[NAME], world.vlans["management"]
    for number, name in switch.ports.items():
        yield f"link set {name} master br{world.vlans[world.port_vlan(NAME, number)].number} up"
    yield f"link set br{management.number} address {switch.mac}"
    yield f"addr add {with_mask(switch.ip, management.subnet.prefixlen)} dev br{management.number}"
    yield f"route add default via {management.gateway}"


def make_files(world: World, state: Path) -> Path:
    """A private /etc with the switch's user, sshd and nftables configuration; its path."""
    etc = state / NAME / "etc"
    shutil.copytree("/etc", etc, symlinks=True, ignore_dangling_symlinks=True)
    secrets = world.secrets
    hashed = netns.run(["openssl", "passwd", "-6", "-stdin"], stdin=secrets.password + "\n").strip()
    (state / NAME / "home" / secrets.username).mkdir(parents=True)
    shutil.copy(state / "keys" / NAME, etc / "ssh" / "lab_host_key")
    with (etc / "passwd").open("a") as passwd:
        passwd.write(f"{secrets.username}:x:0:0:switch administrator:/home/{secrets.username}:/bin/bash\n")
    with (etc / "shadow").open("a") as shadow:
        shadow.write(f"{secrets.username}:{hashed}:19700:0:99999:7:::\n")
    (etc / "hostname").write_text(f"{NAME}\n")
    (etc / "nftables.conf").write_text(STARTUP)
    (etc / "ssh" / "sshd_config").write_text("\n".join(sshd_config(world)) + "\n")
    return etc


def sshd_config(world: World) -> tuple[str, ...]:
    """Password logins on the management address alone, under the lab's own host key."""
    return (
        f"ListenAddress {world.switches[NAME].ip}",
        "HostKey /etc/ssh/lab_host_key",
        "UsePAM no",
        "PermitRootLogin yes",
        "PasswordAuthentication yes",
        "PrintMotd no",
        "UseDNS no",
        "MaxStartups 20",
        "PidFile none",
        "Subsystem sftp internal-sftp",
    )


def start(world: World, prefix: str, state: Path, processes: Processes) -> None:
    """Start sshd and lldpd (which only listens) in mount, host-name and process namespaces of their own."""
    etc = make_files(world, state)
    script = (
        f"mount --bind {etc} /etc && mount --bind {etc.parent / 'home'} /home && mount -t tmpfs tmpfs /run && "
        f"mkdir /run/sshd /run/lldpd && hostname {NAME} && "
        "nft -f /etc/nftables.conf && { lldpd -d -r & } && exec /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config"
    )
    processes.start(f"{NAME}-sshd", [*OWN_WORLD, "sh", "-c", script], namespace=f"{prefix}{NAME}")


def forget(prefix: str, mac: str) -> None:
    """Drop a learned address from the bridges that know it."""
    namespace = f"{prefix}{NAME}"
    for entry in json.loads(netns.run(["ip", "netns", "exec", namespace, "bridge", "-j", "fdb", "show"])):
        if entry["mac"] == mac and "master" in entry:
            netns.run(["ip", "netns", "exec", namespace, "bridge", "fdb", "del", mac, "dev", entry["ifname"], "master"])
