"""Waiting until a lab answers: each wait has an end and says what it waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from agent.model.errors import EnvironmentFault
from lab import traffic

if TYPE_CHECKING:
    from lab.network import Lab

T = TypeVar("T")
PATIENCE = 30.0


def until(ask: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Ask again until there is an answer; raise EnvironmentFault, naming what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise EnvironmentFault(f"the lab waited {seconds:.0f} s for {what} in vain")
        time.sleep(0.1)


def wait(lab: Lab) -> None:
    """Wait for the switches' sshd, the printer, the devices' process and the DHCP lease."""
    for name in lab.world.switches:
        until(partial(_answers, lab, name), f"{name}'s SSH")
    until(lambda: _living(lab, "devices") and (lab.state / "devices.ctl").exists(), "the devices")
    until(lambda: _living(lab, "ipp-printer") and lab.web(), "the IPP printer")
    until(lambda: _living(lab, "dhcp-client") and lab.leased(), "a DHCP lease")


def _answers(lab: Lab, name: str) -> bool:
    """Whether a switch's SSH port opens from the agent's machine."""
    switch = lab.world.switches[name]
    living = _living(lab, f"{name}-sshd" if switch.platform == "linux" else f"switch-{name}")
    return living and traffic.connects(f"{lab.prefix}agent", str(switch.ip), 22)


def _living(lab: Lab, process: str) -> bool:
    """True; raise EnvironmentFault where a process that was started has ended."""
    return lab.processes.expect(process) > 0
