"""What "no Internet" leaves of a device's flows: peers in the organisation's own networks; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Network, collapse_addresses

from agent.model.policy import Flow

PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"))
"""Addresses that no router of the Internet carries (RFC 1918, RFC 3927)."""

NOT_ROUTED = (IPv4Network("224.0.0.0/4"), IPv4Network("255.255.255.255/32"))
"""Multicast and the limited broadcast: conversations of the site (RFC 5771, RFC 919)."""


def kept_inside(flows: Iterable[Flow], own: Iterable[IPv4Network]) -> tuple[Flow, ...]:
    """The flows with peers outside private space and `own` networks left out; a wider peer is cut down to them."""
    inside = tuple(collapse_addresses((*PRIVATE, *NOT_ROUTED, *own)))
    return tuple(replace(flow, peers=_inside(flow.peers, inside)) for flow in flows)


def leaves(flows: Iterable[Flow], own: Iterable[IPv4Network]) -> bool:
    """True where any of the flows has a peer outside."""
    given = tuple(flows)
    return any(_spans(a.peers) != _spans(b.peers) for a, b in zip(given, kept_inside(given, own), strict=True))


def _spans(networks: Iterable[IPv4Network]) -> list[IPv4Network]:
    return list(collapse_addresses(networks))


def _inside(peers: Iterable[IPv4Network], inside: tuple[IPv4Network, ...]) -> tuple[IPv4Network, ...]:
    found = [common for peer in peers for network in inside if (common := _common(peer, network))]
    return tuple(collapse_addresses(found))


def _common(one: IPv4Network, other: IPv4Network) -> IPv4Network | None:
    if one.subnet_of(other):
        return one
    return other if other.subnet_of(one) else None
