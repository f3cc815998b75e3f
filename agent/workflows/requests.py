"""What a command asks for: done here where no agent owns the site, by the agent where one does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from agent.model.change import Change
from agent.model.finding import Finding
from agent.model.switch import Qualification
from agent.operations import discover as discovery
from agent.operations import judge as judgement
from agent.operations import qualify as qualification
from agent.operations import retention as thinning
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.discover import Result
from agent.operations.retention import Retained
from agent.workflows.owner import DISCOVERING, QUALIFYING, STOPPING, THINNING, owner, ownership

if TYPE_CHECKING:
    from agent.workflows.following import Request


def agent_owns(context: Context) -> bool:
    """True where an agent executes this site's workflows now."""
    found = owner(context.config)
    return found is not None and found.is_agent


def discover(context: Context, scopes: Iterable[str] = (), profile: str = "") -> Result:
    """agent.operations.discover.discover, by whoever owns the site."""
    wanted = tuple(scopes)
    discovery.permitted(context, wanted, profile)  # before anything is made, and here rather than hours later
    if not agent_owns(context):
        context.store()  # an inventory that is none is refused before a lock file is made beside it
        with ownership(context.config, DISCOVERING):
            return discovery.discover(context, wanted, profile)
    result = _asked(context, discovery_request(wanted, profile, context.actor))
    run = discovery.kept(context, result["run"])
    return Result(run, result["devices"], tuple(result["new"]), tuple(result["changed"]), tuple(result["missing"]))


def discovery_request(scopes: tuple[str, ...], profile: str, requester: str, *, patient: bool = False) -> Request:
    """A discovery; two of the same scope and profile are one."""
    from agent.workflows.following import Request

    key = " ".join(("discover", profile, *scopes)).rstrip()
    return Request("discover_workflow", "discoveries", key, (list(scopes), profile, requester, patient))


def assess(context: Context) -> tuple[Finding, ...]:
    """agent.operations.judge.judge, by whoever owns the site."""
    if not agent_owns(context):
        return judgement.judge(context)
    from agent.workflows.following import Request

    _asked(context, Request("assess_workflow", "judgements", "assess", (context.actor,)))
    return tuple(sorted(context.store().findings(context.config.site)))


def retain(context: Context, *, dry_run: bool = False) -> Retained:
    """agent.operations.retention.retain, by whoever owns the site; a dry run only reads."""
    if dry_run:
        return thinning.retain(context, dry_run=True)
    roles.require_hand(context, "thin the log")
    if not agent_owns(context):
        context.store()  # an inventory that is none is refused before a lock file is made beside it
        with ownership(context.config, THINNING):
            return thinning.retain(context)
    return Retained(**_asked(context, retention_request(context.actor)))


def retention_request(requester: str) -> Request:
    """A retention, in the queue of discoveries: none writes to the log while it is thinned."""
    from agent.workflows.following import Request

    return Request("retention_workflow", "discoveries", "retention", (requester,))


def apply(context: Context, change_id: str, *, without_safety_net: bool = False) -> Change:
    """Apply an approved change; raise Interrupted where it was stopped between two switches."""
    if not agent_owns(context):
        from agent.workflows.changes import apply_change

        return apply_change(context, change_id, without_safety_net=without_safety_net)
    from agent.workflows.following import Request

    arguments = (change_id, without_safety_net, context.actor)
    _asked(context, Request("apply_request", "changes", f"apply {change_id}", arguments))
    return context.store().change(change_id)


def rollback(context: Context, change_id: str, *, without_safety_net: bool = False) -> Change:
    """Take an applied change back; the change that did so, whatever its state."""
    if not agent_owns(context):
        from agent.workflows.changes import roll_back

        return roll_back(context, change_id, without_safety_net=without_safety_net)
    from agent.workflows.following import Request

    arguments = (change_id, without_safety_net, context.actor)
    result = _asked(context, Request("rollback_request", "changes", f"rollback {change_id}", arguments))
    return context.store().change(result["change"])


def qualify(context: Context, names: Iterable[str], port: str = "", *, fill: bool = False) -> tuple[Qualification, ...]:
    """agent.operations.qualify.qualify of each switch, by whoever owns the site: no change is applied meanwhile.

    The agent takes them one after another.
    """
    roles.require_hand(context, "qualify a switch")
    wanted = [context.switch(name).name for name in dict.fromkeys(names)]
    context.store()  # before a lock file is made beside it
    if not agent_owns(context):
        with ownership(context.config, QUALIFYING):
            return tuple(qualification.qualify_all(context, wanted, port, fill=fill))
    return tuple(_qualified(context, name, port, fill) for name in wanted)


def _qualified(context: Context, name: str, port: str, fill: bool) -> Qualification:
    told = _asked(context, trial_request(name, port, fill, context.actor))
    return next(
        known
        for known in context.store().qualifications()
        if [known.platform, known.model, known.release] == told["of"]
    )


def trial_request(name: str, port: str, fill: bool, requester: str) -> Request:
    """A trial of a switch; one on another port, or one that fills the table, is another one."""
    from agent.workflows.following import Request

    return Request("qualify_request", "changes", f"qualify {name} {port} {fill:d}", (name, port, fill, requester))


def stop_run(context: Context, run: str) -> dict[str, Any]:
    """Stop what the agent does, by the id of its workflow; without an agent, take it out of what one would go on with.

    Raise UnknownName where nothing of this id is unfinished.
    """
    from agent.workflows.following import Request, cancel

    roles.require_hand(context, "stop a run")
    if agent_owns(context):
        return _asked(context, Request("stop_request", "control", f"stop {run}", (run, context.actor)))
    with ownership(context.config, STOPPING):
        cancel(context, run)
    return {"run": run, "stopped": "no agent will go on with it"}


def _asked(context: Context, request: Request) -> dict[str, Any]:
    from agent.workflows.following import ask
    from agent.workflows.outcome import result_of

    return result_of(ask(context, request))
