"""`init` and `doctor`: the beginnings, and whether all is well."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context, wiring
from agent.model.errors import BadInput, DeviceFault, EnvironmentFault, LanwardError


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.command()(init)
    app.command()(doctor)


def init(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to write the configuration.")] = Path("lanward.toml"),
) -> None:
    """Write a commented lanward.toml; an existing file is never overwritten."""
    from agent.config import default_document

    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(default_document())
    except FileExistsError:
        raise BadInput(f"{file} is there already", hint="edit it, or name another file") from None
    except OSError as error:
        raise EnvironmentFault(f"{file} cannot be written: {error.strerror}") from None
    output.lines([f"wrote {file}; set the scope in it, then: lanward doctor"])


def doctor(ctx: typer.Context, as_json: Json = False) -> int:
    """Say what this machine and this configuration can do, and what is missing."""
    told: dict[str, str] = {}
    checks = [_check(name, check, ctx, told) for name, check in CHECKS.items()]
    if as_json:
        output.document([{"check": name, "ok": ok, "detail": detail} for name, ok, detail in checks])
    else:
        output.table(
            ("check", "", "detail"), [(name, "ok" if ok else "missing", detail) for name, ok, detail in checks]
        )
    return 0 if all(ok for _, ok, _ in checks) else 6


def _check(
    name: str, check: Callable[[typer.Context], str], ctx: typer.Context, told: dict[str, str]
) -> tuple[str, bool, str]:
    """One row; a fault that an earlier check has told (`told`: text to check) is not told again."""
    try:
        return (name, True, check(ctx))
    except LanwardError as error:
        first = told.setdefault(str(error), name)
        return (name, False, str(error) if first == name else f"not looked at: see {first}")


def _configuration(ctx: typer.Context) -> str:
    config = wiring(ctx).config()
    if config.file is None:
        raise BadInput("there is no lanward.toml", hint="run lanward init")
    if not config.scope.subnets:
        raise BadInput("no scope", hint="set subnets under [scope]")
    return f"{config.file}, scope {', '.join(map(str, config.scope.subnets))}"


def _policy(ctx: typer.Context) -> str:
    policy = wiring(ctx).policy()
    return f"edition {policy.edition}, {len(policy.clauses)} clauses"


def _database(ctx: typer.Context) -> str:
    database = wiring(ctx).config().database
    if "://" not in database and not Path(database).exists():
        return f"{database} will be made by the first discover"
    devices = context(ctx).store().devices(wiring(ctx).config().site, evidence=False)
    return f"{database}, {len(devices)} devices"


def _nmap(ctx: typer.Context) -> str:
    found = shutil.which("nmap")
    if not found:
        raise EnvironmentFault("nmap is not installed", hint="apt-get install nmap")
    return found


def _raw_sockets(ctx: typer.Context) -> str:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), 16)
    if not effective >> 13 & 1:
        raise EnvironmentFault("no CAP_NET_RAW: ARP and nmap's SYN scan need it", hint="run as root or by systemd")
    return "CAP_NET_RAW" + (" (root)" if os.geteuid() == 0 else "")


def _credentials(ctx: typer.Context) -> str:
    config = wiring(ctx).config()
    credentials = context(ctx).credentials
    wanted = {s.credential for s in config.switches} | {s.snmp_credential for s in config.switches + config.routers}
    for name in sorted((wanted | set(config.discover.snmp)) - {""}):
        credentials.get(name)
    return f"{len(wanted - {''})} named by switches and routers, all there"


def _switches(ctx: typer.Context) -> str:
    from agent.operations.qualify import check_reach

    made, reached, faults = context(ctx), [], []
    for one in (s.name for s in made.config.switches if s.platform):
        try:
            reached.append(check_reach(made, one).hostname or one)
        except LanwardError as error:
            faults.append(error)
    if faults:
        raise faults[0] if len(faults) == 1 else DeviceFault("; ".join(map(str, faults)))
    return ", ".join(reached) or "none configured"


def _reports(ctx: typer.Context) -> str:
    """The formats that an export makes here; what is not installed is no fault, what is and lacks its font is one."""
    from agent.report import FORMATS, REPORTS, installed, require

    require(installed())
    made = ", ".join(installed())
    return made if len(installed()) == len(FORMATS) else f"{made}; for the others: {REPORTS}"


def _fingerprints(ctx: typer.Context) -> str:
    made = wiring(ctx)
    directory = made.config().fingerprints
    return f"{directory}: {made.definitions().fingerprints.summary()}" if directory else "none configured"


def _socket(ctx: typer.Context) -> str:
    """Whether people reach the agent, and as whom this one would be served."""
    from agent.operations import roles

    made = context(ctx)
    you, path = f"you are {made.actor}, {roles.title(made)}", made.config.agent.socket
    if path is None:
        return f"none configured: people need rights on the database; {you}"
    if not path.is_socket():
        raise EnvironmentFault(f"{path}: no agent listens; {you}", hint="systemctl start lanward-agent")
    return f"{path}; {you}"


CHECKS = {
    "python": lambda ctx: sys.version.split()[0],
    "configuration": _configuration,
    "policy": _policy,
    "credentials": _credentials,
    "fingerprints": _fingerprints,
    "reports": _reports,
    "database": _database,
    "agent's socket": _socket,
    "nmap": _nmap,
    "raw sockets": _raw_sockets,
    "switches": _switches,
}
