"""The configuration: flag > environment > lanward.toml > default, validated and frozen.

Every error is one line with file, line and key. Nothing secret stands here: credentials are names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from agent.config_document import KEYS, Document, NotifyTable, SwitchTable
from agent.config_text import add_switch, default_document
from agent.credentials import CredentialSource
from agent.guard import Blackout
from agent.model.address import Scope
from agent.model.errors import BadInput
from agent.model.switch import Switch
from agent.toml_lines import lines

__all__ = ["FILE_NAME", "OVERRIDES", "Config", "add_switch", "default_document", "load", "parse"]

FILE_NAME = "lanward.toml"

OVERRIDES: Mapping[str, tuple[str, ...]] = {
    "db": ("database", "url"),
    "site": ("site",),
    "policy": ("policy",),
    "profile": ("discover", "profile"),
    "credentials": ("credentials", "file"),
}
"""What a flag `--NAME` and the variable `LANWARD_<NAME>` set, beside `config`, which names the file."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The operating-system groups that may ask for a change and approve one; `viewer` may look through the socket.

    No `viewer` is everybody on the machine.
    """

    requester: tuple[str, ...] = ()
    approver: tuple[str, ...] = ()
    viewer: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """How a run goes; `snmp` are the credentials to try, in order."""

    snmp: tuple[str, ...] = ()
    profile: str = "standard"
    default_login: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Cron lines (five fields), empty for "never", in a time zone."""

    discover: str = ""
    assess: str = ""
    verify: str = ""
    retention: str = "30 4 * * 0"
    timezone: str = "Asia/Taipei"


@dataclass(frozen=True, slots=True)
class Retention:
    """After how many days raw evidence is emptied, and repetitions of what was said are forgotten; 0: never."""

    raw_days: int = 90
    repeat_days: int = 180


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The daemon's own; `metrics` is `address:port`, empty for "nowhere"; people come by `socket`, if there is one."""

    metrics: str = ""
    socket: Path | None = None


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """One way to tell people; the URL's scheme says which (agent.notify). No `events` means all kinds."""

    name: str
    url: str
    credential: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    ca: Path | None = None

    def wants(self, kind: str) -> bool:
        """True where it is to tell of this kind."""
        return not self.events or kind in self.events


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """How changes run: `soak` in seconds after the canary, `revert_minutes` for the switch's own way back.

    `failure_budget` is how many switches may fail before the rest is left alone; an empty `windows` is "always".
    """

    soak: float
    revert_minutes: int
    failure_budget: int
    windows: tuple[Blackout, ...]
    undo_directory: Path
    exclusive: bool = False
    """Whether a port with one device of a reserved address gets the exclusive ACL form."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. Paths are absolute; `database` is a path, or a PostgreSQL URL; `file` is None where none was read.

    `protected` are device classes (`class:turret`), addresses, subnets and MACs that no change may touch.
    """

    file: Path | None
    site: str
    database: str
    policy: Path | None
    scope: Scope
    protected: tuple[str, ...]
    blackouts: tuple[Blackout, ...]
    rates: Mapping[str, float]
    credentials: CredentialSource
    discover: Discovery
    switches: tuple[Switch, ...]
    routers: tuple[Switch, ...]
    schedule: Schedule
    roles: Roles
    change: ChangePolicy
    retention: Retention = Retention()
    agent: AgentSettings = AgentSettings()
    notify: tuple[NotifySettings, ...] = ()
    fingerprints: Path | None = None
    """A directory of fingerprints in recog's format."""


def load(flags: Mapping[str, str | None], environment: Mapping[str, str], directory: Path) -> Config:
    """Read the configuration; raise BadInput with file, line and key.

    `flags` holds `config` and the names of OVERRIDES; None or empty is "not given". `directory` is the working
    directory, where `lanward.toml` is looked for, and to which paths in flags and the environment are relative.
    """
    named = flags.get("config") or environment.get("LANWARD_CONFIG")
    path = directory / (named or FILE_NAME)
    if not named and not path.is_file():
        return parse("", None, directory, _overrides(flags, environment, directory))
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", hint="lanward init writes one") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 at byte {error.start}") from None
    return parse(text, path, path.parent, _overrides(flags, environment, directory))


@dataclass(frozen=True, slots=True)
class Override:
    """A value from outside the file, where it came from, and the directory that it is relative to."""

    key: tuple[str, ...]
    value: str
    origin: str
    directory: Path


def parse(text: str, file: Path | None, directory: Path, overrides: tuple[Override, ...] = ()) -> Config:
    """A configuration from a document's text; pure."""
    shown = str(file) if file else FILE_NAME
    document = _toml(text, shown)
    origins: dict[tuple[str, ...], Override] = {}
    for override in overrides:
        _put(document, override)
        origins[override.key] = override
    try:
        checked = Document.model_validate(document)
    except ValidationError as error:
        raise _first(error, text, shown, origins) from None
    return _config(checked, file, directory, {key: override.directory for key, override in origins.items()})


def _overrides(
    flags: Mapping[str, str | None], environment: Mapping[str, str], directory: Path
) -> tuple[Override, ...]:
    found = []
    for name, key in OVERRIDES.items():
        variable = f"LANWARD_{name.upper()}"
        if flag := flags.get(name):
            found.append(Override(key, flag, f"--{name}", directory))
        elif value := environment.get(variable):
            found.append(Override(key, value, variable, directory))
    return tuple(found)


def _toml(text: str, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        line, column = _place(place, text)
        raise BadInput(f"{shown}:{line}:{column}: no TOML: {message[:1].lower()}{message[1:]}") from None


def _place(text: str, document: str) -> tuple[str, str]:
    """`line 3, column 5)` or `end of document)` as two numbers."""
    words = text.rstrip(")").replace(",", "").split()
    if len(words) == 4:
        return words[1], words[3]
    last = document.split("\n")
    return str(len(last)), str(len(last[-1]) + 1)


def _put(document: dict[str, Any], override: Override) -> None:
    table: Any = document
    for name in override.key[:-1]:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            return  # the file's own error, which validation reports
    table[override.key[-1]] = override.value


def _first(error: ValidationError, text: str, shown: str, origins: Mapping[tuple[str, ...], Override]) -> BadInput:
    """The first thing wrong, by its place in the file, and how many more there are."""
    places = lines(text)

    def line(path: tuple[str | int, ...]) -> int:
        return next((places[path[:n]] for n in range(len(path), 0, -1) if path[:n] in places), 1)

    problems = sorted(error.errors(include_url=False), key=lambda problem: line(problem["loc"]))
    path = problems[0]["loc"]
    override = next((origins[key] for n in range(len(path), 0, -1) if (key := _names(path[:n])) in origins), None)
    where = override.origin if override else f"{shown}:{line(path)}: {_dotted(path)}"
    message, hint = _words(problems[0], path)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return BadInput(f"{where}: {message}{more}", hint=hint)


def _names(path: tuple[str | int, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in path)


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


_SHAPES = {"missing": "is missing", "tuple_type": "must be an array", "model_type": "must be a table"}


def _words(problem: Any, path: tuple[str | int, ...]) -> tuple[str, str]:
    """A problem in our words, and what to do."""
    if problem["type"] == "extra_forbidden":
        known = KEYS.get(tuple(part for part in path[:-1] if isinstance(part, str)), ())
        near = get_close_matches(str(path[-1]), known, 1)
        return "unknown key", f"did you mean '{near[0]}'?" if near else f"known are {', '.join(sorted(known))}"
    if problem["type"] in _SHAPES:
        return _SHAPES[problem["type"]], ""
    if problem["type"] == "value_error":
        message, _, hint = str(problem["ctx"]["error"]).partition("; ")
        return message, hint
    given = problem["input"]
    said = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{given!r}: {said}" if isinstance(given, str | int | float | bool) else said, ""


def _config(document: Document, file: Path | None, base: Path, bases: Mapping[tuple[str, ...], Path]) -> Config:
    def path(key: tuple[str, ...], text: str) -> Path:
        return (bases.get(key, base) / Path(text).expanduser()).absolute()

    source = document.credentials
    url = document.database.url
    named = path(("database", "url"), url.removeprefix("sqlite:///")) if _is_file(url) else None
    return Config(
        file=file.absolute() if file else None,
        site=document.site,
        database=str(named) if named else url,
        policy=path(("policy",), document.policy) if document.policy else None,
        scope=Scope.parse(document.scope.subnets, document.scope.exclude),
        protected=document.scope.protected,
        blackouts=tuple(Blackout.parse(text) for text in document.scope.blackout),
        rates=MappingProxyType({"arp": document.rate.arp, "icmp": document.rate.icmp_or_default}),
        credentials=CredentialSource(
            path(("credentials", "file"), source.file) if source.file else None, source.command, source.environment
        ),
        discover=Discovery(**dict(document.discover)),
        switches=tuple(_switch(table) for table in document.switch),
        routers=tuple(Switch(r.name, r.host, "", "", snmp_credential=r.snmp_credential) for r in document.router),
        schedule=Schedule(**dict(document.schedule)),
        roles=Roles(**dict(document.roles)),
        change=ChangePolicy(
            soak=document.change.soak,
            revert_minutes=document.change.revert_minutes,
            failure_budget=document.change.failure_budget,
            windows=tuple(Blackout.parse(text) for text in document.change.window),
            undo_directory=path(("change", "undo_directory"), document.change.undo_directory),
            exclusive=document.change.exclusive,
        ),
        retention=Retention(**dict(document.retention)),
        agent=AgentSettings(
            document.agent.metrics, path(("agent", "socket"), document.agent.socket) if document.agent.socket else None
        ),
        notify=tuple(_notify(table, base) for table in document.notify),
        fingerprints=path(("identify", "fingerprints"), found) if (found := document.identify.fingerprints) else None,
    )


def _is_file(url: str) -> bool:
    return "://" not in url or url.startswith("sqlite:///")


def _notify(table: NotifyTable, base: Path) -> NotifySettings:
    ca = (base / Path(table.ca).expanduser()).absolute() if table.ca else None
    return NotifySettings(**{**dict(table), "ca": ca})


def _switch(table: SwitchTable) -> Switch:
    return Switch(**dict(table))
