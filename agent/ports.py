"""The Protocols between lanward's core and what plugs into it or is plugged in beneath it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Protocol, TypeVar

from agent.model.address import IpAddress, IpNetwork, Mac, Scope
from agent.model.change import Change, ChangeState, Receipt
from agent.model.device import Device, Port
from agent.model.finding import Finding, Outcome
from agent.model.hearing import Hearing
from agent.model.notice import Notice
from agent.model.observation import Observation
from agent.model.policy import Policy
from agent.model.probe import Probe
from agent.model.run import Run
from agent.model.switch import Qualification, Switch
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver, WaiverState

if TYPE_CHECKING:
    from agent.audit import Entry, Head
    from agent.log import Log

T = TypeVar("T")


class Clock(Protocol):
    """Where time comes from, so that tests can say what it is."""

    def now(self) -> datetime:
        """Aware UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait; a test's clock only moves on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long work is; `total` 0 means "not known yet"."""

    phase: str
    done: int
    total: int
    note: str = ""


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential's values, which never show in a repr. Keys: username, password, enable, community, auth_key, ..."""

    name: str
    values: Mapping[str, str] = field(repr=False)

    def get(self, key: str) -> str:
        """The value under a key, or an empty string."""
        return self.values.get(key, "")


class Credentials(Protocol):
    """Where named credentials are resolved: a 0600 file, the keyring, the environment or a command."""

    def get(self, name: str) -> Secret:
        """Raise UnknownName where there is none."""

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""


class Guard(Protocol):
    """What stands under every packet (agent.guard.PacketGuard)."""

    def permit(self, probe: Probe) -> None:
        """Return if the probe may be sent now; raise OutOfScope or Refused otherwise."""

    def permit_now(self) -> None:
        """Raise Refused within a blackout."""

    def permit_sweep(self, addresses: Sequence[IPv4Address]) -> tuple[IPv4Address, ...]:
        """Those that may be asked now by ARP; raise Refused within a blackout."""

    def permit_group(self, group: IpAddress, port: int, network: IpNetwork) -> None:
        """Return if a question may go to every machine on the link of a subnet; raise OutOfScope or Refused."""

    def version_ports(self, ports: Iterable[int]) -> tuple[int, ...]:
        """Those ports to which nmap's version probes may write, sorted."""

    def permit_scripts(self, scripts: Iterable[str]) -> None:
        """Raise Refused for an nmap script that is not on the list of harmless ones."""

    def burst(self, kind: str) -> int:
        """How many packets of this kind may go at once."""

    def pace(self, kind: str, link: str = "", packets: int = 1) -> None:
        """Wait until so many packets of this kind (`arp`, `icmp`, ...) may go on this link."""

    def sent(self, kind: str, link: str = "") -> None:
        """Say that a single packet, which was paced, is on the wire only now."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a collector is asked to do.

    `targets` are the addresses to ask, all in scope. `known` holds the run's earlier observations, so that nothing is
    asked twice. `snmp` names the credentials to try, in order.
    """

    site: str
    targets: tuple[IpAddress, ...]
    guard: Guard
    clock: Clock
    credentials: Credentials
    snmp: tuple[str, ...] = ()
    switches: tuple[Switch, ...] = ()
    known: tuple[Observation, ...] = ()
    profile: str = "standard"
    stop: Callable[[], bool] = lambda: False
    hearing: Hearing | None = None
    enforcer: Enforcer | None = None


class Collector(Protocol):
    """A protocol that finds or asks devices.

    `intrusive`: 0 sends nothing, 1 reads infrastructure, 2 asks politely, 3 probes. `ports` are those that it sends to.
    `enabled_by_default` is False for what must be switched on. `phase` orders a run: infrastructure < sweep < ask <
    probe < identify; `listen` has runs of its own. `collect` yields as it comes; a device's fault is a `warning`.
    """

    name: str
    phase: str
    produces: tuple[str, ...]
    intrusive: int
    ports: tuple[Port, ...]
    enabled_by_default: bool

    def collect(self, job: Job, report: Report) -> Iterator[Observation]:
        """Ask the job's targets and yield what they showed."""


@dataclass(frozen=True, slots=True)
class RuleContext:
    """All that a rule may look at beside the device itself.

    `enforced` maps a device id to the ACL names that a switch is known to carry for it, read back and not assumed.
    """

    policy: Policy
    now: datetime
    parameters: Mapping[str, object]
    vendors: Mapping[str, Vendor]
    enforced: Mapping[str, tuple[str, ...]]
    last_run: Run | None = None


class Rule(Protocol):
    """One judgement about one device under one clause; pure."""

    name: str
    clause: str

    def judge(self, device: Device, context: RuleContext) -> Outcome:
        """Never raises for a device's data; where evidence is missing the verdict is `unknown`."""


class Session(Protocol):
    """An open management session with one switch."""

    def show(self, command: str) -> str:
        """Run one command outside configure mode; raise DeviceRefused where the switch answers with an error."""

    def configure(self, commands: Sequence[str], enter: str = "") -> str:
        """Enter lines in configure mode, by `enter` if given, and leave it; DeviceRefused names the first refused."""


class Enforcer(Protocol):
    """Opens sessions with switches, under a host key that is known beforehand."""

    def open(self, switch: Switch) -> AbstractContextManager[Session]:
        """Raise DeviceUnreachable, or Refused where the host key is not the one on record."""


class Prober(Protocol):
    """Asks from this machine whether a TCP port still answers; sends no payload."""

    def source(self, address: IpAddress) -> IpAddress | None:
        """This machine's own address towards another one, or None where there is no route; sends nothing."""

    def own_macs(self) -> tuple[Mac, ...]:
        """The MACs of this machine's own interfaces."""

    def answers(self, targets: Sequence[tuple[IpAddress, int]]) -> dict[tuple[IpAddress, int], bool]:
        """Whether each TCP port completes a handshake; a reset or silence is False."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One management agent to ask: a literal address, or a name that the user gave. `secrets` are tried in order."""

    host: str
    port: int
    secrets: tuple[Secret, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What one agent said, and why it said no more; `address` is None where its name could not be resolved."""

    address: IpAddress | None
    observations: tuple[Observation, ...] = ()
    fault: str = ""


class Asker(Protocol):
    """Asks agents that the user named himself; they are the whole scope of the command."""

    port: int

    def ask(
        self, agents: Sequence[Agent], clock: Clock, guard: Callable[[Scope], Guard], made: Callable[[Agent, Reply], T]
    ) -> list[T]:
        """What is `made` of each reply, while others are still asked; in the order of the agents.

        `guard` makes the guard for the addresses that they turn out to be. Never raises for what one agent says or does
        not say; BadInput for a credential that is none for this protocol.
        """


class Notifier(Protocol):
    """Tells people that something happened (agent.notify)."""

    def tell(self, notice: Notice) -> None:
        """Deliver, or raise EnvironmentFault; UnknownName for a credential that is not there."""


class Store(Protocol):
    """The inventory: an append-only log of observations and what was made of it. Rows never leave it."""

    def append(self, run: str, observations: Iterable[Observation]) -> int:
        """Add to the log; the number added."""

    def append_whole(self, run: str, observations: Iterable[Observation]) -> int:
        """Add to the log all of them or none, in one transaction; the number added."""

    def observations(self, site: str = "") -> Iterator[Observation]:
        """The whole log in the order of its writing."""

    def observations_of(self, run: str) -> Iterator[Observation]:
        """What one run saw, in the order of its writing."""

    def numbered(self, site: str) -> Iterator[tuple[int, Observation]]:
        """A site's log with the number of each row, in the order of its writing."""

    def forget(self, numbers: Sequence[int]) -> None:
        """Take rows out of the log; for agent.operations.retention alone."""

    def forget_raw(self, numbers: Sequence[int]) -> None:
        """Empty the raw evidence of rows of the log; for agent.operations.retention alone."""

    def compact(self) -> None:
        """Give back the room that forgotten rows took."""

    def size(self) -> int:
        """The database's octets."""

    def log(self, site: str, until: datetime) -> AbstractContextManager[Log]:
        """A site's log up to a moment, for reading it in parts; later writes do not show in it."""

    def observations_about(self, address: Mac | IpAddress) -> Iterator[Observation]:
        """What was ever seen about one address, in the order of its writing."""

    def replace_devices(self, site: str, devices: Iterable[Device]) -> None:
        """Put a freshly resolved register in the place of the old one, in one transaction."""

    def devices(self, site: str = "", *, evidence: bool = True) -> tuple[Device, ...]:
        """The register, sorted by id; without `evidence`, which is most of it, that field is empty."""

    def device(self, site: str, device_id: str) -> Device | None:
        """One device with its evidence, or None."""

    def device_sites(self) -> frozenset[tuple[str, str]]:
        """Each device's id, and the site in whose register it stands."""

    def save_run(self, run: Run) -> None:
        """Insert or update by id."""

    def runs(self, site: str = "") -> tuple[Run, ...]:
        """All runs, oldest first."""

    def replace_findings(self, site: str, made: datetime, findings: Iterable[Finding]) -> None:
        """Put the findings of an assessment in the place of the former ones."""

    def findings(self, site: str = "") -> tuple[Finding, ...]:
        """The findings of the last assessment, sorted."""

    def assessed(self, site: str) -> datetime | None:
        """When the site's findings were last made, or None."""

    def add_change(self, change: Change) -> None:
        """Insert a new change with its whole plan."""

    def change(self, change_id: str) -> Change:
        """Raise UnknownName where there is none."""

    def changes(self) -> tuple[Change, ...]:
        """All changes, oldest first."""

    def advance_change(
        self, change_id: str, expected: ChangeState, to: ChangeState, *, approver: str = "", at: datetime | None = None
    ) -> Change:
        """Move a change on, in one compare-and-set; raise Refused where it is no longer `expected`.

        To APPROVED, `approver` and `at` are recorded.
        """

    def save_receipt(self, receipt: Receipt) -> None:
        """Insert or replace the receipt of one switch under one change."""

    def receipts(self, change_id: str = "") -> tuple[Receipt, ...]:
        """Receipts by change and switch."""

    def save_qualification(self, qualification: Qualification) -> None:
        """Insert or replace by platform, model and release."""

    def qualifications(self) -> tuple[Qualification, ...]:
        """All of them, sorted."""

    def waivers(self) -> tuple[Waiver, ...]:
        """All exceptions, sorted by id."""

    def save_waiver(self, waiver: Waiver) -> None:
        """Insert or update by id."""

    def move_waiver(self, waiver: Waiver, expected: WaiverState) -> None:
        """Write an exception over the one that is `expected`, in one compare-and-set; raise Refused where it is not."""

    def vendors(self) -> tuple[Vendor, ...]:
        """All vendors, sorted by name."""

    def save_vendor(self, vendor: Vendor) -> None:
        """Insert or update by name."""

    def save_vendors(self, vendors: Iterable[Vendor]) -> None:
        """Insert or update by name, all of them or none."""

    def record(self, actor: str, action: str, subject: str, facts: Mapping[str, str], at: datetime) -> None:
        """Append to the audit chain (agent.audit)."""

    def audit(self) -> Iterator[Entry]:
        """The whole chain, in order; `agent.audit.verify` says whether it holds."""

    def audit_head(self) -> Head:
        """The end of the chain as the last `record` left it."""
