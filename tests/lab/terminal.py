"""A person's own terminal on a switch, quick and without any library of lanward's: lines typed, bytes compared."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko

from lab import hosts, netns
from lab.network import Lab

ANSWER_SECONDS = 15
PROMPT = re.compile(rb"(?:^|\n)[\w.-]+(?:\([\w-]+\))?# ?$")


@dataclass(frozen=True)
class Terminal:
    """One open session on a VTY of an emulated switch, privileged and without paging."""

    channel: paramiko.Channel

    def type(self, line: str) -> str:
        """Enter one line; what is shown up to the next prompt, without the echo."""
        self.channel.send(f"{line}\n".encode())
        return "\n".join(self.until_prompt().splitlines()[1:-1])

    def until_prompt(self) -> str:
        """Everything up to the next prompt."""
        shown = b""
        while not PROMPT.search(shown.replace(b"\r", b"")):
            received = self.channel.recv(65536)
            assert received, f"the switch hung up after {shown!r}"
            shown += received
        return shown.replace(b"\r", b"").decode()


@contextmanager
def terminal(lab: Lab, switch: str) -> Iterator[Terminal]:
    """Log in from the agent's machine as the network's own administrator."""
    with netns.inside(f"{lab.prefix}agent"):
        sock = socket.create_connection((str(lab.world.switches[switch].ip), 22), timeout=ANSWER_SECONDS)
    with paramiko.Transport(sock) as transport:
        transport.connect(username=lab.world.secrets.username, password=lab.world.secrets.password)
        channel = transport.open_session()
        channel.settimeout(ANSWER_SECONDS)
        channel.get_pty(width=500)
        channel.invoke_shell()
        opened = Terminal(channel)
        opened.until_prompt()
        opened.type("terminal length 0")
        yield opened


def by_hand(lab: Lab, switch: str, *lines: str) -> str:
    """Type lines into a session of their own; everything that was shown."""
    with terminal(lab, switch) as opened:
        return "\n".join(opened.type(line) for line in lines)


def running(lab: Lab, switch: str) -> str:
    """The running configuration as the switch tells it, byte for byte."""
    if lab.world.switches[switch].platform == "linux":
        return lab.run_in(switch, ["nft", "-s", "list", "ruleset"]).stdout
    return by_hand(lab, switch, "show running-config")


def startup(lab: Lab, switch: str) -> str:
    """What the switch starts with, byte for byte, from the file that holds it."""
    if lab.world.switches[switch].platform == "linux":
        return (lab.state / switch / "etc" / "nftables.conf").read_text()
    return (lab.state / "switches" / switch / "startup-config").read_text()


def configuration(lab: Lab, *switches: str) -> dict[str, tuple[str, str]]:
    """Running and startup configuration of each switch."""
    return {switch: (running(lab, switch), startup(lab, switch)) for switch in switches}


def wake(lab: Lab) -> None:
    """Have every machine say something, so that no switch has forgotten where it is."""
    for role in lab.world.devices:
        if role != "mute":
            hosts.announce(f"{lab.prefix}{role}")
