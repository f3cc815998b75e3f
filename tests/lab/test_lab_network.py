"""The virtual network itself: it comes up, forwards, changes as told, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.model.errors import BadInput, UnknownName
from lab import netns
from lab.network import Lab
from lab.processes import marked
from lab.standing import REPOSITORY, ROOT

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: no network namespaces")]

V3 = ["-v3", "-l", "authPriv", "-a", "SHA", "-x", "AES", "-On"]


@pytest.fixture(scope="module")
def lab():
    name = f"nt{os.getpid() % 10000}"
    with Lab(name, seed=11) as running:
        yield running


def left(name: str) -> tuple[tuple[str, ...], set[int], bool]:
    return netns.names(f"lw-{name}-"), marked(ROOT / name), (ROOT / name).exists()


def learned(lab: Lab, switch: str, role: str) -> list[str]:
    rows = lab.fabric.appctl("fdb/show", switch).splitlines()
    return [row.split()[0] for row in rows if str(lab.world.devices[role].mac) in row]


def settled(ask, seconds: float = 10.0):
    deadline = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def infrastructure_user(lab: Lab) -> list[str]:
    secrets = lab.world.secrets
    return [*V3, "-u", secrets.snmp_user, "-A", secrets.auth_key, "-X", secrets.priv_key]


def test_what_must_work_before_any_acl_works(lab):
    assert lab.web("pc", "ipp") == 200
    assert lab.web("pc", "mfp") == 200
    assert lab.print_job()
    assert lab.spool("ipp").startswith(b"%PDF")
    assert len(lab.pull()) >= 8192
    assert lab.reach_internet("camera")
    camera = lab.address("camera")
    assert settled(lambda: {"tcp", "udp"} <= {v["protocol"] for v in lab.internet_log() if v["source"] == camera})


def test_every_device_answers_as_the_truth_says(lab):
    for one in lab.truth()["devices"]:
        if one["role"] in lab.world.devices:
            answers = lab.run_in("agent", ["ping", "-n", "-c", "1", "-W", "2", one["ips"][0]]).returncode == 0
            assert answers == (one["role"] not in ("mute", "silent")), one["role"]


def test_open_tcp_ports_are_those_of_the_truth(lab):
    for one in lab.truth()["devices"]:
        for service in one["reachable_services"]:
            proto, port = service.split("/")[:2]
            if proto == "tcp" and one["role"] != "agent":
                argv = [
                    sys.executable,
                    "-c",
                    f"import socket; socket.create_connection(('{one['ips'][0]}', {port}), 3)",
                ]
                assert lab.run_in("agent", argv).returncode == 0, (one["role"], service)


def test_snmp_shows_what_the_truth_says_that_devices_show(lab):
    secrets = lab.world.secrets
    device = [*V3, "-u", secrets.device_user, "-A", secrets.device_auth, "-X", secrets.device_priv]
    known = {"mfp": ["-v2c", "-c", "public"], "camera": device, "ap": device}
    for role in ("mfp", "laser", "camera", "ups", "ap", "pdu", "nas"):
        how = known.get(role, ["-v2c", "-c", secrets.community])
        walk = lab.run_in("agent", ["snmpbulkwalk", "-Oqv", *how, lab.address(role), "1.3.6.1"]).stdout
        truth = next(one for one in lab.truth()["devices"] if one["role"] == role)
        for key in ("model", "serial"):
            assert truth[key] in walk, (role, key)


def test_the_router_knows_the_silent_and_the_mute_by_arp(lab):
    gateway = str(lab.world.vlans["management"].gateway)
    table = lab.run_in("agent", ["snmpbulkwalk", *infrastructure_user(lab), gateway, "1.3.6.1.2.1.4.22.1.2"]).stdout
    for role in ("silent", "mute", "camera", "sensor"):
        assert lab.address(role) in table
        assert str(lab.world.devices[role].mac).replace(":", " ").upper() in table
    assert lab.address("pdu") not in table


def test_forwarding_tables_show_the_edge_port_and_nothing_of_the_mute(lab):
    for role in ("camera", "silent", "sensor", "deskpc", "deskmedia", "phone", "phonepc"):
        port = str(lab.world.devices[role].port)
        assert settled(lambda r=role, p=port: learned(lab, "acc1", r) == [p], 20), role
    assert learned(lab, "acc1", "mute") == learned(lab, "dist1", "mute") == []


def test_the_linux_switch_shows_its_table_by_bridge_mib(lab):
    address, laser = str(lab.world.switches["lnx1"].ip), lab.world.devices["laser"]
    arcs = ".".join(str(octet) for octet in laser.mac.packed())
    oid = f"1.3.6.1.2.1.17.7.1.2.2.1.2.{lab.world.vlans['printers'].number}.{arcs}"
    name = lab.world.switches["lnx1"].ports[laser.port]
    links = json.loads(lab.run_in("lnx1", ["ip", "-j", "link", "show", name]).stdout)
    got = lab.run_in("agent", ["snmpget", "-Oqv", *infrastructure_user(lab), address, oid]).stdout
    assert got.strip() == str(links[0]["ifindex"])


def test_the_linux_switch_lets_its_administrator_in_under_its_own_host_key(lab):
    import paramiko

    address = str(lab.world.switches["lnx1"].ip)
    with netns.inside(f"{lab.prefix}agent"):
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.MissingHostKeyPolicy)
        secrets = lab.world.secrets
        client.connect(
            address, username=secrets.username, password=secrets.password, look_for_keys=False, allow_agent=False
        )
    with client:
        assert client.get_transport().get_remote_server_key().fingerprint == lab.host_keys()["lnx1"]
        _, out, _ = client.exec_command("uname -n; touch /etc/lab-was-here; nft list ruleset | wc -l")
        assert out.read().decode().split() == ["lnx1", "0"]
    assert not Path("/etc/lab-was-here").exists()


def test_the_linux_switch_hears_the_distribution_switch_by_lldp(lab):
    outer = str(lab.processes.expect("lnx1-sshd"))
    inner = subprocess.run(["pgrep", "-P", outer], capture_output=True, text=True, check=True).stdout.split()[0]
    argv = ["nsenter", "-m", "-t", inner, "lldpcli", "-f", "keyvalue", "show", "neighbors"]
    line = f"lldp.up{lab.world.vlans['users'].number}.chassis.name=dist1"
    assert settled(lambda: line in lab.run_in("lnx1", argv).stdout, 20)


def test_a_capture_sees_every_link(lab, tmp_path):
    with lab.capture(tmp_path):
        lab.run_in("agent", ["ping", "-n", "-c", "2", "-i", "0.2", lab.address("pdu")])
    for role in ("fab", "router", "far"):
        read = ["tcpdump", "-n", "-r", str(tmp_path / f"{role}.pcap"), "icmp", "and", "host", lab.address("agent")]
        assert subprocess.run(read, capture_output=True, check=True).stdout.count(b"echo request") >= 2, role


def test_spools_take_every_byte(lab):
    before = len(lab.spool("laser"))
    script = (
        f"import socket; s=socket.create_connection(('{lab.address('laser')}', 9100)); s.sendall(b'page'); s.close()"
    )
    lab.run_in("agent", [sys.executable, "-c", script])
    assert settled(lambda: len(lab.spool("laser")) - before == 4)


def test_a_lease_moves_to_another_address_and_the_device_with_it(lab):
    before = lab.address("projector")
    after = lab.renew_lease()
    assert after != before == str(lab.world.devices["projector"].ip)
    assert settled(lambda: lab.web("pc", "projector") == 200)
    told = next(one for one in lab.truth()["devices"] if one["role"] == "projector")
    assert told["ips"] == [after]


def test_a_device_moves_and_a_pc_takes_its_port(lab):
    old = lab.place("camera")
    lab.move("camera", "acc1", lab.free_ports("acc1", "cameras")[0])
    assert settled(lambda: learned(lab, "acc1", "camera") == [str(lab.place("camera")[1])])
    assert settled(lambda: len(lab.pull()) >= 8192)
    guest = lab.plug_pc(*old)
    assert (
        lab.run_in(guest, ["ping", "-n", "-c", "3", "-W", "2", str(lab.world.vlans["cameras"].gateway)]).returncode == 0
    )
    told = {one["role"]: one for one in lab.truth()["devices"]}
    assert told["camera"]["attachment"]["port"] == lab.world.switches["acc1"].ports[lab.place("camera")[1]]
    assert told[guest]["attachment"]["port"] == lab.world.switches["acc1"].ports[old[1]]
    with pytest.raises(BadInput):
        lab.plug("mfp", *old)


def test_a_phone_takes_the_pc_behind_it_along(lab):
    lab.move("phone", "acc1", lab.free_ports("acc1", "users")[0])
    port = str(lab.place("phone")[1])
    assert settled(lambda: learned(lab, "acc1", "phone") == learned(lab, "acc1", "phonepc") == [port])
    assert settled(lambda: lab.web("phonepc", "phone") == 200)


def test_a_device_comes_back_after_a_reboot(lab):
    lab.reboot("mfp")
    assert settled(lambda: lab.web("pc", "mfp") == 200)


def test_names_that_are_none_are_refused(lab):
    with pytest.raises(UnknownName):
        lab.address("toaster")
    with pytest.raises(UnknownName):
        lab.port("acc1", "GigabitEthernet9/9/9")
    with pytest.raises(BadInput):
        Lab("../etc")
    with pytest.raises(BadInput):
        Lab(lab.name).up()


def test_two_labs_stand_side_by_side_and_one_goes_without_the_other(lab):
    name = f"{lab.name}b"
    with Lab(name, seed=12) as other:
        assert other.web() == 200
        assert other.world.scope != lab.world.scope
    assert left(name) == ((), set(), False)
    assert lab.web() == 200


def test_what_a_killed_up_leaves_behind_is_taken_down():
    name = f"nk{os.getpid() % 10000}"
    script = f"from lab.network import Lab; Lab('{name}', 13).up()"
    for seconds in (0.35, 0.8, 1.5):
        child = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY)
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        child.wait()
        Lab(name).down()
        assert left(name) == ((), set(), False)
