"""`identify`: what a device is that the user names, without a database."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import output
from agent.cli.session import context, wiring
from agent.diagnostics import say
from agent.model.errors import BadInput, DeviceUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.model.device import Identification
    from agent.model.observation import Observations
    from agent.operations.context import Context
    from agent.ports import Asker

PROTOCOL = "snmp"


def register(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command()(identify)


def identify(
    ctx: typer.Context,
    host: Annotated[
        str,
        typer.Argument(
            metavar="[HOST[:PORT]]", help="Its address or name; this host alone is asked, whatever [scope] says."
        ),
    ] = "",
    credential: Annotated[
        list[str] | None,
        typer.Option(help="Name of a credential, never its value; those of `snmp` under `discover` without."),
    ] = None,
    targets: Annotated[
        str,
        typer.Option(
            metavar="FILE", help='Many at once: a JSON object a line, {"host", "port", "community"}; - is stdin.'
        ),
    ] = "",
    capture: Annotated[
        str, typer.Option(metavar="FILE", help="In place of a host: what snmpsim recorded of one, OID|TAG|VALUE.")
    ] = "",
    lint: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="No device: what is wrong with a file of vendor definitions, or a directory of recog's.",
        ),
    ] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Also why: what won and what lost, best first.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="A vendor definition to begin with, as YAML.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, with the evidence.")] = False,
) -> None:
    """Ask a device by SNMP and say what it is: class, vendor, model, firmware, serial; opens no database."""
    if sum(map(bool, (host, targets, capture, lint))) != 1:
        raise BadInput("name a host, or a file", hint="lanward identify 10.20.0.9 --credential NAME")
    if lint:
        _lint(lint)
    elif targets:
        _many(context(ctx), wiring(ctx).asker(PROTOCOL), targets)
    else:
        made = context(ctx)
        seen = _captured(capture) if capture else _asked(made, wiring(ctx).asker(PROTOCOL), host, credential or ())
        _tell(made, host or capture, seen, "draft" if draft else "json" if as_json else "why" if explain else "")


def _captured(file: str) -> Observations:
    from agent.identify.draft import read_capture

    return read_capture(_read(file, errors="replace"), file)


def _asked(made: Context, asker: Asker, text: str, names: Sequence[str]) -> Observations:
    from agent.operations.identify_one import identify_agents, parse_host
    from agent.ports import Agent

    host, port = parse_host(text, asker.port)
    secrets = tuple(made.credentials.get(name) for name in names or made.config.discover.snmp)
    if not secrets:
        raise BadInput("no credential to ask with", hint="--credential NAME, or set snmp under [discover]")
    (named,) = identify_agents(made, asker, [Agent(host, port, secrets)])
    if named.found is None:
        raise DeviceUnreachable(text, named.fault, hint="is the address right, and the credential?")
    if named.fault:
        say(f"lanward: {text}: not all was told: {named.fault}")
    return named.seen


def _tell(made: Context, name: str, seen: Observations, form: str) -> None:
    """What the evidence says of a device, as a draft, as JSON, as a table, or as a table with why."""
    from agent.identify import identify as recognise
    from agent.identify.draft import draft
    from agent.operations.identify_one import identity_document

    if form == "draft":
        output.lines(draft(seen, made.definitions()).splitlines())
        return
    found = recognise(seen, made.definitions())
    shown = {"host": name, **identity_document(found)}
    if form == "json":
        output.document(shown | {"evidence": _evidence(found)})
        return
    output.table(("", ""), list(shown.items()))
    if form == "why":
        rows = [("*" if row.pop("won") else "", *row.values()) for row in _evidence(found)]
        output.table(("", "", "value", "sure", "source", "detail"), rows)


def _evidence(found: Identification) -> list[dict[str, Any]]:
    """Each claim, best first; the first of each attribute won."""
    first = {e.attribute: e for e in reversed(found.evidence)}
    return [
        {
            "attribute": e.attribute, "value": e.value, "confidence": e.confidence, "source": e.source,
            "detail": e.detail, "won": first[e.attribute] is e,
        }
        for e in found.evidence
    ]  # fmt: skip


def _lint(file: str) -> None:
    from agent.identify.definition import lint, parse
    from agent.identify.fingerprints import read

    faults = tuple(read(Path(file)).lint()) if Path(file).is_dir() else lint(parse(_read(file), file))
    output.lines(f"{file}: {fault}" for fault in faults)
    if faults:
        raise typer.Exit(2)


def _many(made: Context, asker: Asker, file: str) -> None:
    from agent.operations.identify_one import identify_lines

    output.lines(
        json.dumps(document, ensure_ascii=False) for document in identify_lines(made, asker, _read(file).split("\n"))
    )


def _read(file: str, errors: str = "strict") -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8", errors)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 at byte {error.start}") from None
