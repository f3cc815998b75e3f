"""What a plan does to traffic, in words that a person can check."""

from __future__ import annotations

from collections.abc import Iterable

from agent.exceptions import Ground
from agent.model.change import CONTROL, Holding, TrafficNote
from agent.model.device import Device, Port
from agent.model.policy import Flow


def traffic(
    devices: Iterable[Device], holdings: Iterable[Holding], grounds: Iterable[Ground] = ()
) -> tuple[TrafficNote, ...]:
    """For each device that is bound: the flows that stay, its open ports that nobody else reaches any more, and the
    exceptions whose controls this is.
    """
    asked = tuple(grounds)
    by_id = {device.id: device for device in devices}
    notes = []
    for holding in holdings:
        notes += [TrafficNote(holding.device, _words(flow), "stays", flow.reason) for flow in holding.flows]
        notes += [
            TrafficNote(holding.device, f"{port} from anybody else", "closes", _limit(port))
            for port in by_id[holding.device].ports
        ]
        notes += [_ground(ground) for ground in asked if ground.device == holding.device]
        notes.append(TrafficNote(holding.device, "anything else that it opens itself", "closes", "not in the policy"))
    return tuple(sorted(set(notes)))


def _ground(ground: Ground) -> TrafficNote:
    return TrafficNote(ground.device, ground.control, CONTROL, f"exception {ground.waiver} until {ground.expires}")


def _words(flow: Flow) -> str:
    service = flow.service
    ports = ",".join(f"{low}" if low == high else f"{low}-{high}" for low, high in service.ports)
    peers = ", ".join(str(peer) for peer in flow.peers) or "nobody"
    what = f"{service.proto}/{ports} ({service.name})" if ports else f"{service.proto} ({service.name})"
    return f"{what} from {peers}" if flow.direction == "serves" else f"{what} to {peers}"


def _limit(port: Port) -> str:
    if port.proto == "tcp":
        return "its replies are dropped at its port, so no connection comes about"
    return "its replies are dropped at its port; one-way packets still reach it"
