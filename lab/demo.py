"""The whole program once, as an administrator would type it, with the traffic before and after."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from agent.model.errors import PartlyApplied
from lab.network import Lab

PERIOD = "2026H2"
LANWARD = Path(sys.executable).parent / "lanward"


@dataclass(frozen=True, slots=True)
class Flow:
    """A conversation of the lab, how to try it, and whether the policy lets it be."""

    words: str
    allowed: bool
    attempt: Callable[[Lab], bool]


FLOWS = (
    Flow("the camera reaches the Internet", False, lambda lab: lab.reach_internet("camera")),
    Flow("a PC opens the printer's web page", False, lambda lab: lab.web("pc", "mfp") is not None),
    Flow("the print server prints over IPP", True, lambda lab: lab.print_job()),
    Flow("the recorder pulls from the camera", True, lambda lab: bool(lab.pull())),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """One lab and the directory of its site's files and results."""

    lab: Lab
    directory: Path

    def lanward(self, *words: str) -> None:
        """Show a command and run it; what it prints is shown too."""
        typer.echo(f"\n$ lanward {' '.join(words)}")
        subprocess.run(self._command(*words), check=True)

    def json(self, *words: str) -> Mapping[str, str]:
        """A command's one JSON document."""
        done = subprocess.run(self._command(*words, "--json"), check=True, stdout=subprocess.PIPE)
        document: Mapping[str, str] = json.loads(done.stdout)
        return document

    def traffic(self, title: str) -> dict[str, bool]:
        """Try each flow and print what became of it."""
        typer.echo(f"\n# {title}")
        seen = {flow.words: flow.attempt(self.lab) for flow in FLOWS}
        for words, works in seen.items():
            typer.echo(f"  {'yes' if works else 'no':4}{words}")
        return seen

    def _command(self, *words: str) -> list[str]:
        namespace = self.lab.truth()["namespaces"]["agent"]
        configuration = str(self.directory / "lanward.toml")
        return ["ip", "netns", "exec", namespace, str(LANWARD), "--config", configuration, *words]


def run(lab: Lab, directory: Path) -> None:
    """Discover, assess, plan, approve, apply, verify, export; raise PartlyApplied where traffic is not the policy's."""
    demo = Demo(lab, directory)
    before = demo.traffic("Before")
    demo.lanward("discover")
    demo.lanward("devices")
    demo.lanward("assess")
    demo.lanward("switch", "qualify", *(switch["name"] for switch in lab.truth()["switches"]))
    planned = demo.json("plan", "--ticket", "DEMO-1", "--cli-files", str(directory / "commands"))
    demo.lanward("change", "approve", planned["change"], "--digest", planned["digest"][:16])
    demo.lanward("apply", planned["change"])
    demo.lanward("verify", "--exit-code")
    after = demo.traffic("After")
    demo.lanward("assess")
    pack = ("--period", PERIOD, "--format", "all", "--lang", "zh-TW", "--output", str(directory / "export"))
    demo.lanward("export", *pack)
    demo.lanward("audit", "verify")
    _compare(before, after)
    wrong = [flow.words for flow in FLOWS if not before[flow.words] or after[flow.words] is not flow.allowed]
    if wrong:
        raise PartlyApplied(f"not as the policy says: {', '.join(wrong)}")
    typer.echo(f"\nThe inventory, the native commands and the export are in {directory}.")


def _compare(before: Mapping[str, bool], after: Mapping[str, bool]) -> None:
    """What the change did to each flow, and what the policy asks for."""
    words = {True: "yes", False: "no"}
    typer.echo("\n# before  after  the policy")
    for flow in FLOWS:
        asked = "lets it be" if flow.allowed else "closes it"
        typer.echo(f"  {words[before[flow.words]]:6}  {words[after[flow.words]]:5}  {asked:10}  {flow.words}")
