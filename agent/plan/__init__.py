"""From judged devices and switches as they are to a change: safe, complete, ordered, undoable, bound to its digest."""

from agent.plan.build import PlanRequest, build
from agent.plan.digest import digest
from agent.plan.safety import Protection

__all__ = ["PlanRequest", "Protection", "build", "digest"]
