"""A lab with its site's files and `lanward` run in the agent's namespace, as an administrator would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.network import Lab

LANWARD = str(Path(sys.executable).parent / "lanward")


def lab_name(stem: str) -> str:
    """A lab's name that no other test process on this machine has; twelve letters and digits at most."""
    return f"{stem[:6]}{os.getpid() % 1_000_000}"


@dataclass
class Site:
    """One lab that is up; the inventory stands in its state directory and goes with it."""

    lab: Lab

    @property
    def directory(self) -> Path:
        return self.lab.state

    @property
    def database(self) -> Path:
        return self.directory / "inventory.db"

    def command(self, *arguments: str) -> list[str]:
        """What runs `lanward` in the agent's namespace."""
        namespace = self.lab.truth()["namespaces"]["agent"]
        return ["ip", "netns", "exec", namespace, LANWARD, "--config", str(self.directory / "lanward.toml"), *arguments]

    def run(self, *arguments: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        """Run and hand back whatever came out."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SUDO_")}
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=timeout, env=environment
        )

    def lanward(self, *arguments: str, timeout: float = 280) -> str:
        """Run; fail with what was said on stderr unless the exit code is 0."""
        done = self.run(*arguments, timeout=timeout)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def json(self, *arguments: str, timeout: float = 280) -> Any:
        """Run with `--json` and read the document."""
        return json.loads(self.lanward(*arguments, "--json", timeout=timeout))

    def device(self, role: str) -> dict[str, Any]:
        """The register's device that has a role's address."""
        address = self.lab.address(role)
        found = [one for one in self.json("devices") if address in one["ips"]]
        assert len(found) == 1, f"{role} {address} is {len(found)} times in the register"
        return found[0]

    def plan(self, *roles: str) -> dict[str, Any]:
        """A plan for these roles' devices, or for all that findings ask for."""
        only = [word for role in roles for word in ("--device", self.device(role)["id"])]
        document: dict[str, Any] = self.json("plan", *only)
        return document

    def approved(self, *roles: str) -> dict[str, Any]:
        """An approved change."""
        planned = self.plan(*roles)
        self.lanward("change", "approve", planned["change"], "--digest", planned["digest"])
        return planned

    def applied(self, *roles: str) -> dict[str, Any]:
        """An applied change."""
        planned = self.approved(*roles)
        self.lanward("apply", planned["change"])
        return planned

    def set_toml(self, table: str, **lines: str) -> None:
        """Set keys in a table of lanward.toml; `table` is `change` or a switch's name; values are TOML text."""
        import tomlkit

        file = self.directory / "lanward.toml"
        document: Any = tomlkit.parse(file.read_text(encoding="utf-8"))
        switches = {str(one["name"]): one for one in document["switch"]}
        if table not in switches and table not in document:
            document[table] = tomlkit.table()
        target = switches.get(table, document.get(table))
        for key, value in lines.items():
            target[key] = tomlkit.value(value)
        file.write_text(tomlkit.dumps(document), encoding="utf-8")

    def adopt(self, inventory: Path) -> None:
        """Take an inventory that was made of another lab of the same seed."""
        shutil.copy(inventory, self.database)
