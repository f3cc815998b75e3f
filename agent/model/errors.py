"""Errors by owner: the user's input, the device, safety, the environment, or us.

Each carries facts as attributes and prints as one line: what, where, what to do.
`agent.diagnostics` alone turns an error into an exit code (DESIGN section 6).
"""

from __future__ import annotations


class LanwardError(Exception):
    """Base of every error that lanward raises on purpose."""

    exit_code = 70

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[LanwardError], facts: dict[str, object]) -> LanwardError:
    error = kind.__new__(kind)
    error.__dict__.update(facts)
    Exception.__init__(error, facts.get("message", ""))
    return error


class BadInput(LanwardError):
    """The user's words, files or options are wrong."""

    exit_code = 2


class BadMac(BadInput):
    """Text that is not an IEEE 802 48-bit address."""


class BadAddress(BadInput):
    """Text that is not an IP address or a subnet."""


class UnknownName(BadInput):
    """A switch, change, device or credential that does not exist."""


class DeviceFault(LanwardError):
    """A device did not answer, or answered with a refusal."""

    exit_code = 3


class DeviceUnreachable(DeviceFault):
    """No connection to a device."""

    def __init__(self, device: str, detail: str, *, hint: str = "") -> None:
        super().__init__(f"{device}: {detail}", hint=hint)
        self.device = device
        self.detail = detail


class DeviceRefused(DeviceFault):
    """A device answered a command with an error, or without the expected answer."""

    def __init__(self, device: str, command: str, output: str, *, hint: str = "") -> None:
        super().__init__(f"{device}: refused '{command}': {output}", hint=hint)
        self.device = device
        self.command = command
        self.output = output


class Refused(LanwardError):
    """lanward itself refuses, for safety; nothing was changed."""

    exit_code = 4


class OutOfScope(Refused):
    """A packet towards an address outside the scope."""


class StaleState(Refused):
    """The switch is no longer what the plan was made from."""


class WrongDigest(Refused):
    """An approval names another plan than the one there is."""


class PartlyApplied(LanwardError):
    """Some switches carry the change and others do not."""

    exit_code = 5


class EnvironmentFault(LanwardError):
    """This machine lacks something: a tool, a permission, a readable database."""

    exit_code = 6


class NewerSchema(EnvironmentFault):
    """The database was written by a newer lanward."""


class Interrupted(LanwardError):
    """The user pressed Ctrl-C; what was found is kept."""

    exit_code = 130
