"""An exception's life (例外, A7-6): asked for, agreed to by another person, renewed, ended; each step is audited."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date

from agent.exceptions import check_clauses, check_days, control_named, day_of
from agent.model.errors import BadInput, Refused, UnknownName
from agent.model.waiver import Waiver, WaiverKind, WaiverState, require_step
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.known_as import follow
from agent.operations.register import find as find_device

CALENDAR = "lanward"
"""Who ends an exception whose last day is over."""


_AHEAD = (WaiverState.REQUESTED, WaiverState.APPROVED)
"""The states of a renewal that leave nothing to renew."""


def listing(context: Context, *, all_sites: bool = False) -> tuple[Waiver, ...]:
    """The site's exceptions as they stand today, by their last day; what ran out is written down, but by no viewer."""
    if roles.held(context):
        expire_due(context)
    today = day_of(context.clock.now())
    return _by_last_day(_on(waiver, today) for waiver in (_followed(context) if all_sites else own(context)))


def standing(context: Context) -> tuple[Waiver, ...]:
    """The same of the site, for whoever only reads: nothing is written down."""
    day = day_of(context.clock.now())
    return _by_last_day(_on(waiver, day) for waiver in own(context))


def _by_last_day(waivers: Iterable[Waiver]) -> tuple[Waiver, ...]:
    return tuple(sorted(waivers, key=lambda waiver: (waiver.expires, waiver.id)))


def own(context: Context) -> tuple[Waiver, ...]:
    """The site's exceptions as they are kept: all but those for a device that other sites have, and this one has not.

    A device is named by the id that it has now, unless another site's has its former one; what is on record stays.
    """
    placed, site = context.store().device_sites(), context.config.site
    elsewhere = {device for device, where in placed if where != site and (device, site) not in placed}
    return tuple(one for one in _followed(context) if one.device not in elsewhere)


def _followed(context: Context) -> tuple[Waiver, ...]:
    waivers = context.store().waivers()
    now = follow(context.store(), "", {waiver.device for waiver in waivers})
    return tuple(replace(one, device=now.get(one.device, one.device)) for one in waivers)


def _on_record(context: Context, waiver: Waiver) -> str:
    """The id of its device when the exception was asked for, which a later merge or split leaves alone."""
    return next((one.device for one in context.store().waivers() if one.id == waiver.id), waiver.device)


def find(context: Context, waiver_id: str) -> Waiver:
    """The exception of this id, whichever site it is of; raise UnknownName where there is none."""
    for waiver in listing(context, all_sites=True):
        if waiver.id == waiver_id:
            return waiver
    raise UnknownName(f"there is no exception '{waiver_id}'", hint="lanward exception list names them")


def expire_due(context: Context) -> tuple[Waiver, ...]:
    """Write down that the approved exceptions whose last day is over have expired."""
    today = day_of(context.clock.now())
    ended = []
    for waiver in context.store().waivers():
        if waiver.state is not (now := _on(waiver, today)).state:
            with suppress(Refused):  # another process was faster
                context.store().move_waiver(now, waiver.state)
                _record(context, CALENDAR, "expire", now, expires=str(now.expires))
                ended.append(now)
    return tuple(ended)


def _on(waiver: Waiver, today: date) -> Waiver:
    over = waiver.state is WaiverState.APPROVED and today > waiver.expires
    return replace(waiver, state=WaiverState.EXPIRED) if over else waiver


def request(
    context: Context,
    device_id: str,
    *,
    kind: WaiverKind,
    clauses: Iterable[str],
    controls: Iterable[str],
    reason: str,
    expires: date,
    replacement: date | None = None,
) -> Waiver:
    """Ask for an exception; it excuses nothing before somebody else approves it.

    Raise UnknownName for a device that is none, BadInput for what A7-6 does not allow, Refused for a viewer.
    """
    roles.require_hand(context, "ask for an exception")
    wanted = Waiver(
        id=_new_id(),
        device=find_device(context, device_id).id,
        kind=kind,
        clauses=check_clauses(clauses, context.policy()),
        controls=tuple(controls),
        requester=context.actor,
        state=WaiverState.REQUESTED,
        expires=expires,
        replacement=replacement,
        reason=reason,
    )
    _require_new(context, wanted)
    return _ask(context, wanted)


def _require_new(context: Context, wanted: Waiver) -> None:
    """Raise BadInput where there is one for the same device and clauses that is asked for or in force."""
    for one in listing(context):
        if (one.device, one.clauses) == (wanted.device, wanted.clauses) and one.state in _AHEAD:
            hint = f"lanward exception renew {one.id}" if one.state is WaiverState.APPROVED else "it waits for approval"
            raise BadInput(f"{one.id} is for the same device and clauses, and {one.state}", hint=hint)


def renew(
    context: Context,
    waiver_id: str,
    *,
    expires: date,
    reason: str = "",
    controls: Iterable[str] = (),
    replacement: date | None = None,
) -> Waiver:
    """Ask for a new exception in an old one's place; the old one stays in force to its last day.

    What is not given stays as it was. Raise BadInput for one that is neither approved nor expired.
    """
    roles.require_hand(context, "renew an exception")
    old = _renewable(context, waiver_id)
    wanted = Waiver(
        id=_new_id(),
        device=old.device,
        kind=old.kind,
        clauses=old.clauses,
        controls=tuple(controls) or old.controls,
        requester=context.actor,
        state=WaiverState.REQUESTED,
        expires=expires,
        replacement=replacement or old.replacement,
        reason=reason or old.reason,
        follows=old.id,
    )
    return _ask(context, wanted, _on_record(context, old))


def _renewable(context: Context, waiver_id: str) -> Waiver:
    """The exception of this id; raise BadInput for one that is not in force or that another one follows already."""
    old = find(context, waiver_id)
    if old.state not in (WaiverState.APPROVED, WaiverState.EXPIRED):
        raise BadInput(f"exception {waiver_id} is {old.state}: there is nothing to renew")
    for other in listing(context, all_sites=True):
        if other.follows == old.id and other.state in _AHEAD:
            raise BadInput(f"exception {waiver_id} is followed by {other.id}, which is {other.state}")
    return old


def approve(context: Context, waiver_id: str) -> Waiver:
    """Agree to what somebody else asked for; raise Refused for the requester, whatever the roles."""
    roles.require_approver(context, "approve an exception")
    waiver = find(context, waiver_id)
    roles.require_other(context, waiver.requester, f"approve {waiver_id}")
    require_step(waiver, WaiverState.APPROVED)
    now = context.clock.now()
    check_days(waiver, day_of(now), context.policy())
    return _step(context, waiver, replace(waiver, state=WaiverState.APPROVED, approver=context.actor, approved=now))


def reject(context: Context, waiver_id: str, reason: str) -> Waiver:
    """Decline what somebody else asked for, and say why."""
    roles.require_approver(context, "reject an exception")
    waiver = find(context, waiver_id)
    roles.require_other(context, waiver.requester, f"reject {waiver_id}")
    return _end(context, waiver, WaiverState.REJECTED, reason)


def revoke(context: Context, waiver_id: str, reason: str) -> Waiver:
    """Take an approved exception back before its last day, and say why."""
    roles.require_approver(context, "revoke an exception")
    return _end(context, find(context, waiver_id), WaiverState.REVOKED, reason)


def close(context: Context, waiver_id: str, reason: str) -> Waiver:
    """Say that an exception is no longer needed, and why: the device was replaced, or the fault is mended."""
    roles.require_hand(context, "close an exception")
    return _end(context, find(context, waiver_id), WaiverState.CLOSED, reason)


def _new_id() -> str:
    return f"w-{uuid.uuid4().hex[:8]}"


def _ask(context: Context, wanted: Waiver, device: str = "") -> Waiver:
    """Keep a request that holds together, under another id of its device where that is given."""
    now, policy = context.clock.now(), context.policy()
    waiver = replace(
        wanted,
        clauses=check_clauses(wanted.clauses, policy),
        controls=tuple(dict.fromkeys(_legible(control_named(control)) for control in wanted.controls)),
        reason=_words(wanted.reason, "why the device needs an exception"),
        requested=now,
    )
    if not waiver.controls:
        raise BadInput("an exception without a compensating control (A7-6)", hint="--control restrict_internet")
    check_days(waiver, day_of(now), policy)
    context.store().save_waiver(replace(waiver, device=device or waiver.device))
    facts = {"device": waiver.device, "clauses": ", ".join(waiver.clauses), "controls": ", ".join(waiver.controls)}
    follows = {"follows": waiver.follows} if waiver.follows else {}
    _record(context, context.actor, "request", waiver, **facts, expires=str(waiver.expires), **follows)
    return waiver


def _end(context: Context, waiver: Waiver, state: WaiverState, reason: str) -> Waiver:
    note = _words(reason, f"why it is {state}")
    return _step(context, waiver, replace(waiver, state=state, note=note), reason=note)


def _step(context: Context, old: Waiver, new: Waiver, **facts: str) -> Waiver:
    require_step(old, new.state)
    context.store().move_waiver(replace(new, device=_on_record(context, old)), old.state)
    _record(context, context.actor, _DEEDS[new.state], new, device=new.device, **facts)
    return new


_DEEDS = {
    WaiverState.APPROVED: "approve",
    WaiverState.REJECTED: "reject",
    WaiverState.REVOKED: "revoke",
    WaiverState.CLOSED: "close",
}


def _words(text: str, what: str) -> str:
    if not text.strip():
        raise BadInput(f"nobody said {what}", hint="--reason 'in a few words'")
    return _legible(text.strip())


def _legible(text: str) -> str:
    """The text; raise BadInput for one that would not be shown as it was read."""
    if not text.replace("\n", " ").isprintable():
        raise BadInput(f"{text!a} holds characters that nobody can read")
    return text


def _record(context: Context, actor: str, deed: str, waiver: Waiver, **facts: str) -> None:
    context.store().record(actor, f"exception.{deed}", waiver.id, facts, context.clock.now())
