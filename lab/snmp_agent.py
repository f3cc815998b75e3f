"""An SNMP agent (v1, v2c, v3) over a tree of values; one asyncio process serves many of them (RFC 3412, 3414, 3584)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto import rfc1902
from pysnmp.proto.api import v2c
from pysnmp.smi import error as smi_error

OidKey: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Integer:
    """INTEGER, signed 32 bits."""

    value: int


@dataclass(frozen=True, slots=True)
class Octets:
    """OCTET STRING."""

    value: bytes

    @classmethod
    def text(cls, value: str) -> Octets:
        """A DisplayString or SnmpAdminString, in UTF-8."""
        return cls(value.encode())


@dataclass(frozen=True, slots=True)
class Oid:
    """OBJECT IDENTIFIER."""

    value: OidKey

    @classmethod
    def parse(cls, text: str) -> Oid:
        """Read `1.3.6.1...`, a leading dot allowed."""
        return cls(tuple(int(arc) for arc in text.strip(".").split(".")))


@dataclass(frozen=True, slots=True)
class TimeTicks:
    """Hundredths of a second, modulo 2**32."""

    value: int


@dataclass(frozen=True, slots=True)
class Gauge:
    """Gauge32 or Unsigned32; larger numbers saturate."""

    value: int


@dataclass(frozen=True, slots=True)
class Counter:
    """Counter32, modulo 2**32."""

    value: int


@dataclass(frozen=True, slots=True)
class Counter64:
    """Counter64; invisible to SNMPv1 (RFC 3584 4.1.2.1)."""

    value: int


@dataclass(frozen=True, slots=True)
class IpAddress:
    """IpAddress, an IPv4 address in dotted form."""

    value: str


Value: TypeAlias = Integer | Octets | Oid | TimeTicks | Gauge | Counter | Counter64 | IpAddress
Values: TypeAlias = Mapping[OidKey, Value]
Tree: TypeAlias = Callable[[], Values]


@dataclass(frozen=True, slots=True)
class Community:
    """A v1/v2c community; `context` names the tree that it shows (Cisco's `community@vlan` is such a one)."""

    name: str = field(repr=False)
    context: str = ""


@dataclass(frozen=True, slots=True)
class V3User:
    """A USM user: auth `none|md5|sha|sha256|sha512`, priv `none|des|aes|aes256`, keys as passphrases of 8 or more."""

    name: str
    auth_protocol: str = "sha"
    auth_key: str = field(default="", repr=False)
    priv_protocol: str = "aes"
    priv_key: str = field(default="", repr=False)


AUTH = {
    "none": config.USM_AUTH_NONE,
    "md5": config.USM_AUTH_HMAC96_MD5,
    "sha": config.USM_AUTH_HMAC96_SHA,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
PRIV = {
    "none": config.USM_PRIV_NONE,
    "des": config.USM_PRIV_CBC56_DES,
    "aes": config.USM_PRIV_CFB128_AES,
    "aes256": config.USM_PRIV_CFB256_AES,
}


def encode(value: Value) -> Any:
    """The pysnmp object of a value."""
    match value:
        case Integer(number):
            return rfc1902.Integer32(number)
        case Octets(octets):
            return rfc1902.OctetString(octets)
        case Oid(arcs):
            return rfc1902.ObjectName(arcs)
        case TimeTicks(number):
            return rfc1902.TimeTicks(number % 2**32)
        case Gauge(number):
            return rfc1902.Gauge32(min(number, 2**32 - 1))
        case Counter(number):
            return rfc1902.Counter32(number % 2**32)
        case Counter64(number):
            return rfc1902.Counter64(number % 2**64)
        case IpAddress(text):
            return rfc1902.IpAddress(ipaddress.IPv4Address(text).packed)


class View:
    """A tree in lexicographic order, evaluated again when older than `keep` seconds."""

    def __init__(self, tree: Tree, keep: float = 0.5) -> None:
        self._tree, self._keep, self._read = tree, keep, float("-inf")
        self._values: Values = {}
        self._order: list[OidKey] = []

    def _refresh(self) -> None:
        if time.monotonic() - self._read > self._keep:
            self._values = self._tree()
            self._order = sorted(self._values)
            self._read = time.monotonic()

    def get(self, oid: OidKey) -> Value | None:
        """The value of exactly this instance."""
        self._refresh()
        return self._values.get(oid)

    def holds_below(self, prefix: OidKey) -> bool:
        """Whether any instance lies under a prefix."""
        self._refresh()
        at = bisect_left(self._order, prefix)
        return at < len(self._order) and self._order[at][: len(prefix)] == prefix

    def next(self, oid: OidKey, *, visible: Callable[[Value], bool]) -> tuple[OidKey, Value] | None:
        """The first visible instance behind an OID."""
        self._refresh()
        for key in self._order[bisect_right(self._order, oid) :]:
            if visible(self._values[key]):
                return key, self._values[key]
        return None


class Instrumentation:
    """What pysnmp's responders call for one context: reads from a View, refuses writes."""

    def __init__(self, view: View, levels: Mapping[str, int]) -> None:
        self._view, self._levels = view, levels

    def _visible(self, engine: SnmpEngine) -> Callable[[Value], bool]:
        """Refuse a USM user below its own security level (RFC 3415 3.2); hide Counter64 from v1."""
        request = engine.observer.get_execution_context("rfc3412.receiveMessage:request")
        model, name, level = request["securityModel"], str(request["securityName"]), int(request["securityLevel"])
        if model == 3 and level < self._levels.get(name, 3):
            raise smi_error.AuthorizationError(name=(0, 0), idx=0)
        return lambda value: not (model == 1 and isinstance(value, Counter64))

    def read_variables(self, *binds: tuple[Any, Any], **request: Any) -> list[tuple[Any, Any]]:
        """GET (RFC 3416 4.2.1)."""
        visible = self._visible(request["snmpEngine"])
        return [(name, self._exact(tuple(name), visible)) for name, _ in binds]

    def _exact(self, oid: OidKey, visible: Callable[[Value], bool]) -> Any:
        value = self._view.get(oid)
        if value is not None and visible(value):
            return encode(value)
        return v2c.NoSuchInstance() if self._view.holds_below(oid[:-1]) else v2c.NoSuchObject()

    def read_next_variables(self, *binds: tuple[Any, Any], **request: Any) -> list[tuple[Any, Any]]:
        """GETNEXT and, repeated, GETBULK (RFC 3416 4.2.2, 4.2.3)."""
        visible = self._visible(request["snmpEngine"])
        found = [(name, self._view.next(tuple(name), visible=visible)) for name, _ in binds]
        return [
            (rfc1902.ObjectName(hit[0]), encode(hit[1])) if hit else (name, v2c.EndOfMibView()) for name, hit in found
        ]

    def write_variables(self, *binds: tuple[Any, Any], **_request: Any) -> list[tuple[Any, Any]]:
        """SET: nothing here is writable."""
        raise smi_error.NotWritableError(name=tuple(binds[0][0]), idx=0)


def _engine(engine_id: bytes | None) -> SnmpEngine:
    """An engine, under an id of its own where one is given.

    Given to pysnmp's constructor, the id would leave a directory in /tmp for the count of boots (RFC 3411
    snmpEngineBoots); here the clock is the count, which rises with every start just as well.
    """
    engine = SnmpEngine()
    if engine_id:
        names = ("snmpEngineID", "snmpEngineBoots")
        identity, boots = engine.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", *names)
        identity.syntax = identity.syntax.clone(engine_id)
        boots.syntax = boots.syntax.clone(int(time.time()))
        engine.snmpEngineID = identity.syntax
    return engine


def udp_socket(address: str, port: int = 161) -> socket.socket:
    """A bound, non-blocking UDP socket in the network namespace that the calling thread is in now (setns(2))."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    sock.setblocking(False)
    return sock


class SnmpAgent:
    """One agent on one UDP socket. Create and close it inside a running event loop.

    `where` is an address (port 161), an (address, port) or a bound socket; an address is bound at once, in the calling
    thread's namespace. `contexts` are further trees by context name; a context that is not there is not answered.
    """

    def __init__(
        self,
        where: str | tuple[str, int] | socket.socket,
        tree: Tree,
        communities: Sequence[str | Community] = (),
        v3_users: Sequence[V3User] = (),
        *,
        contexts: Mapping[str, Tree] | None = None,
        engine_id: bytes | None = None,
        keep: float = 0.5,
    ) -> None:
        if isinstance(where, socket.socket):
            sock = where
        else:
            sock = udp_socket(where) if isinstance(where, str) else udp_socket(*where)
        sock.setblocking(False)
        self._socket = sock
        self._engine = _engine(engine_id)
        self._transport = udp.UdpAsyncioTransport(loop=asyncio.get_running_loop()).open_server_mode(sock=sock)
        config.add_transport(self._engine, udp.DOMAIN_NAME, self._transport)
        self._add_communities(communities)
        levels = {user.name: self._add_user(user) for user in v3_users}
        self._register({"": tree, **(contexts or {})}, levels, keep)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def _add_communities(self, communities: Sequence[str | Community]) -> None:
        for index, given in enumerate(communities):
            one = Community(given) if isinstance(given, str) else given
            config.add_v1_system(self._engine, f"community-{index}", one.name, contextName=one.context.encode())

    def _add_user(self, user: V3User) -> int:
        """Register a user; the security level that it must use: 1 noAuthNoPriv, 2 authNoPriv, 3 authPriv."""
        auth, priv = AUTH[user.auth_protocol.lower()], PRIV[user.priv_protocol.lower()]
        config.add_v3_user(self._engine, user.name, auth, user.auth_key or None, priv, user.priv_key or None)
        return 1 + int(auth != config.USM_AUTH_NONE) + int(priv != config.USM_PRIV_NONE)

    def _register(self, trees: Mapping[str, Tree], levels: Mapping[str, int], keep: float) -> None:
        names = context.SnmpContext(self._engine)
        names.unregister_context_name(b"")
        for name, tree in trees.items():
            names.register_context_name(name.encode(), Instrumentation(View(tree, keep), levels))
        for responder in (
            cmdrsp.GetCommandResponder,
            cmdrsp.NextCommandResponder,
            cmdrsp.BulkCommandResponder,
            cmdrsp.SetCommandResponder,
        ):
            responder(self._engine, names)

    def close(self) -> None:
        """Stop answering and close the socket."""
        self._engine.close_dispatcher()
        self._socket.close()


def serve(
    where: str | tuple[str, int] | socket.socket,
    tree: Tree,
    communities: Sequence[str | Community] = (),
    v3_users: Sequence[V3User] = (),
    *,
    contexts: Mapping[str, Tree] | None = None,
    engine_id: bytes | None = None,
) -> SnmpAgent:
    """Start an agent (see SnmpAgent); it answers as long as the running event loop runs."""
    return SnmpAgent(where, tree, communities, v3_users, contexts=contexts, engine_id=engine_id)
