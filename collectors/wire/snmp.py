"""The seam between SNMP and everything else: whom to ask, what, and what carries it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from agent.model.address import IpAddress
from agent.model.errors import BadInput
from agent.ports import Secret
from collectors.decode.snmp_message import Arcs
from collectors.decode.varbind import SnmpValue, Varbind

SNMP_PORT = 161

AUTHENTICATION = ("MD5", "SHA", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
PRIVACY = ("DES", "3DES", "AES", "AES128", "AES192", "AES256")
"""Protocols of the User-based Security Model (RFC 3414, 3826, 7860) and their like."""


@dataclass(frozen=True, slots=True)
class SnmpTarget:
    """Whom to ask and as whom. `version` is `1`, `2c` or `3`; `timeout` is seconds for each of `retries` + 1 tries."""

    address: IpAddress
    port: int = SNMP_PORT
    version: str = "2c"
    community: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    auth_protocol: str = ""
    auth_key: str = field(default="", repr=False)
    priv_protocol: str = ""
    priv_key: str = field(default="", repr=False)
    context: str = ""
    timeout: float = 1.0
    retries: int = 1

    @classmethod
    def of(cls, address: IpAddress, secret: Secret, port: int = SNMP_PORT) -> SnmpTarget:
        """A target with a named credential's values; raise BadInput, naming the credential, for a wrong version."""
        version = secret.get("version") or ("3" if secret.get("username") else "2c")
        if version not in ("1", "2c", "3"):
            raise BadInput(f"credential '{secret.name}': SNMP version must be 1, 2c or 3")
        protocols = (secret.get("auth_protocol"), AUTHENTICATION), (secret.get("priv_protocol"), PRIVACY)
        for name, known in protocols:
            if name and name.upper() not in known:
                raise BadInput(f"credential '{secret.name}': unknown SNMP protocol '{name}', one of {', '.join(known)}")
        keys = ("community", "username", "auth_protocol", "auth_key", "priv_protocol", "priv_key")
        return cls(address, port, version, **{key: secret.get(key) for key in keys})  # type: ignore[arg-type]  # all str

    def on_vlan(self, vlan: int) -> SnmpTarget:
        """The same agent's view of one VLAN, Cisco's way: `community@vlan`, or the context `vlan-N` of SNMPv3."""
        if self.version == "3":
            return replace(self, context=f"vlan-{vlan}")
        return replace(self, community=f"{self.community}@{vlan}")


@dataclass(frozen=True, slots=True)
class Walk:
    """The rows of a subtree in their order; `fault` says why it ended early."""

    varbinds: tuple[Varbind, ...]
    fault: str = ""


class SnmpClient(Protocol):
    """Asks agents; raises DeviceUnreachable for silence and DeviceRefused for an agent's refusal."""

    async def get(self, target: SnmpTarget, oids: Sequence[str]) -> tuple[Varbind, ...]:
        """Those of the instances that the agent has, in the order asked."""
        ...

    async def walk(self, target: SnmpTarget, root: str, limit: int, after: str = "") -> Walk:
        """The subtree under `root`, behind `after`, at most `limit` rows; a table that does not increase ends there."""
        ...

    async def columns(self, target: SnmpTarget, roots: Sequence[str], limit: int) -> tuple[Walk, ...]:
        """A walk of each root, in their order; short ones share requests."""
        ...


Permit = Callable[[SnmpTarget], None]


class Kind(Enum):
    """What a request asks for (RFC 3416); SNMPv1 has no GETBULK."""

    GET = 0
    NEXT = 1
    BULK = 2


@dataclass(frozen=True, slots=True)
class Ask:
    """One request about some OIDs; `repetitions` are the rows that a GETBULK wants of each."""

    kind: Kind
    oids: tuple[Arcs, ...]
    repetitions: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Error status and index (from 1), and the varbinds; a value is None where the agent has none."""

    status: int
    index: int
    varbinds: tuple[tuple[Arcs, SnmpValue | None], ...]


class Wire(Protocol):
    """Carries one request and its answer."""

    async def ask(self, target: SnmpTarget, request: Ask) -> Answer:
        """Raise DeviceUnreachable for silence, DeviceRefused for what is no answer."""
        ...

    def close(self) -> None:
        """Give sockets back."""
        ...
