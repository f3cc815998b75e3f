"""A switch's own command line over plain SSH, as an administrator types on it: no part of lanward is in between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from netmiko.base_connection import BaseConnection
from netmiko.ssh_dispatcher import ConnectHandler

from lab import netns
from lab.network import Lab

REFUSED = re.compile(r"^(?:%(?! ?No Rollback Confirmed).*|rc=[1-9].*|.*(?:syntax error|No such file).*)$", re.M)
IOS_PROMPT = r"\(?[\w-]*\)?#\s*$"


@contextmanager
def console(lab: Lab, switch: str) -> Iterator[BaseConnection]:
    """A privileged session from the agent's machine."""
    one, secrets = lab.world.switches[switch], lab.world.secrets
    with netns.inside(f"{lab.prefix}agent"):
        connection = ConnectHandler(
            device_type=one.platform,
            host=str(one.ip),
            username=secrets.username,
            password=secrets.password,
            secret=secrets.enable,
        )
    try:
        if one.platform == "cisco_ios":
            connection.enable()
        yield connection
    finally:
        connection.paramiko_cleanup()


def type_lines(lab: Lab, switch: str, lines: Iterable[str]) -> None:
    """Type line after line, whatever mode that leads to; fail at the first complaint."""
    with console(lab, switch) as session:
        prompt = IOS_PROMPT if lab.world.switches[switch].platform == "cisco_ios" else re.escape(session.base_prompt)
        for line in lines:
            answer = str(session.send_command(line, expect_string=prompt, cmd_verify=False, strip_prompt=False))
            assert not REFUSED.search(answer.replace("\r", "")), f"{switch}: '{line}' was answered: {answer}"


def ask(lab: Lab, switch: str, command: str) -> str:
    """One command's whole answer."""
    with console(lab, switch) as session:
        return str(session.send_command(command, read_timeout=30))


def configurations(lab: Lab) -> dict[str, tuple[str | bytes, str | bytes]]:
    """Each switch's running and startup configuration: of IOS as shown, of Linux the ruleset and the file's bytes."""
    found: dict[str, tuple[str | bytes, str | bytes]] = {}
    for name, one in lab.world.switches.items():
        if one.platform == "cisco_ios":
            with console(lab, name) as session:
                shown = [str(session.send_command(f"show {kind}-config", read_timeout=30)) for kind in KINDS]
            found[name] = shown[0], shown[1]
        else:
            ruleset = lab.run_in(name, ["nft", "-s", "list", "ruleset"]).stdout
            found[name] = ruleset, (lab.state / name / "etc" / "nftables.conf").read_bytes()
    return found


KINDS = ("running", "startup")
