"""What a switch family is to lanward: commands as data and pure readers of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from agent.acl.semantics import Semantics
from agent.model.change import AclText, Binding, Step
from agent.model.switch import Switch, SwitchFacts, SwitchState


@dataclass(frozen=True, slots=True)
class Command:
    """One line for a switch.

    `configure` lines are entered in configure mode, others outside it. `enter` opens configure mode in another way
    than usual, which is how some families arm their way back. `expect` is a pattern that the answer must show.
    """

    text: str
    configure: bool = False
    enter: str = ""
    expect: str = ""


Script = tuple[Command, ...]


def native(script: Script) -> tuple[str, ...]:
    """The script as lines that a person may type, with the steps into and out of configure mode."""
    lines: list[str] = []
    configuring = False
    for command in script:
        if configuring and (command.enter or not command.configure):
            lines.append("end")
            configuring = False
        if command.configure and not configuring:
            lines.append(command.enter or "configure terminal")
            configuring = True
        lines.extend([command.text] if command.text else [])
    return tuple([*lines, "end"] if configuring else lines)


class Platform(Protocol):
    """A switch family.

    `driver` is Netmiko's device type, `failures` the pattern of the family's error answers, `log_alarms` the pattern of
    log lines that tell of an ACL that the hardware does not carry or of a port in trouble. `reads` are the commands for
    a whole reading; a model may lack those in `optional`, whose answer is then empty.
    """

    name: str
    driver: str
    failures: str
    log_alarms: str
    semantics: Semantics
    safety_net: str
    reads: tuple[str, ...]
    optional: frozenset[str]
    facts_reads: tuple[str, ...]

    def read_facts(self, answers: Mapping[str, str]) -> SwitchFacts:
        """Model, release and serial from the answers to `facts_reads`."""
        ...

    def read_state(self, switch: Switch, answers: Mapping[str, str]) -> SwitchState:
        """The switch's state from the answers to `reads`; raise DeviceRefused for an answer that makes no sense."""
        ...

    def port_name(self, text: str) -> str:
        """A port's full name from any of the family's spellings."""
        ...

    def read_acl(self, name: str) -> str:
        """The command that shows one ACL."""
        ...

    def create(self, acl: AclText) -> Script:
        """Make an ACL that no port uses yet."""
        ...

    def destroy(self, name: str) -> Script:
        """Remove an ACL that no port uses any more."""
        ...

    def bind(self, binding: Binding) -> Script:
        """Put an ACL on a port, replacing one of ours at once."""
        ...

    def unbind(self, binding: Binding) -> Script:
        """Take our ACL off a port."""
        ...

    def arm(self, seconds: int) -> Script:
        """Start the family's way back: unconfirmed, all that follows is undone after so many seconds."""
        ...

    def confirm(self) -> Script:
        """Keep what was changed since `arm`."""
        ...

    def revert(self) -> Script:
        """Take back at once what was changed since `arm`."""
        ...

    def save(self) -> Script:
        """Make the running configuration the one that a reboot starts with."""
        ...

    def hardware_reads(self, binding: Binding) -> tuple[str, ...]:
        """Commands that show whether the hardware carries a binding."""
        ...

    def check_hardware(self, binding: Binding, answers: Mapping[str, str]) -> Step:
        """Whether the hardware carries a binding, from the answers to `hardware_reads`."""
        ...

    def without_ours(self, configuration: str) -> str:
        """A configuration less our ACLs and their bindings: what is left is other people's."""
        ...
