"""How a workflow ends, as JSON: steps return outcomes rather than raise, for exceptions do not survive a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.model.errors import (
    BadInput,
    DeviceFault,
    EnvironmentFault,
    Interrupted,
    LanwardError,
    PartlyApplied,
    Refused,
)
from agent.redact import redact

DONE, FAILED, STOPPED, WAITING, GOING_ON = "done", "failed", "stopped", "waiting", "going on"

Outcome = dict[str, Any]
"""`state`, one of the above; `result`, the workflow's own; `error` with `message`, `hint` and `exit_code`."""

_KINDS = (BadInput, DeviceFault, Refused, PartlyApplied, EnvironmentFault, Interrupted)


def done(result: Mapping[str, Any]) -> Outcome:
    """It is through."""
    return {"state": DONE, "result": dict(result)}


def failed(error: Exception) -> Outcome:
    """It ended with an error; one that is not of ours is our own fault."""
    if not isinstance(error, LanwardError):
        error = LanwardError(f"our own fault: {type(error).__name__}: {redact(str(error))}")
    state = STOPPED if isinstance(error, Interrupted) else FAILED
    return {
        "state": state,
        "error": {"message": error.message, "hint": error.hint, "exit_code": error.exit_code},
    }


def result_of(outcome: Outcome) -> dict[str, Any]:
    """The result; raise the error that the outcome tells of, of the kind that has its exit code."""
    error = outcome.get("error")
    if error is None:
        result: dict[str, Any] = outcome.get("result", {})
        return result
    kind = next((kind for kind in _KINDS if kind.exit_code == error["exit_code"]), LanwardError)
    raise kind(error["message"], hint=error["hint"])
