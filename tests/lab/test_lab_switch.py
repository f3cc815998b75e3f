"""Packets through the lab's switch: bound access lists, the way back, and a table that is full."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

import pytest
from netmiko.base_connection import BaseConnection

from tests.lab.switch_bench import ACL, HOSTS, MINUTE, PREFIX, Bench, bind, inside, pings, running, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root")]


def test_a_bound_acl_drops_packets_and_counts_them(cli: BaseConnection) -> None:
    wait_for(lambda: pings("a", "b"))
    bind(cli)
    wait_for(lambda: not pings("a", "b"))
    wait_for(lambda: pings("b", "a"))
    shown = cli.send_command("show ip access-lists LW-3f9a2c1e", use_textfsm=True)
    counted = {row["line_num"]: int(row["matches"] or 0) for row in shown if row["line_num"]}
    assert counted["10"] >= 1
    assert counted["40"] >= 1
    assert "Inbound  access list is LW-3f9a2c1e" in cli.send_command("show ip interface GigabitEthernet1/0/1")


def test_arp_passes_a_port_acl_that_denies_all_ip(cli: BaseConnection) -> None:
    bind(cli, acl=("ip access-list extended DENY", "deny ip any any"))
    inside("a", "ip", "neigh", "flush", "all")
    wait_for(lambda: not pings("a", "b"))
    assert inside("a", "arping", "-c1", "-w2", "-I", "eth0", HOSTS["b"]).returncode == 0


def test_fragments_of_a_permitted_packet_pass_and_the_end_denies_the_rest(cli: BaseConnection) -> None:
    bind(cli, acl=("ip access-list extended REPLIES", "permit icmp any any echo-reply"))
    big = ("ping", "-c1", "-W1", "-s", "4000")
    assert inside("b", *big, HOSTS["a"]).returncode == 0, "later fragments pass a permit on layer 3 alone"
    wait_for(lambda: not pings("a", "b"))
    assert not connects("b", "a", 80)


def connects(source: str, target: str, port: int) -> bool:
    serve = subprocess.Popen(
        ["ip", "netns", "exec", f"{PREFIX}{target}", sys.executable, "-m", "http.server", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/usr/share/doc",
    )  # fmt: skip
    try:
        wait_for(lambda: f":{port} " in inside(target, "ss", "-ltn").stdout)
        return (
            inside(source, "curl", "-s", "-m", "2", "-o", "/dev/null", f"http://{HOSTS[target]}:{port}/").returncode
            == 0
        )
    finally:
        serve.terminate()
        serve.wait(5)


def test_established_lets_replies_out_but_no_connection_begin(cli: BaseConnection) -> None:
    bind(cli)
    assert connects("b", "a", 80)
    assert not connects("b", "a", 8080), "replies from another port are not permitted"
    assert not connects("a", "b", 80)


def test_the_revert_timer_brings_back_every_byte_and_the_traffic(cli: BaseConnection) -> None:
    before = running(cli)
    entered = cli.send_command("configure terminal revert timer 1", expect_string=r"\(config\)#")
    assert "Rollback Confirmed Change: Backing up current running config to flash:archive-" in entered
    for line in (*ACL, "exit", "interface GigabitEthernet1/0/1", "ip access-group LW-3f9a2c1e in", "end"):
        cli.send_command(line, expect_string=r"#")
    assert "Timer value: 1 min" in cli.send_command("show archive config rollback timer")
    wait_for(lambda: not pings("a", "b"))
    cli.disconnect()
    time.sleep(MINUTE + 1)
    cli.establish_connection()
    cli.session_preparation()
    assert running(cli) == before
    wait_for(lambda: pings("a", "b"))
    assert "%No Rollback Confirmed Change pending" in cli.send_command("show archive config rollback timer")
    assert "ROLLBK_CNFMD_CHG_ROLLBACK_START" in cli.send_command("show logging")


def test_confirm_keeps_the_change_and_revert_now_takes_it_back(cli: BaseConnection) -> None:
    before = running(cli)
    cli.send_command("configure terminal revert timer 1", expect_string=r"\(config\)#")
    cli.send_command("vlan 77", expect_string="#")
    cli.send_command("end", expect_string="#")
    cli.send_command("configure confirm")
    time.sleep(MINUTE + 1)
    assert "vlan 77" in running(cli)
    cli.send_config_set(["no vlan 77"])
    cli.send_command("configure terminal revert timer 5", expect_string=r"\(config\)#")
    cli.send_command("vlan 78", expect_string="#")
    cli.send_command("end", expect_string="#")
    assert "Rollback Done" in cli.send_command("configure revert now")
    assert running(cli) == before


def test_without_archive_there_is_no_confirmed_change(cli: BaseConnection) -> None:
    cli.send_config_set(["no archive"])
    answer = cli.send_command("configure terminal revert timer 1", expect_string="#")
    assert "Turn config archive on before using Rollback Confirmed Change" in answer
    assert "(config)" not in cli.find_prompt()


def test_a_full_table_is_configuration_without_hardware(bench: Bench, cli: BaseConnection) -> None:
    bench.faults(tcam_entries=3)
    bind(cli)
    assert "ip access-group LW-3f9a2c1e in" in running(cli)
    log = cli.send_command("show logging")
    assert "%ACL_ERRMSG-4-UNLOADED" in log
    assert "Input LW-3f9a2c1e on interface GigabitEthernet1/0/1 is not programmed in hardware" in log
    table = cli.send_command("show platform hardware fed switch active fwd-asic resource tcam utilization")
    assert re.search(r"Security Access Control Entries\s+3\s+0", table)
    wait_for(lambda: not pings("b", "a"))


def test_ignored_binding_is_seen_only_in_the_hardware(bench: Bench, cli: BaseConnection) -> None:
    bench.faults(ignore_bind=True)
    bind(cli)
    assert "ip access-group LW-3f9a2c1e in" in running(cli)
    wait_for(lambda: pings("a", "b"))
