"""Reading switches and carrying out scripts on them, over the Session port."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.model.errors import BadInput, DeviceFault, DeviceRefused, LanwardError, Refused
from agent.model.switch import Switch, SwitchFacts, SwitchState
from agent.operations.context import Context
from agent.platforms.protocol import Command, Platform, Script
from agent.ports import Progress, Session


def read_facts(session: Session, platform: Platform) -> SwitchFacts:
    """What the switch says it is."""
    return platform.read_facts({command: session.show(command) for command in platform.facts_reads})


def read_state(session: Session, platform: Platform, switch: Switch) -> SwitchState:
    """One whole reading of a switch."""
    return platform.read_state(switch, {command: _answer(session, platform, command) for command in platform.reads})


def _answer(session: Session, platform: Platform, command: str) -> str:
    try:
        return session.show(command)
    except DeviceRefused:
        if command in platform.optional:
            return ""
        raise


def observe(context: Context, switch: Switch) -> SwitchState:
    """Read a switch in a session of its own."""
    with context.enforcer.open(switch) as session:
        return read_state(session, context.platforms(switch.platform), switch)


@dataclass(frozen=True, slots=True)
class Unread:
    """A switch that could not be read, and why."""

    switch: str
    error: LanwardError

    def __str__(self) -> str:
        return str(self.error)


def read_switches(context: Context, switches: Iterable[Switch]) -> tuple[tuple[SwitchState, ...], tuple[Unread, ...]]:
    """The states of the switches that could be read, and why each of the others could not."""
    states: list[SwitchState] = []
    errors: list[Unread] = []
    wanted = tuple(s for s in switches if s.platform)
    for index, switch in enumerate(wanted):
        context.report(Progress("reading switches", index, len(wanted), switch.name))
        try:
            states.append(observe(context, switch))
        except (BadInput, DeviceFault, Refused) as error:
            errors.append(Unread(switch.name, error))
    context.report(Progress("reading switches", len(wanted), len(wanted)))
    return tuple(states), tuple(errors)


def run_script(session: Session, switch: str, script: Script) -> None:
    """Enter a script, line by line; raise DeviceRefused at the first line without the expected answer."""
    for enter, lines in _blocks(script):
        if isinstance(lines, Command):
            answer = session.show(lines.text)
            if lines.expect and not re.search(lines.expect, answer, re.M):
                raise DeviceRefused(switch, lines.text, " ".join(answer.split()) or "no answer")
        else:
            session.configure(lines, enter)


def _blocks(script: Script) -> Iterable[tuple[str, Command | tuple[str, ...]]]:
    """Runs of configure lines that are entered together, and the commands between them."""
    enter = ""
    block: list[str] = []
    open_block = False
    for command in script:
        if open_block and (not command.configure or command.enter):
            yield enter, tuple(block)
            enter, block, open_block = "", [], False
        if not command.configure:
            yield "", command
            continue
        enter = command.enter or enter
        block += [command.text] if command.text else []
        open_block = True
    if open_block:
        yield enter, tuple(block)
