"""Link-layer and network addresses, and the scope that packets may never leave."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import compress

from agent.model.errors import BadAddress, BadMac

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_HEX_PAIRS = re.compile(r"[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}")
_HEX_QUADS = re.compile(r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}")
_HEX_BARE = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, order=True)
class Mac:
    """An IEEE 802 48-bit address; `value` is its big-endian integer."""

    value: int

    @classmethod
    def parse(cls, text: str) -> Mac:
        """Read `aa:bb:..`, `aa-bb-..`, `aabb.ccdd.eeff` or twelve bare digits; raise BadMac otherwise."""
        low = text.strip().lower()
        if _HEX_PAIRS.fullmatch(low):
            return cls(int("".join(pair.zfill(2) for pair in re.split("[:-]", low)), 16))
        if _HEX_QUADS.fullmatch(low) or _HEX_BARE.fullmatch(low):
            return cls(int(low.replace(".", ""), 16))
        raise BadMac(f"'{text}' is no MAC address", hint="write it as 00:11:22:aa:bb:cc")

    @classmethod
    def from_bytes(cls, octets: bytes) -> Mac:
        """Read six octets; raise BadMac for any other length."""
        if len(octets) != 6:
            raise BadMac(f"{len(octets)} octets are no MAC address")
        return cls(int.from_bytes(octets, "big"))

    def packed(self) -> bytes:
        """The six octets in wire order."""
        return self.value.to_bytes(6, "big")

    @property
    def is_group(self) -> bool:
        """Broadcast or multicast: the I/G bit (IEEE 802-2014, 8.2)."""
        return bool(self.value >> 40 & 1)

    @property
    def is_local(self) -> bool:
        """Locally administered: the U/L bit; never an identity by itself."""
        return bool(self.value >> 40 & 2)

    @property
    def is_universal(self) -> bool:
        """A maker's own unicast address, fit to identify an interface."""
        return self.value != 0 and not self.is_group and not self.is_local

    def __str__(self) -> str:
        return self.packed().hex(":")


def parse_ip(text: str) -> IpAddress:
    """Read an IPv4 or IPv6 address; raise BadAddress otherwise."""
    try:
        return ip_address(text.strip())
    except ValueError:
        raise BadAddress(f"'{text}' is no IP address") from None


def parse_network(text: str) -> IpNetwork:
    """Read a subnet in CIDR form, or a single address; raise BadAddress for host bits or nonsense."""
    try:
        return ip_network(text.strip())
    except ValueError as error:
        why = ": it has host bits set" if "host bits" in str(error) else ""
        raise BadAddress(f"'{text}' is no subnet{why}", hint="write it as 10.20.0.0/24") from None


@dataclass(frozen=True, slots=True)
class Scope:
    """The only addresses that lanward may send to: subnets less exclusions."""

    subnets: tuple[IpNetwork, ...]
    exclude: tuple[IpNetwork, ...] = ()
    _alone: frozenset[IpAddress] = field(init=False, repr=False, compare=False)
    """The subnets of one address; a list of targets has thousands."""

    _wide: tuple[IpNetwork, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        alone = frozenset(n.network_address for n in self.subnets if n.num_addresses == 1)
        object.__setattr__(self, "_alone", alone)
        object.__setattr__(self, "_wide", tuple(n for n in self.subnets if n.num_addresses > 1))

    @classmethod
    def parse(cls, subnets: list[str] | tuple[str, ...], exclude: list[str] | tuple[str, ...] = ()) -> Scope:
        """Read CIDR texts; raise BadAddress naming the first one that is wrong."""
        return cls(tuple(parse_network(s) for s in subnets), tuple(parse_network(e) for e in exclude))

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, IPv4Address | IPv6Address):
            return False
        return (address in self._alone or _within(address, self._wide)) and not _within(address, self.exclude)

    def within(self, addresses: Sequence[IPv4Address]) -> tuple[IPv4Address, ...]:
        """Those of the addresses that are in scope, in their order: for tens of thousands at once."""
        numbers = tuple(map(int, addresses))
        ordered = sorted(numbers)
        inside = _held(ordered, self.subnets) - _held(ordered, self.exclude)
        return tuple(compress(addresses, map(inside.__contains__, numbers)))

    def covers(self, network: IpNetwork) -> bool:
        """True where the whole subnet lies inside one of the scope's subnets."""
        return any(
            network.version == own.version and network.subnet_of(own)  # type: ignore[arg-type]
            for own in self.subnets
        )

    def hosts(self) -> Iterator[IPv4Address]:
        """Each IPv4 host address in the scope, once, in order of its subnets (IPv6 is never swept)."""
        seen: set[IPv4Address] = set()
        for subnet in self.subnets:
            if isinstance(subnet, IPv4Network):
                for host in subnet.hosts():
                    if host in self and host not in seen:
                        seen.add(host)
                        yield host


def _held(ordered: list[int], networks: tuple[IpNetwork, ...]) -> set[int]:
    """Those IPv4 addresses, as ascending integers, that one of the networks holds."""
    held = set[int]()
    for network in networks:
        if network.version == 4:
            first, last = int(network.network_address), int(network.broadcast_address)
            held.update(ordered[bisect_left(ordered, first) : bisect_right(ordered, last)])
    return held


def _within(address: IpAddress, networks: tuple[IpNetwork, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
