"""Before and after: do devices still answer on what is allowed, and no longer on what is closed?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.model.address import IpAddress
from agent.model.change import Holding, Step, StepResult
from agent.model.device import Device
from agent.model.errors import Refused
from agent.model.probe import Probe
from agent.operations.context import Context
from agent.operations.known_as import macs_held, now_called

Target = tuple[IpAddress, int]


@dataclass(frozen=True, slots=True)
class Look:
    """One TCP port of one device as this machine sees it: whether the policy lets us in, and whether it answered."""

    device: str
    target: Target
    allowed: bool
    answered: bool


def targets(
    context: Context, holdings: Iterable[Holding], devices: Iterable[Device]
) -> tuple[tuple[str, Target, bool], ...]:
    """The open TCP ports of the devices that a switch's plan holds, and whether the policy lets this machine in."""
    held, register = tuple(holdings), tuple(devices)
    by_id = {device.id: device for device in register}
    macs = macs_held(held)
    by_id |= {former: by_id[now] for former, now in now_called(macs, register, macs).items()}
    found = []
    for holding in held:
        own = context.prober.source(holding.address)
        for port in by_id[holding.device].ports if holding.device in by_id else ():
            if port.proto == "tcp" and own is not None and _permitted(context, (holding.address, port.port)):
                found.append((holding.device, (holding.address, port.port), _lets_in(holding, own, port.port)))
    return tuple(found)


def _permitted(context: Context, target: Target) -> bool:
    try:
        context.guard.permit(Probe(target[0], "tcp-syn", "tcp", target[1], payload=False))
    except Refused:
        return False
    return True


def _lets_in(holding: Holding, own: IpAddress, port: int) -> bool:
    return any(
        flow.direction == "serves"
        and flow.service.proto == "tcp"
        and any(low <= port <= high for low, high in flow.service.ports)
        and any(own in peer for peer in flow.peers)
        for flow in holding.flows
    )


def look(context: Context, wanted: Iterable[tuple[str, Target, bool]]) -> tuple[Look, ...]:
    """Try each port once, without a payload."""
    asked = tuple(wanted)
    answers = context.prober.answers([target for _, target, _ in asked])
    return tuple(Look(device, target, allowed, answers[target]) for device, target, allowed in asked)


def compare(before: Iterable[Look], after: Iterable[Look]) -> tuple[Step, ...]:
    """One step for each port; what did not answer before cannot be verified from here."""
    earlier = {(seen.device, seen.target): seen.answered for seen in before}
    return tuple(_judge(seen, earlier[seen.device, seen.target]) for seen in after)


def unseen(holdings: Iterable[Holding], wanted: Iterable[tuple[str, Target, bool]]) -> tuple[Step, ...]:
    """What this machine cannot see of the devices that are held: what they send, and those that it cannot ask."""
    asked = {device for device, _, _ in wanted}
    steps = []
    for holding in holdings:
        who = f"{holding.device} {holding.address}"
        if holding.device not in asked:
            steps.append(
                Step(
                    f"{who} answers as before", StepResult.NOT_VERIFIABLE, "no TCP service of it may be asked from here"
                )
            )
        steps.append(
            Step(f"{who} opens only what the policy names", StepResult.NOT_VERIFIABLE, "what it sends is not seen here")
        )
    return tuple(steps)


def _judge(seen: Look, answered_before: bool) -> Step:
    address, port = seen.target
    name = f"{seen.device} {address} tcp/{port} " + ("still answers" if seen.allowed else "no longer answers")
    if not answered_before:
        return Step(name, StepResult.NOT_VERIFIABLE, "it did not answer this machine before")
    if seen.answered == seen.allowed:
        return Step(name, StepResult.OK, "asked from here")
    return Step(name, StepResult.FAILED, "it answers" if seen.answered else "it is silent")
