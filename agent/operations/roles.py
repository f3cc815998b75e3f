"""Who may do what: the roles of `[roles]`, by groups of the operating system.

They come from the configuration and never from the database, so the fire exit knows them while that is locked. Where no
group is configured there are no roles: everybody may do everything, but nobody approves his own exception.
"""

from __future__ import annotations

from enum import StrEnum

from agent.model.errors import Refused
from agent.operations.context import Context


class Role(StrEnum):
    """What a person may do: a requester changes things, an approver does too and agrees to what others ask for."""

    REQUESTER = "requester"
    APPROVER = "approver"


def configured(context: Context) -> bool:
    """True where `[roles]` names any group; from then on whoever is in none of them is a viewer."""
    roles = context.config.roles
    return bool(roles.requester or roles.approver or roles.viewer)


def held(context: Context) -> frozenset[Role]:
    """The roles of the person who asks; none of them is a viewer, who changes nothing."""
    if not configured(context):
        return frozenset(Role)
    return frozenset(role for role in Role if context.groups & set(_groups(context, role)))


def title(context: Context) -> str:
    """The roles in words."""
    return " and ".join(sorted(held(context))) or "viewer"


def require_entry(context: Context) -> None:
    """Raise Refused for whoever may not even look, where `[roles] viewer` says who may."""
    viewers = context.config.roles.viewer
    if viewers and not held(context) and not context.groups & set(viewers):
        raise Refused(f"{context.actor} may not use the agent", hint=f"members of {', '.join(viewers)} may look")


def require_hand(context: Context, deed: str) -> None:
    """Raise Refused for a viewer, before anything is changed; `deed` completes "may not ..."."""
    if not held(context):
        raise _refusal(context, deed, tuple(Role))


def require_approver(context: Context, deed: str) -> None:
    """Raise Refused for whoever may not agree to what others ask for."""
    if Role.APPROVER not in held(context):
        raise _refusal(context, deed, (Role.APPROVER,))


def require_other(context: Context, requester: str, deed: str) -> None:
    """Raise Refused for the one who asked."""
    if context.actor == requester:
        raise Refused(f"{context.actor} asked for it and may not {deed}", hint="another person does that")


def _groups(context: Context, role: Role) -> tuple[str, ...]:
    roles = context.config.roles
    return roles.requester if role is Role.REQUESTER else roles.approver


def _refusal(context: Context, deed: str, wanted: tuple[Role, ...]) -> Refused:
    groups = sorted({group for role in wanted for group in _groups(context, role)})
    keys = " or ".join(wanted)
    hint = f"members of {', '.join(groups)} may" if groups else f"[roles] {keys} in lanward.toml names no group"
    return Refused(f"{context.actor} may not {deed}", hint=hint)
