"""The lab's switch to real clients: Netmiko, OpenSSH, net-snmp; who may do what, and what is saved."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from netmiko import ConnectHandler
from netmiko.base_connection import BaseConnection
from netmiko.exceptions import (
    ConfigInvalidException,
    NetmikoAuthenticationException,
    NetmikoBaseException,
    NetmikoTimeoutException,
)
from paramiko import SSHException

from tests.lab.switch_bench import Bench, pings, run, running, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root")]


def test_the_marker_of_an_error_reaches_netmiko(cli: BaseConnection) -> None:
    with pytest.raises(ConfigInvalidException):
        cli.send_config_set(["ip access-list extended X", "permit tpc any any"], error_pattern=r"^%")
    cli.send_command("end", expect_string="#")


def test_lines_run_out(bench: Bench, cli: BaseConnection) -> None:
    others = [bench.connect(), bench.connect()]
    try:
        assert len(cli.send_command("show users", use_textfsm=True)) == 3
        with pytest.raises(NetmikoTimeoutException):
            bench.connect()
    finally:
        for other in others:
            other.disconnect()
    wait_for(lambda: len(cli.send_command("show users", use_textfsm=True)) == 1)
    bench.connect().disconnect()


def test_a_wrong_password_is_refused(bench: Bench, cli: BaseConnection) -> None:
    with pytest.raises(NetmikoAuthenticationException):
        ConnectHandler(device_type="cisco_ios", host="127.0.0.1", port=bench.ssh, username="lanward", password="no")
    assert "LOGIN_FAILED" in cli.send_command("show logging")


def forgotten(bench: Bench, line: str) -> bool:
    """Whether a new session shows a configuration without the line; False where a reboot ends the session."""
    with suppress(NetmikoBaseException, SSHException, OSError), bench.connect() as session:
        return line not in running(session)
    return False


def test_running_becomes_startup_only_when_saved_and_a_reload_forgets_the_rest(
    bench: Bench, cli: BaseConnection
) -> None:
    before = cli.send_command("show startup-config")
    cli.send_config_set(["vlan 55"])
    assert cli.send_command("show startup-config") == before
    assert bench.process is not None
    bench.process.send_signal(signal.SIGHUP)
    wait_for(lambda: forgotten(bench, "vlan 55"))
    with bench.connect() as again:
        again.send_config_set(["vlan 56"])
        assert "[OK]" in again.save_config()
        assert "vlan 56" in again.send_command("show startup-config")
        again.send_config_set(["no vlan 56"])
        again.save_config()


def test_denied_commands_and_exclusive_configuration(bench: Bench, cli: BaseConnection) -> None:
    with bench.connect("limited") as limited:
        answer = limited.send_config_set(["interface GigabitEthernet1/0/1", "ip access-group X in"])
        assert "Command authorization failed." in answer
    assert "ip access-group" not in running(cli)
    cli.send_command("configure exclusive", expect_string=r"\(config\)#")
    with bench.connect("limited") as limited:
        answer = limited.send_command("configure terminal", expect_string="#")
        assert "Configuration mode is locked by process" in answer
    cli.send_command("end", expect_string="#")


def test_unprivileged_users_enable(bench: Bench) -> None:
    with bench.connect("viewer") as viewer:
        assert viewer.find_prompt() == "acc1>"
        assert "% Invalid input detected at '^' marker." in viewer.send_command("show running-config")
        viewer.enable()
        assert viewer.find_prompt() == "acc1#"


def test_shutdown_takes_the_link_away(cli: BaseConnection) -> None:
    cli.send_config_set(["interface Gi1/0/1", "shutdown"])
    wait_for(lambda: not pings("b", "a"))
    rows = {row["port"]: row["status"] for row in cli.send_command("show interfaces status", use_textfsm=True)}
    assert rows["Gi1/0/1"] == "disabled"
    cli.send_config_set(["interface Gi1/0/1", "no shutdown"])
    wait_for(lambda: pings("b", "a"))


def test_vlans_separate(cli: BaseConnection) -> None:
    wait_for(lambda: not pings("a", "c"))
    cli.send_config_set(["interface Gi1/0/3", "switchport access vlan 20"])
    wait_for(lambda: pings("a", "c"))


def test_plain_ssh_pages_and_repeats_nothing(bench: Bench) -> None:
    import paramiko

    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", bench.ssh, "lanward", "pw-lanward", allow_agent=False, look_for_keys=False)
    shell = client.invoke_shell()
    shell.settimeout(5)

    def until(text: str) -> str:
        seen = ""
        while text not in seen:
            seen += shell.recv(4096).decode()
        return seen

    until("acc1#")
    shell.send(b"show running-config\r")
    first = until("--More--")
    assert first.count("\r\n") <= 25
    assert "line vty" not in first
    shell.send(b" ")
    assert "line vty" in until("acc1#")
    shell.send(b"show running-config\r")
    until("--More--")
    shell.send(b"q")
    assert "line vty" not in until("acc1#")
    shell.send(b"shwo version\r")
    assert "% Invalid input detected at '^' marker." in until("marker.")
    client.close()


def test_openssh_logs_in_by_password_and_gets_no_exec_channel(bench: Bench, tmp_path: Path) -> None:
    answer = tmp_path / "askpass"
    answer.write_text("#!/bin/sh\necho pw-lanward\n")
    answer.chmod(0o700)
    options = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path}/known",
               "-o", "PubkeyAuthentication=no", "-p", str(bench.ssh), "lanward@127.0.0.1"]  # fmt: skip
    environment = {**os.environ, "SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    typed = "terminal length 0\nshow clock\nshow ip\nexit\n"
    done = subprocess.run(["ssh", "-tt", *options], input=typed, capture_output=True, text=True, timeout=20,
                          env=environment, check=False)  # fmt: skip
    assert " UTC " in done.stdout
    assert "% Incomplete command." in done.stdout
    single = subprocess.run(["ssh", *options, "show clock"], capture_output=True, text=True, timeout=20,
                            env=environment, check=False, stdin=subprocess.DEVNULL)  # fmt: skip
    assert single.returncode == 255
    assert " UTC " not in single.stdout


def walk(bench: Bench, credentials: str, oid: str) -> list[str]:
    done = run("snmpbulkwalk", "-On", "-r1", "-t5", *credentials.split(), f"127.0.0.1:{bench.snmp}", oid)
    return done.stdout.splitlines()


def test_snmp_serves_the_live_forwarding_table(bench: Bench, cli: BaseConnection) -> None:
    wait_for(lambda: pings("a", "b"))
    v3 = "-v3 -u lan -l authPriv -a SHA -A authauth1 -x AES -X privpriv1"
    rows = walk(bench, v3, ".1.3.6.1.2.1.17.7.1.2.2.1.2.20")
    assert ".1.3.6.1.2.1.17.7.1.2.2.1.2.20.2.135.0.0.0.1 = INTEGER: 1" in rows
    assert ".1.3.6.1.2.1.17.7.1.2.2.1.2.20.2.135.0.0.0.2 = INTEGER: 2" in rows
    per_vlan = walk(bench, "-v2c -c public@20", ".1.3.6.1.2.1.17.4.3.1.2")
    assert ".1.3.6.1.2.1.17.4.3.1.2.2.135.0.0.0.1 = INTEGER: 1" in per_vlan
    assert any("dist1" in line for line in walk(bench, "-v2c -c public", "1.0.8802.1.1.2.1.4"))
    assert any("FCW2140L0GH" in line for line in walk(bench, "-v2c -c public", ".1.3.6.1.2.1.47"))
    shown = cli.send_command("show mac address-table interface Gi1/0/1", use_textfsm=True)
    assert [row["destination_address"] for row in shown] == ["0287.0000.0001"]


def test_a_session_can_be_dropped_on_command(bench: Bench, cli: BaseConnection) -> None:
    victim = bench.connect()
    bench.faults(drop_session_after=2)
    with pytest.raises((OSError, EOFError, NetmikoTimeoutException)):
        for _ in range(4):
            victim.send_command("show clock", read_timeout=4)
    bench.faults()
    wait_for(lambda: len(cli.send_command("show users", use_textfsm=True)) == 1)
