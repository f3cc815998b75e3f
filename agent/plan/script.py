"""A switch's plan as the family's commands: forward, and exactly backward."""

from __future__ import annotations

from dataclasses import replace

from agent.model.change import AclText, Binding, SwitchPlan
from agent.platforms.protocol import Platform, Script


def create(platform: Platform, acls: tuple[AclText, ...]) -> Script:
    """Make each ACL."""
    return tuple(command for acl in acls for command in platform.create(acl))


def bind(platform: Platform, bindings: tuple[Binding, ...]) -> Script:
    """Bind each ACL to its port."""
    return tuple(command for binding in bindings for command in platform.bind(binding))


def unbind(platform: Platform, bindings: tuple[Binding, ...]) -> Script:
    """Take each ACL off its port."""
    return tuple(command for binding in bindings for command in platform.unbind(binding))


def destroy(platform: Platform, acls: tuple[AclText, ...]) -> Script:
    """Remove each ACL, which no port may use any more."""
    return tuple(command for acl in acls for command in platform.destroy(acl.name))


def newly_bound(plan: SwitchPlan) -> tuple[Binding, ...]:
    """Bindings on ports that carried no ACL of ours before."""
    ports = {binding.port for binding in plan.replaced}
    return tuple(binding for binding in plan.bind if binding.port not in ports)


def forward(platform: Platform, plan: SwitchPlan) -> Script:
    """From the state of the plan to the state that it wants."""
    return (
        create(platform, plan.acls)
        + bind(platform, plan.bind)
        + unbind(platform, plan.release)
        + destroy(platform, plan.dropped)
    )


def inverse(plan: SwitchPlan) -> SwitchPlan:
    """The plan that takes this one back; `inverse(inverse(plan))` does what `plan` does."""
    rebound = {binding.port for binding in plan.replaced}
    return replace(
        plan,
        acls=plan.dropped,
        bind=plan.replaced + plan.release,
        release=newly_bound(plan),
        replaced=tuple(binding for binding in plan.bind if binding.port in rebound),
        dropped=plan.acls,
        commands=plan.undo,
        undo=plan.commands,
    )


def on_ports(plan: SwitchPlan, ports: frozenset[str]) -> SwitchPlan:
    """The plan less what it binds on other ports, and less the ACLs that only those use or used."""
    bind = tuple(b for b in plan.bind if b.port in ports)
    replaced = tuple(b for b in plan.replaced if b.port in ports)
    used, former = {b.acl for b in bind}, {b.acl for b in replaced}
    return replace(
        plan,
        bind=bind,
        replaced=replaced,
        acls=tuple(acl for acl in plan.acls if acl.name in used),
        dropped=tuple(acl for acl in plan.dropped if acl.name in former),
    )


def backward(platform: Platform, plan: SwitchPlan) -> Script:
    """From the state that the plan wants, exactly back."""
    return forward(platform, inverse(plan))
