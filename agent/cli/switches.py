"""`switch`: the switches that lanward may read, and those on which it may change ports."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli import output
from agent.cli.session import Json, context, wiring, working
from agent.model.errors import BadInput, EnvironmentFault
from agent.model.switch import Qualification, Switch

Name = Annotated[str, typer.Argument(help="Its name in the configuration.")]

switch = typer.Typer(help="Switches: add, test, qualify, list.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    app.add_typer(switch, name="switch")


@switch.command("add")
def add(
    ctx: typer.Context,
    name: Name,
    host: Annotated[str, typer.Option(help="Management address.")],
    platform: Annotated[str, typer.Option(help="Switch family, e.g. cisco_ios or linux.")],
    credential: Annotated[str, typer.Option(help="Name of a credential, never a password.")],
    host_key: Annotated[str, typer.Option(help="SHA256:... as read on the switch's own console.")],
    snmp_credential: Annotated[str, typer.Option(help="Name of a credential for reading its tables.")] = "",
    spare_port: Annotated[str, typer.Option(help="A port with nothing on it, for qualify.")] = "",
) -> None:
    """Add a switch to lanward.toml; nothing is sent to it yet."""
    from agent.config import add_switch, parse
    from agent.operations import roles

    roles.require_hand(context(ctx), "add a switch")
    made = wiring(ctx)
    file = made.config().file
    if file is None:
        raise BadInput("there is no lanward.toml to add it to", hint="lanward init writes one")
    made.platform(platform)
    new = Switch(name, host, platform, credential, host_key, snmp_credential=snmp_credential, spare_port=spare_port)
    text = add_switch(file.read_text(encoding="utf-8"), new)
    parse(text, file, file.parent)  # a file that cannot be read would stop every command, the fire exit too
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{file} cannot be written: {error.strerror}") from None
    output.lines([f"{name} is in {file}; next: lanward switch test {name}"])


@switch.command("test")
def test(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Open a session, read what the switch is, change nothing."""
    from agent.operations.qualify import check_reach

    facts = check_reach(context(ctx), name)
    if as_json:
        output.document({"switch": name, "model": facts.model, "release": facts.release, "serial": facts.serial})
    else:
        output.lines([f"{name}: {facts.hostname} {facts.model} {facts.release} {facts.serial}".rstrip()])


@switch.command("qualify")
def qualify(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Names in the configuration; all at once.")],
    port: Annotated[
        str, typer.Option(help="A spare port, of a single switch; those of the configuration without.")
    ] = "",
    fill: Annotated[
        bool,
        typer.Option("--fill", help="Fill the ACL table too. All ports share it: only on a switch not in service."),
    ] = False,
    as_json: Json = False,
) -> int:
    """See on a spare port that arming, timeout, revert and read-back work; holds for the model and release.

    No change is applied meanwhile. With several names, --json is a list.
    """
    from agent.workflows.requests import qualify as run

    if port and len(names) > 1:
        raise BadInput("--port is of one switch", hint="without it each one's spare_port is taken")
    with working(ctx, "qualify", create=True) as made:
        found = run(made, names, port, fill=fill)
    if as_json:
        documents = [_document(known) for known in found]
        output.document(documents if len(names) > 1 else documents[0])
    else:
        for known in found:
            _print(known)
    return 0 if all(known.passed for known in found) else 3


def _document(known: Qualification) -> dict[str, object]:
    return {
        "switch": known.switch,
        "platform": known.platform,
        "model": known.model,
        "release": known.release,
        "passed": known.passed,
        "results": [{"check": check, "detail": detail} for check, detail in known.results],
    }


def _print(known: Qualification) -> None:
    output.table(("check", "what was seen"), known.results)
    verdict = "is qualified" if known.passed else "is NOT qualified"
    output.lines([f"{known.switch}: {known.platform} {known.model} {known.release} {verdict}"])


@switch.command("list")
def listing(ctx: typer.Context, as_json: Json = False) -> None:
    """The configured switches."""
    config = wiring(ctx).config()
    rows = [
        {"name": s.name, "host": s.host, "platform": s.platform or "read only", "wave": s.wave, "host_key": s.host_key}
        for s in (*config.switches, *config.routers)
    ]
    if as_json:
        output.document(rows)
    else:
        output.table(("name", "host", "platform", "wave", "host key"), [tuple(row.values()) for row in rows])
