"""Named credentials: from the environment, a 0600 file, or a command; values live in `Secret` alone."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from agent.model.errors import BadInput, EnvironmentFault, Refused, UnknownName
from agent.ports import Secret

KEYS = (
    "version",
    "username",
    "password",
    "enable",
    "community",
    "auth_protocol",
    "auth_key",
    "priv_protocol",
    "priv_key",
    "context",
    "key_file",
    "passphrase",
)
"""All that a credential may hold. `version` is SNMP's (1, 2c, 3), `key_file` a path to an SSH key; the protocols are
SHA, AES and the like."""

PREFIX = "LANWARD_CREDENTIAL"
COMMAND_SECONDS = 30
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """Where values come from; an earlier one wins: environment, file, command.

    Variables are `<environment>_<NAME>_<KEY>`. In `command`, `{name}` stands for the credential's name; it writes one
    JSON object of texts to stdout.
    """

    file: Path | None = None
    command: tuple[str, ...] = ()
    environment: str = PREFIX


class WithheldCredentials:
    """The agent's, for somebody who may only look: what needs a credential is not his."""

    def __init__(self, actor: str) -> None:
        self._actor = actor

    def get(self, name: str) -> Secret:
        """Raise Refused."""
        raise Refused(f"{self._actor} may not use the agent's credential '{name}'", hint="members of a role may")

    def names(self) -> tuple[str, ...]:
        """None that he may know."""
        return ()


class NamedCredentials:
    """Resolves names (agent.ports.Credentials); the file is read once, when first needed."""

    def __init__(self, source: CredentialSource, environment: Mapping[str, str]) -> None:
        self._source = source
        self._environment = environment

    def get(self, name: str) -> Secret:
        """Raise UnknownName where there is none, EnvironmentFault where a source fails or others can read the file."""
        if not _NAME.fullmatch(name):
            raise BadInput(f"'{name}' is no name of a credential", hint="use letters, digits, '.', '_' and '-'")
        values = self._from_environment.get(_folded(name)) or self._from_file.get(name)
        if values is None and self._source.command:
            values = _ask(self._source.command, name)
        if values is None:
            raise UnknownName(f"there is no credential '{name}'", hint=self._advice(name))
        return Secret(name, values)

    def names(self) -> tuple[str, ...]:
        """All names of the file and, in lower case, of the environment, sorted; a command's cannot be listed."""
        named = {_folded(name) for name in self._from_file}
        return tuple(sorted({*self._from_file, *(name for name in self._from_environment if name not in named)}))

    def __repr__(self) -> str:
        return f"NamedCredentials({self._source!r})"

    @cached_property
    def _from_file(self) -> Mapping[str, Mapping[str, str]]:
        return _read_file(self._source.file) if self._source.file else {}

    @cached_property
    def _from_environment(self) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for variable, value in self._environment.items():
            if named := _variable(self._source.environment, variable):
                found.setdefault(named[0], {})[named[1]] = value
        return found

    def _advice(self, name: str) -> str:
        near = get_close_matches(name, self.names(), 1)
        if near:
            return f"did you mean '{near[0]}'?"
        if self._source.file:
            return f"add [{name}] to {self._source.file}"
        return f"set {self._source.environment}_{_folded(name).upper()}_PASSWORD or name a file in [credentials]"


def _folded(name: str) -> str:
    """A name as an environment variable can spell it."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def _variable(prefix: str, variable: str) -> tuple[str, str] | None:
    """The name and key that a variable is about; the keys are a fixed list, so the split is never in doubt."""
    if not variable.startswith(f"{prefix}_"):
        return None
    rest = variable[len(prefix) + 1 :].lower()
    key = next((key for key in KEYS if rest.endswith(f"_{key}")), "")
    return (rest[: -len(key) - 1], key) if key else None


def _read_file(path: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        document = tomllib.loads(_private_text(path))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path}: no TOML: {_place(error)}") from None  # its own text may quote a secret
    except UnicodeDecodeError:
        raise BadInput(f"{path}: not UTF-8") from None
    return {name: _checked(f"{path}: [{name}]", values) for name, values in document.items()}


def _place(error: tomllib.TOMLDecodeError) -> str:
    found = re.search(r"\(at (.*)\)$", str(error))
    return f"error at {found[1]}" if found else "error"


def _private_text(path: Path) -> str:
    """The file's text; raise EnvironmentFault unless it is the user's own and nobody else's to read."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise EnvironmentFault(f"{path}: no plain file")
            handed_over = _is_from_systemd(path) and status.st_uid == 0
            if status.st_uid not in _owners() and not handed_over:
                raise EnvironmentFault(f"{path}: belongs to another user (uid {status.st_uid})", hint=f"chown {path}")
            if status.st_mode & (0o007 if handed_over else 0o077):
                mode = stat.S_IMODE(status.st_mode)
                raise EnvironmentFault(f"{path}: others can read it (mode {mode:04o})", hint=f"chmod 600 {path}")
            return file.read().decode("utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot read the credentials: {error.strerror}") from None


def _is_from_systemd(path: Path) -> bool:
    """True for LoadCredential= (systemd.exec(5)): root's file, opened to this service alone by an ACL.

    Such an ACL shows as rights of the group.
    """
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(directory) and path.parent == Path(str(directory))


def _owners() -> set[int]:
    """This user; for root under sudo, also the one who called it."""
    caller = os.environ.get("SUDO_UID", "")
    return {os.geteuid()} | ({int(caller)} if os.geteuid() == 0 and caller.isdigit() else set())


def _checked(where: str, values: object) -> Mapping[str, str]:
    """Texts under known keys; no message ever quotes a value."""
    if not isinstance(values, dict) or not values:
        raise BadInput(f"{where}: a credential is a table of keys and texts")
    for key, value in values.items():
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, 1)
            raise BadInput(f"{where}: unknown key '{key}'", hint=f"did you mean '{near[0]}'?" if near else "")
        if not isinstance(value, str) or not value:
            raise BadInput(f"{where}: '{key}' must be a text that is not empty")
    return values


def _ask(command: tuple[str, ...], name: str) -> Mapping[str, str]:
    words = [word.replace("{name}", name) for word in command]
    try:
        answer = subprocess.run(words, capture_output=True, timeout=COMMAND_SECONDS, check=False)
    except OSError as error:
        raise EnvironmentFault(f"credential '{name}': cannot run {words[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise EnvironmentFault(f"credential '{name}': {words[0]} took over {COMMAND_SECONDS} s") from None
    if answer.returncode:
        raise EnvironmentFault(f"credential '{name}': {words[0]} ended with exit code {answer.returncode}")
    try:
        values = json.loads(answer.stdout)
    except ValueError:
        raise EnvironmentFault(f"credential '{name}': {words[0]} wrote no JSON object") from None
    return _checked(f"credential '{name}' from {words[0]}", values)
