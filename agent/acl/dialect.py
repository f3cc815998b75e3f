"""A family's semantics and text together: from an intent to the named ACL and its native lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.acl import ios, nft
from agent.acl.compile import compile_port
from agent.acl.intent import PortIntent
from agent.acl.lines import Line, entries
from agent.acl.naming import content_name
from agent.acl.semantics import CISCO_IOS, LINUX_NFT, Semantics
from agent.model.address import Mac
from agent.model.change import AclText, Form
from agent.model.errors import UnknownName

Render = Callable[[tuple[Line, ...], str, str, tuple[Mac, ...]], tuple[str, ...]]
Parse = Callable[[str, str], tuple[Line, ...]]
Macs = Callable[[str, str], tuple[Mac, ...]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family behaves, is written and is read back."""

    semantics: Semantics
    render: Render
    parse: Parse
    macs: Macs = lambda _text, _name: ()
    """The MACs that an ACL's text is about, where the family filters by them."""


@dataclass(frozen=True, slots=True)
class Acl:
    """A compiled ACL: its lines, its text under its content name, and the hardware entries it needs."""

    lines: tuple[Line, ...]
    text: AclText
    entries: int


def _ios(lines: tuple[Line, ...], name: str, remark: str, _macs: tuple[Mac, ...]) -> tuple[str, ...]:
    return ios.render(lines, name, remark)


DIALECTS: Mapping[str, Dialect] = {
    CISCO_IOS.family: Dialect(CISCO_IOS, _ios, ios.parse),
    LINUX_NFT.family: Dialect(LINUX_NFT, nft.render, nft.parse, lambda text, name: nft.parse_chain(text, name).macs),
}


def dialect(family: str) -> Dialect:
    """The dialect of a family; raise UnknownName where there is none."""
    if family not in DIALECTS:
        raise UnknownName(f"no ACL dialect for '{family}'", hint=f"known: {', '.join(sorted(DIALECTS))}")
    return DIALECTS[family]


def build(intent: PortIntent, family: str, remark: str) -> Acl:
    """The ACL of one port in a family's own words; raise Refused for what it cannot express."""
    chosen = dialect(family)
    lines = compile_port(intent, chosen.semantics)
    shared_link = chosen.semantics.filters_ipv6 and intent.form is Form.SHARED
    macs = intent.macs if shared_link else ()
    name = content_name(lines, macs)
    text = AclText(name, chosen.render(lines, name, remark, macs))
    return Acl(lines, text, entries(lines, chosen.semantics.range_costs))


def is_intact(text: str, name: str, family: str) -> bool:
    """True where a switch's text of an ACL is still what its content name says; errors as in the family's `parse`."""
    chosen = dialect(family)
    return content_name(chosen.parse(text, name), chosen.macs(text, name)) == name
