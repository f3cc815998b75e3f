"""What changes hold on the switches now, by their receipts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from agent.model.change import Binding, Change, ChangeState, Holding, Receipt, ReceiptState
from agent.operations.known_as import follow, macs_held
from agent.ports import Store


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """One port that a change holds: its binding, and what the policy permits each device there."""

    switch: str
    port: str
    change: str
    binding: Binding
    holdings: tuple[Holding, ...]


def held_now(store: Store, site: str) -> tuple[Held, ...]:
    """The ports of a site that are held now, for devices by the ids that these have now."""
    held = in_force(store.changes(), store.receipts(), site)
    macs = macs_held(holding for one in held for holding in one.holdings)
    now = follow(store, site, {device for one in held for device in one.binding.devices}, macs)
    return tuple(_for(one, now) for one in held) if now else held


def _for(held: Held, now: Mapping[str, str]) -> Held:
    devices = tuple(dict.fromkeys(now.get(device, device) for device in held.binding.devices))
    holdings = tuple(replace(one, device=now.get(one.device, one.device)) for one in held.holdings)
    return replace(held, binding=replace(held.binding, devices=devices), holdings=holdings)


def in_force(changes: Iterable[Change], receipts: Iterable[Receipt], site: str) -> tuple[Held, ...]:
    """The ports of a site that are held now; later changes replace earlier ones, port by port."""
    applied = {(r.change, r.switch) for r in receipts if r.state is ReceiptState.APPLIED}
    held: dict[tuple[str, str], Held] = {}
    for change in changes:
        if change.plan.site != site or change.state in (ChangeState.RELEASED, ChangeState.REVERTED):
            continue
        for plan in change.plan.switches:
            if (change.id, plan.switch) not in applied:
                continue
            for binding in plan.release:
                held.pop((plan.switch, binding.port), None)
            for binding in plan.bind:
                here = (h for h in change.plan.holdings if (h.switch, h.port) == (plan.switch, binding.port))
                held[plan.switch, binding.port] = Held(plan.switch, binding.port, change.id, binding, tuple(here))
    return tuple(sorted(held.values(), key=lambda h: (h.switch, h.port)))
