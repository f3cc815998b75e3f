"""Whether a device still takes a common default login: one credential, once, by HTTP Basic, only where switched on."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from agent.model.address import IpAddress
from agent.model.device import Port
from agent.model.errors import DeviceUnreachable
from agent.model.observation import PASSWORD, SCANNED, WARNING, Observation, Observations, about
from agent.model.probe import Probe
from agent.ports import Job, Progress, Report
from collectors.budget import Patience
from collectors.decode.http import HttpReply, auth_scheme, decode_http, decode_page, realm
from collectors.decode.sighting import Sighting
from collectors.http import PLAIN, SECURED
from collectors.known import open_ports, refusal
from collectors.wire.http import exchange, get_request


@dataclass(frozen=True, slots=True)
class Login:
    """A common default; `match` is searched in what the device shows of itself."""

    match: str
    username: str = field(repr=False)
    password: str = field(repr=False)

    def authorization(self) -> str:
        """The field value of HTTP Basic (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@cache
def logins() -> tuple[Login, ...]:
    """The shipped list (`default_logins.yaml`)."""
    rows = yaml.safe_load((files("collectors") / "default_logins.yaml").read_text(encoding="utf-8"))
    return tuple(Login(row["match"], row["username"], row["password"]) for row in rows)


def choose(shown: HttpReply) -> Login:
    """The one login for a device, by its realm and server field."""
    text = f"{realm(shown)} {shown.header('server')}"
    return next(login for login in logins() if re.search(login.match, text))


def check_default_login(address: IpAddress, port: int, sighting: Sighting) -> Observations:
    """Look at the front page without a login; where it asks for HTTP Basic, try one login once.

    The page behind a login that was taken is read as any front page.
    """
    tls = port in SECURED
    try:
        shown = decode_http(exchange(address, port, get_request(address, port), tls=tls).octets)
        if auth_scheme(shown) != "basic":
            return ()
        request = get_request(address, port, authorization=choose(shown).authorization())
        octets = exchange(address, port, request, tls=tls).octets
    except DeviceUnreachable as fault:
        return (sighting.warning(address, fault.detail),)
    answer = decode_http(octets)
    if answer.status in (401, 403):
        return (sighting.of(address, PASSWORD, "default-refused", confidence=95, raw=f"tcp/{port}"),)
    if 200 <= answer.status < 400:
        accepted = sighting.of(address, PASSWORD, "default-accepted", confidence=95, raw=f"tcp/{port}")
        return (accepted, *decode_page(octets, address, port, sighting))
    return (sighting.warning(address, f"tcp/{port} answers a login with HTTP status {answer.status}"),)


class DefaultLoginCollector:
    """Tests one login on each device that was not tested before; never runs unless a person switched it on."""

    name = "default_login"
    phase = "identify"
    produces: tuple[str, ...] = (PASSWORD, SCANNED, WARNING, "http.")
    intrusive = 3
    ports: tuple[Port, ...] = tuple(Port("tcp", n) for n in PLAIN + SECURED)
    enabled_by_default = False

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """See Collector; `job.known` must hold the period's `password` observations, so that nothing is tried twice."""
        tried = {o.address for o in about(job.known, PASSWORD)}
        patience = Patience.of(job)
        fit = {a: ports for a, ports in open_ports(job).items() if a not in tried and not patience.spent(a)}
        work = {a: web for a, ports in fit.items() if (web := _web(ports))}
        for done, (address, port) in enumerate(work.items(), 1):
            if job.stop():
                return
            sighting = Sighting("default_login", job.clock.now(), job.site)
            why = refusal(job, Probe(address, "http", "tcp", port))
            yield sighting.warning(address, why) if why else sighting.of(address, SCANNED, "default_login")
            if not why:
                yield from check_default_login(address, port, sighting)
            report(Progress(self.name, done, len(work)))


def _web(ports: frozenset[int]) -> int:
    """The one port on which the login is tried: a plain one first."""
    return next((n for n in PLAIN + SECURED if n in ports), 0)


collector = DefaultLoginCollector()
