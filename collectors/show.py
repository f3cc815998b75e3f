"""Tables of switches over a management session, where SNMP is shut: which commands, as data by family."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from agent.model.address import parse_ip
from agent.model.errors import DeviceFault, DeviceRefused, Refused
from agent.model.probe import Probe
from agent.model.switch import Switch
from agent.ports import Job, Session
from collectors.decode.show import Family, Row, decode_show, parse
from collectors.decode.tables import SwitchTables

NEEDED = "forwarding"
"""The table without which a switch was not read; models may lack the commands of the others."""


@cache
def families() -> Mapping[str, Family]:
    """Every family of show_commands.yaml by its platform's name."""
    found: dict[str, Family] = yaml.safe_load((files("collectors") / "show_commands.yaml").read_text(encoding="utf-8"))
    return found


def readable(job: Job, switch: Switch) -> bool:
    """True for a switch without SNMP whose family's commands are known, where sessions may be opened."""
    known = switch.platform in families() and NEEDED in families()[switch.platform]
    return job.enforcer is not None and known and bool(switch.credential) and not switch.snmp_credential


def read_tables(job: Job, switch: Switch) -> tuple[SwitchTables | None, tuple[str, ...]]:
    """All tables of one switch, or None, and what went wrong."""
    assert job.enforcer is not None
    family, address = families()[switch.platform], parse_ip(switch.host)
    try:
        job.guard.permit(Probe(address, "ssh", "tcp", switch.port, management=True))
        with job.enforcer.open(switch) as session:
            answers, faults = _answers(session, switch.platform, family)
    except (DeviceFault, Refused) as error:
        return None, (error.message,)
    return (decode_show(switch.name, address, family, answers) if NEEDED in answers else None), faults


def _answers(session: Session, platform: str, family: Family) -> tuple[dict[str, tuple[Row, ...]], tuple[str, ...]]:
    answers: dict[str, tuple[Row, ...]] = {}
    faults: list[str] = []
    for table, columns in family.items():
        if table == "names":
            continue
        try:
            text = session.show(columns["command"])
            answers[table] = parse(platform, columns["command"], text) if text.strip() else ()
        except DeviceRefused as refused:
            faults += [refused.message] if table == NEEDED else []
        except ValueError as error:
            faults.append(f"an answer that is not understood: {error}")
    return answers, tuple(faults)
