"""`python -m lab.switch SPEC.json`: one switch, in its management namespace. SIGHUP reloads it, SIGTERM ends it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from lab.switch import snmp, spec, ssh
from lab.switch.dataplane import OpenVSwitch
from lab.switch.machine import Machine


def prepare(path: Path) -> Machine:
    """The switch that a file describes, booted."""
    described = spec.read(json.loads(path.read_text()))
    described.state_dir.mkdir(parents=True, exist_ok=True)
    (described.state_dir / "ready").unlink(missing_ok=True)
    return Machine(described, OpenVSwitch(described))


async def run(machine: Machine) -> None:
    """Serve until SIGTERM; `ready` appears in the state directory once SSH and SNMP listen."""
    ready = machine.spec.state_dir / "ready"
    acceptor = await ssh.listen(machine)
    agent = snmp.serve(machine)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, machine.reboot)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, ended.set)
    ready.write_text("ready\n")
    await ended.wait()
    ready.unlink(missing_ok=True)
    agent.close()
    acceptor.close()


if __name__ == "__main__":
    asyncio.run(run(prepare(Path(sys.argv[1]))))
