"""What may stand in `lanward.toml`: tables, keys, types and bounds. Errors here become lines in agent.config."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from agent.credentials import PREFIX
from agent.guard import ROUTED_RETRIES, Blackout
from agent.model.address import Mac, parse_ip, parse_network
from agent.model.device import DeviceClass
from agent.model.errors import BadInput

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_CRON_FIELD = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*")


def _parses(parse: Callable[[str], object]) -> AfterValidator:
    """A text that this function accepts; it stays a text."""

    def check(text: str) -> str:
        try:
            parse(text)
        except BadInput as error:
            raise ValueError(str(error)) from None
        return text

    return AfterValidator(check)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"'{text}' is no name; use letters, digits, '.', '_' and '-'")
    return text


def _optional_name(text: str) -> str:
    return _name(text) if text else text


def _protected(text: str) -> None:
    kind, _, name = text.partition(":")
    if kind == "class":
        if name not in tuple(DeviceClass):
            raise BadInput(f"'{name}' is no device class", hint=f"known are {', '.join(DeviceClass)}")
        return
    if len(text.split(":")) == 6 or "-" in text:
        Mac.parse(text)
        return
    parse_network(text)


def _host_key(text: str) -> str:
    if text and not _HOST_KEY.fullmatch(text):
        raise ValueError(f"'{text}' is no fingerprint; write what ssh-keygen -l prints: SHA256:...")
    return text


def _cron(text: str) -> str:
    fields = text.split()
    if text and (len(fields) != 5 or not all(_CRON_FIELD.fullmatch(field) for field in fields)):
        raise ValueError(f"'{text}' is no cron line; write five fields: minute hour day month weekday")
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"'{text}' is no time zone; write it as Asia/Taipei") from None
    return text


def _database(text: str) -> str:
    if not text:
        raise ValueError("is empty; give a path or postgresql://host/name")
    if "://" not in text:
        return text
    parts = urlsplit(text)
    if parts.scheme.partition("+")[0] not in ("sqlite", "postgresql"):
        raise ValueError(f"'{parts.scheme}' is no database that lanward knows; use SQLite or PostgreSQL")
    if parts.password or "password=" in parts.query:
        raise ValueError("a password stands in the URL; put it in ~/.pgpass")
    return text


def _listens(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"'{text}' is no address to listen on; write it as 127.0.0.1:9464")
    return text


_NOTIFY_SCHEMES = ("unix", "udp", "tcp", "tls", "https", "http", "smtp", "smtps")
_HERE = ("localhost", "127.0.0.1", "::1")


def _notify_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"'{text}' is no URL; write it as tls://siem.example:6514") from None
    if parts.scheme not in _NOTIFY_SCHEMES:
        raise ValueError(f"'{parts.scheme}' is no way to tell people; choose {', '.join(_NOTIFY_SCHEMES)}")
    if parts.password or parts.username:
        raise ValueError('a user stands in the URL; name a credential instead: credential = "..."')
    if parts.scheme == "http" and host not in _HERE:
        raise ValueError("http:// leaves the machine in clear; use https://")
    if not (parts.path if parts.scheme == "unix" else host):
        raise ValueError(f"'{text}' names no host; write it as tls://siem.example:6514 or unix:///dev/log")
    return text


def _unique(tables: tuple[T, ...]) -> tuple[T, ...]:
    names = [str(getattr(table, "name", "")) for table in tables]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"'{twice}' is there twice")
    return tables


Name = Annotated[str, AfterValidator(_name)]
OptionalName = Annotated[str, AfterValidator(_optional_name)]
Network = Annotated[str, _parses(parse_network)]
Host = Annotated[str, _parses(parse_ip)]
WeeklyTime = Annotated[str, _parses(Blackout.parse)]
RATE_LIMIT = 2_000_000
"""A gigabit a second of the least frames that there are, nearly."""

Rate = Annotated[float, Field(gt=0, le=RATE_LIMIT, allow_inf_nan=False)]
ROUTED_ARP = 10_000.0
"""ARP requests a second that all routers together may be made to send where nobody says more."""


class _Table(BaseModel):
    """No conversion, no unknown key; TOML's arrays become tuples."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _tuples(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class DatabaseTable(_Table):
    """`[database]`."""

    url: Annotated[str, AfterValidator(_database)] = "inventory.db"


class ScopeTable(_Table):
    """`[scope]`: nothing is ever sent to an address outside `subnets`, or inside `exclude`."""

    subnets: tuple[Network, ...] = ()
    exclude: tuple[Network, ...] = ()
    protected: tuple[Annotated[str, _parses(_protected)], ...] = ()
    blackout: tuple[WeeklyTime, ...] = ()


class RateTable(_Table):
    """`[rate]`, packets a second."""

    arp: Rate = 10.0
    icmp: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = None

    @property
    def icmp_or_default(self) -> float:
        """A third of `arp`: a router may send three ARP requests for each packet to an address where nobody is.

        However fast the agent's own port may be asked, routers are not trusted ports.
        """
        return self.icmp if self.icmp is not None else min(self.arp, ROUTED_ARP) / ROUTED_RETRIES


class CredentialsTable(_Table):
    """`[credentials]`: where named values come from; never the values."""

    file: str = ""
    command: tuple[str, ...] = ()
    environment: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")] = PREFIX

    @field_validator("command")
    @classmethod
    def _names_one(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if command and not any("{name}" in word for word in command[1:]):
            raise ValueError('no argument holds {name}; write it as ["pass", "show", "lanward/{name}"]')
        return command


class DiscoverTable(_Table):
    """`[discover]`."""

    snmp: tuple[Name, ...] = ()
    profile: Literal["gentle", "standard", "deep"] = "standard"
    default_login: bool = False


class IdentifyTable(_Table):
    """`[identify]`; `fingerprints` is a directory in recog's format."""

    fingerprints: str = ""


class SwitchTable(_Table):
    """`[[switch]]`: agent.model.switch.Switch. Hosts are addresses: no DNS name may lead out of the scope."""

    name: Name
    host: Host
    platform: Name
    credential: Name
    host_key: Annotated[str, AfterValidator(_host_key)] = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    snmp_credential: OptionalName = ""
    wave: Annotated[int, Field(ge=0)] = 1
    revert: Annotated[int, Field(ge=0, le=7200)] = 0
    spare_port: str = ""


class RouterTable(_Table):
    """`[[router]]`: read over SNMP alone."""

    name: Name
    host: Host
    snmp_credential: OptionalName = ""


class ScheduleTable(_Table):
    """`[schedule]`."""

    discover: Annotated[str, AfterValidator(_cron)] = ""
    assess: Annotated[str, AfterValidator(_cron)] = ""
    verify: Annotated[str, AfterValidator(_cron)] = ""
    retention: Annotated[str, AfterValidator(_cron)] = "30 4 * * 0"
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Taipei"


class RolesTable(_Table):
    """`[roles]`, operating-system groups."""

    requester: tuple[Name, ...] = ()
    approver: tuple[Name, ...] = ()
    viewer: tuple[Name, ...] = ()


class RetentionTable(_Table):
    """`[retention]`, days; 0 keeps for ever."""

    raw_days: Annotated[int, Field(ge=0, le=36_500)] = 90
    repeat_days: Annotated[int, Field(ge=0, le=36_500)] = 180


class AgentTable(_Table):
    """`[agent]`."""

    metrics: Annotated[str, AfterValidator(_listens)] = ""
    socket: str = ""


class NotifyTable(_Table):
    """`[[notify]]`: agent.config.NotifySettings."""

    name: Name
    url: Annotated[str, AfterValidator(_notify_url)]
    credential: OptionalName = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    events: tuple[Literal["new_device", "drift", "exception", "failed_run"], ...] = ()
    ca: str = ""

    @model_validator(mode="after")
    def _complete(self) -> NotifyTable:
        if self.url.startswith("smtp") and not (self.sender and self.to):
            raise ValueError('a mail needs sender = "..." and to = ["..."]')
        return self


class ChangeTable(_Table):
    """`[change]`; IOS takes revert timers of 1 to 120 minutes."""

    soak: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 300.0
    revert_minutes: Annotated[int, Field(ge=1, le=120)] = 10
    failure_budget: Annotated[int, Field(ge=0)] = 0
    window: tuple[WeeklyTime, ...] = ()
    undo_directory: str = "undo"
    exclusive: bool = False


class Document(_Table):
    """The whole file."""

    site: Name = "default"
    policy: str = ""
    database: DatabaseTable = DatabaseTable()
    scope: ScopeTable = ScopeTable()
    rate: RateTable = RateTable()
    credentials: CredentialsTable = CredentialsTable()
    discover: DiscoverTable = DiscoverTable()
    identify: IdentifyTable = IdentifyTable()
    switch: Annotated[tuple[SwitchTable, ...], AfterValidator(_unique)] = ()
    router: Annotated[tuple[RouterTable, ...], AfterValidator(_unique)] = ()
    schedule: ScheduleTable = ScheduleTable()
    roles: RolesTable = RolesTable()
    change: ChangeTable = ChangeTable()
    retention: RetentionTable = RetentionTable()
    agent: AgentTable = AgentTable()
    notify: Annotated[tuple[NotifyTable, ...], AfterValidator(_unique)] = ()


_TABLES: Mapping[str, type[_Table]] = {
    "database": DatabaseTable,
    "scope": ScopeTable,
    "rate": RateTable,
    "credentials": CredentialsTable,
    "discover": DiscoverTable,
    "identify": IdentifyTable,
    "switch": SwitchTable,
    "router": RouterTable,
    "schedule": ScheduleTable,
    "roles": RolesTable,
    "change": ChangeTable,
    "retention": RetentionTable,
    "agent": AgentTable,
    "notify": NotifyTable,
}

KEYS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    (): tuple(Document.model_fields),
    **{(name,): tuple(table.model_fields) for name, table in _TABLES.items()},
}
"""The known keys of each table, by its path."""
