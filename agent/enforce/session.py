"""Management sessions with switches over SSH: the only importer of Netmiko.

A host key is pinned to the fingerprint that the configuration names; nothing is trusted on sight. Each answer is read
for the family's error pattern, since silence and an echo are no success.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.exceptions import (
    ConfigInvalidException,
    NetmikoAuthenticationException,
    NetmikoBaseException,
    ReadTimeout,
)
from netmiko.ssh_dispatcher import CLASS_MAPPER

from agent.model.errors import DeviceRefused, DeviceUnreachable, Refused
from agent.model.switch import Switch
from agent.platforms.protocol import Platform
from agent.ports import Credentials, Secret, Session
from agent.redact import redact

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # else its tracebacks go to stderr beside our one line

CONNECT_SECONDS = 15
READ_SECONDS = 60

ERROR_LINES = 4
"""A refusal stands at the head of an answer; further down a banner or a log line may begin like one."""


def fingerprint(key: paramiko.PKey) -> str:
    """`SHA256:...` as `ssh-keygen -l` prints it (RFC 4648 base64 without padding)."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@dataclass(slots=True)
class PinnedKey(paramiko.MissingHostKeyPolicy):
    """Accepts one host key, known beforehand, and remembers the other one that it was shown."""

    expected: str
    shown: str = ""

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        """Raise SSHException unless the key has the expected fingerprint."""
        self.shown = fingerprint(key)
        if self.shown != self.expected:
            raise paramiko.SSHException(f"host key {self.shown} is not {self.expected}")

    @property
    def mismatch(self) -> bool:
        """True where the switch showed another key than the one on record."""
        return bool(self.shown) and self.shown != self.expected


def _pinned(driver: str, pin: PinnedKey) -> type[BaseConnection]:
    """Netmiko's driver class with its host key policy replaced by the pin."""
    parent: Any = CLASS_MAPPER[driver]

    class Pinned(parent):  # type: ignore[misc]  # Netmiko chooses the base at run time
        def _build_ssh_client(self) -> paramiko.SSHClient:
            client: paramiko.SSHClient = super()._build_ssh_client()
            client.set_missing_host_key_policy(pin)
            return client

    return Pinned


@dataclass(frozen=True, slots=True)
class SwitchSession:
    """One open session; every answer is redacted before anybody sees it."""

    switch: str
    failures: str
    connection: BaseConnection = field(repr=False)
    clean: Callable[[str], str] = field(repr=False)

    def show(self, command: str) -> str:
        """Run one command outside configure mode; raise DeviceRefused where the switch answers with an error."""
        with self._faults(command):
            sent = self.connection.send_command(command, read_timeout=READ_SECONDS, expect_string=self._prompt)
            answer = self.clean(str(sent))
        head = "\n".join([line for line in answer.splitlines() if line.strip()][:ERROR_LINES])
        failure = re.search(self.failures, head, re.M)
        if failure:
            raise DeviceRefused(self.switch, command, _one_line(head[failure.start() :]))
        return answer

    @property
    def _prompt(self) -> str:
        """The prompt as the last thing that came: a name alone would end the reading at `hostname acc1`."""
        return rf"(?:^|[\r\n]){re.escape(self.connection.base_prompt.strip())}[^\r\n]*[#>$]\s*$"

    def configure(self, commands: Sequence[str], enter: str = "") -> str:
        """Enter lines in configure mode and leave it; raise DeviceRefused at the first line refused."""
        with self._faults(enter or "configure terminal"):
            opened = self.connection.config_mode(*((enter,) if enter else ()))
            try:
                entered = self.connection.send_config_set(
                    list(commands),
                    error_pattern=self.failures,
                    read_timeout=READ_SECONDS,
                    enter_config_mode=False,
                    exit_config_mode=False,
                )
            finally:
                left = self.connection.exit_config_mode()
        return self.clean(f"{opened}{entered}{left}")

    @contextmanager
    def _faults(self, command: str) -> Iterator[None]:
        try:
            yield
        except ConfigInvalidException as error:
            raise DeviceRefused(self.switch, command, _one_line(self.clean(str(error)))) from None
        except (ReadTimeout, ValueError) as error:
            raise DeviceRefused(self.switch, command, f"no expected prompt after it: {_one_line(str(error))}") from None
        except (OSError, EOFError, NetmikoBaseException, paramiko.SSHException) as error:
            raise DeviceUnreachable(self.switch, f"session lost at '{command}': {_one_line(str(error))}") from None


@dataclass(frozen=True, slots=True)
class NetmikoEnforcer:
    """Opens sessions with the switches of the configuration."""

    platforms: Callable[[str], Platform]
    credentials: Credentials

    @contextmanager
    def open(self, switch: Switch) -> Iterator[Session]:
        """A privileged session; raise DeviceUnreachable, or Refused where the host key is not the one on record."""
        connection, platform = self._connect(switch), self.platforms(switch.platform)
        secret = self.credentials.get(switch.credential)
        try:
            yield SwitchSession(
                switch.name, platform.failures, connection, lambda text: redact(text, (secret,), _key(secret))
            )
        finally:
            _hang_up(connection)

    def _connect(self, switch: Switch) -> BaseConnection:
        if not switch.host_key:
            raise Refused(
                f"{switch.name}: no host key on record",
                hint="read its fingerprint on the console and set host_key = 'SHA256:...' for it in lanward.toml",
            )
        secret = self.credentials.get(switch.credential)
        pin = PinnedKey(switch.host_key)
        driver = _pinned(self.platforms(switch.platform).driver, pin)
        try:
            connection = driver(
                host=switch.host,
                port=switch.port,
                device_type=self.platforms(switch.platform).driver,
                username=secret.get("username"),
                password=secret.get("password"),
                secret=secret.get("enable"),
                conn_timeout=CONNECT_SECONDS,
                banner_timeout=CONNECT_SECONDS,
                auth_timeout=CONNECT_SECONDS,
                fast_cli=False,
            )
            if secret.get("enable"):
                connection.enable()
        except (NetmikoBaseException, paramiko.SSHException, OSError, EOFError, ValueError) as error:
            raise _why(switch, pin, error) from None
        return connection


def _key(secret: Secret) -> bytes:
    """What redaction is keyed with: nobody without the credential can try values against a mask."""
    return hashlib.sha256(repr(sorted(secret.values.items())).encode()).digest()


def _hang_up(connection: BaseConnection) -> None:
    """Leave and close; Netmiko's own farewell waits ten seconds for a prompt that never comes on some families."""
    with suppress(OSError, EOFError, NetmikoBaseException, paramiko.SSHException):  # gone already is as good
        connection.write_channel("exit" + connection.RETURN)
    connection.paramiko_cleanup()


def _why(switch: Switch, pin: PinnedKey, error: Exception) -> Exception:
    """Say what really happened: Netmiko reports most faults of a connection as a timeout."""
    text = _one_line(str(error))
    if pin.mismatch:
        return Refused(
            f"{switch.name}: its host key is {pin.shown}, not {pin.expected}",
            hint="someone else may be answering; compare with the switch's console before changing host_key",
        )
    if isinstance(error, NetmikoAuthenticationException):
        return DeviceUnreachable(switch.name, f"credential '{switch.credential}' was refused")
    if "no acceptable" in text.lower() or "incompatible" in text.lower():
        return DeviceUnreachable(
            switch.name, f"no common SSH algorithm: {text}", hint="the switch offers only obsolete ones; upgrade it"
        )
    if "banner" in text.lower() or "closed" in text.lower() or "reset" in text.lower():
        return DeviceUnreachable(switch.name, f"{switch.host} closed the session: {text}", hint="no free VTY?")
    return DeviceUnreachable(switch.name, f"no session with {switch.host}:{switch.port}: {text}")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
