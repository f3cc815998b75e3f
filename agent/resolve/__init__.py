"""Observations to the register: pure; the same answer in any order and any batching."""

from agent.resolve.register import resolve

__all__ = ["resolve"]
