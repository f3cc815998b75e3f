"""`lanward lab up|down|status`: the virtual network from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lab.network import Lab

app = typer.Typer(no_args_is_help=True, help="A real office network in network namespaces, to try lanward on.")

Name = Annotated[str, typer.Option(help="Which lab; several may be up side by side.")]
MINUTE = 10.0
"""Seconds of a switch's minute: its shortest revert timer must outlive a change."""

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command()
def up(
    seed: Annotated[int, typer.Option(help="What the devices are drawn from.")] = 1,
    name: Name = "lab",
    directory: Annotated[Path | None, typer.Option(help="Where the site's files go.", file_okay=False)] = None,
    minute: Annotated[float, typer.Option(help="Seconds that a switch's minute lasts.", min=0.05)] = MINUTE,
) -> None:
    """Bring a lab up and write lanward.toml, credentials.toml and policy.yaml for it."""
    lab = _lab(name, seed, minute)
    lab.up(directory)
    namespace = lab.truth()["namespaces"]["agent"]
    typer.echo(str(directory or lab.state))
    typer.echo(f"cd {directory or lab.state} && ip netns exec {namespace} lanward discover", err=True)
    typer.echo(f"lanward lab down --name {name} takes it away, with what stands in that directory", err=True)


@app.command()
def down(name: Name = "lab") -> None:
    """Take a lab down, also what a killed one left behind."""
    _lab(name).down()


@app.command()
def status(name: Name = "lab", as_json: Json = False) -> None:
    """Tell the whole truth about a lab."""
    told = _lab(name).truth()
    typer.echo(json.dumps(told, indent=1) if as_json else "\n".join(_table(told)))


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="What the devices are drawn from.")] = 1,
    directory: Annotated[Path, typer.Option(help="Where the site's files and results go.", file_okay=False)] = Path(
        "demo"
    ),
) -> None:
    """The whole program on a lab of its own: discover, assess, plan, approve, apply, verify, export."""
    import shutil

    from lab.demo import run

    lab = _lab("demo", seed, MINUTE)
    lab.down()
    shutil.rmtree(directory, ignore_errors=True)
    with _lab("demo", seed, MINUTE) as running:
        for file in ("lanward.toml", "credentials.toml", "policy.yaml"):
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copy(running.state / file, directory / file)
        run(running, directory.absolute())


def _lab(name: str, seed: int = 1, minute: float = 1.0) -> Lab:
    from lab.network import Lab

    return Lab(name, seed, minute=minute, say=lambda text: typer.echo(f"lab: {text}", err=True))


def _table(told: dict[str, Any]) -> list[str]:
    """A line a device, for people."""
    lines = [f"lab {told['name']} (seed {told['seed']}): scope {', '.join(told['scope'])}"]
    for one in told["devices"]:
        place = one["attachment"]
        where = f"{place['switch']} {place['port']}" if place else one["attachment_note"] or "-"
        what = " ".join(filter(None, (one["vendor"], one["model"], one["firmware"])))
        lines.append(f"{one['name']:20} {one['class']:15} {','.join(one['ips'][:1]):16} {where:34} {what}")
    return lines
