"""SSH: the server's version, and the fingerprint of the host key that it shows to everybody."""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.device import Port
from agent.model.observation import SCANNED, WARNING, Observation, Observations
from agent.ports import Job, Report
from collectors.decode.ssh import decode_ssh
from collectors.known import listening
from collectors.turns import Inquiry, Question, in_turn
from collectors.wire.ssh import host_key_of

SHELLS = (22, 2222)


def ask(question: Question) -> Observations:
    """One connection, closed before anybody would log in."""
    greeting, key = host_key_of(question.address, question.port)
    return decode_ssh(greeting, key, question.address, question.port, question.sighting)


class SshCollector:
    """Looks at each SSH server's key."""

    name = "ssh"
    phase = "identify"
    produces: tuple[str, ...] = ("banner.", "ssh.hostkey", SCANNED, WARNING)
    intrusive = 2
    enabled_by_default = True
    ports: tuple[Port, ...] = tuple(Port("tcp", n, "ssh") for n in SHELLS)

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector."""
        return in_turn(job, report, Inquiry("ssh", "ssh", ask), listening(job, SHELLS))


collector = SshCollector()
