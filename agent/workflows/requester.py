"""Who asked the agent for something: the operating system's groups of that user, as this machine knows them."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from agent.operations.context import Context


def acting_for(context: Context, requester: str) -> Context:
    """The surroundings with the requester as actor; an empty name is the agent itself, which does what is scheduled."""
    return replace(context, actor=requester, groups=groups_of(requester)) if requester else context


def groups_of(user: str) -> frozenset[str]:
    """The names of a user's groups; none for a user that this machine does not know."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return frozenset()
    return frozenset(_names(os.getgrouplist(entry.pw_name, entry.pw_gid)))


def _names(numbers: list[int]) -> Iterator[str]:
    for number in numbers:
        with suppress(KeyError):  # a group without a name can be in no configuration
            yield grp.getgrgid(number).gr_name
