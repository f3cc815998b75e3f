"""SMB: the name and domain that a file server tells before any login."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import HOSTNAME, SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.smb import MESSAGE_LIMIT, decode_smb, encode_negotiate, encode_session
from collectors.known import listening
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.framed import converse

SMB_PORT = 445


def ask(question: Question) -> Observations:
    """Two requests on one connection, closed at the challenge."""
    requests = (encode_negotiate(secrets.token_bytes(16)), encode_session())
    said = converse(question.address, question.port, requests, limit=MESSAGE_LIMIT)
    return decode_smb(said[1], question.address, question.port, question.sighting) if len(said) == 2 else ()


class SmbCollector:
    """Asks each file server what it is called."""

    name = "smb"
    phase = "identify"
    produces: tuple[str, ...] = ("smb.", HOSTNAME, SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = (Port("tcp", SMB_PORT, "microsoft-ds"),)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        return in_turn(job, report, Inquiry("smb", "smb", ask), listening(job, (SMB_PORT,)))


collector = SmbCollector()
