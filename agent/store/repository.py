"""The inventory in SQLite or PostgreSQL: `agent.ports.Store`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, delete, insert, select, union, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import ColumnElement
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from agent.audit import Entry, Head, sealed
from agent.bulk import uncollected
from agent.model.address import IpAddress, Mac
from agent.model.change import Change, ChangeState, Receipt, advance
from agent.model.device import Device
from agent.model.errors import BadInput, EnvironmentFault, Refused, UnknownName
from agent.model.finding import Finding
from agent.model.observation import Observation
from agent.model.run import Run
from agent.model.switch import Qualification
from agent.model.vendor import Vendor
from agent.model.waiver import Waiver, WaiverState
from agent.store import rows, schema
from agent.store.engine import (
    check_file,
    compact,
    file_of,
    make_engine,
    name_of,
    parse_url,
    size,
    snapshot,
    translated,
    undamaged,
)
from agent.store.log import LOGGED, SqlLog
from agent.store.statements import in_code_points, insert_rows, take, upsert
from agent.store.tables import (
    AssessedRow,
    AuditHeadRow,
    AuditRow,
    ChangeRow,
    DeviceRow,
    FindingRow,
    ObservationRow,
    QualificationRow,
    ReceiptRow,
    RunRow,
    VendorRow,
    WaiverRow,
)

BATCH = 5000
"""Log rows a transaction: long enough to be quick, short enough to let others write."""

Row = TypeVar("Row", bound=SQLModel)
Value = TypeVar("Value")


def open_store(url_or_path: str, *, create: bool) -> SqlStore:
    """Open an inventory, upgrading its schema where that is older (after a backup of a SQLite file).

    Raise BadInput where there is none and `create` is off, EnvironmentFault for what is no lanward database or does
    not answer, NewerSchema for one that a later lanward wrote.
    """
    url = parse_url(url_or_path)
    file = file_of(url)
    if file:
        check_file(file, create=create)
    engine = make_engine(url)
    try:
        with translated(name_of(url)):
            schema.prepare(engine, name_of(url), create=create, file=file)
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, name_of(url))


class SqlStore:
    """The inventory; values go in and come out, rows stay here. Safe to share between threads and processes.

    Every method raises EnvironmentFault where the database does not answer, is locked for too long or is damaged.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writing=True)
        self._name = name

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    # --- the log ---

    def append(self, run: str, observations: Iterable[Observation]) -> int:
        """Add to the log; the number added.

        Rows are written by the batch while `observations` are still coming, and what came is kept when it raises.
        """
        pending = iter(observations)
        added = 0
        while True:
            batch, fault = take(pending, BATCH)
            if batch:
                columns = [rows.observation_columns(run, observation) for observation in batch]
                with self._writing() as connection:
                    connection.execute(insert(ObservationRow), columns)
                added += len(batch)
            if fault is not None:
                raise fault
            if len(batch) < BATCH:
                return added

    def append_whole(self, run: str, observations: Iterable[Observation]) -> int:
        """Add to the log all of them or none, in one transaction; the number added."""
        columns = [rows.observation_columns(run, observation) for observation in observations]
        with self._writing() as connection:
            for start in range(0, len(columns), BATCH):
                connection.execute(insert(ObservationRow), columns[start : start + BATCH])
        return len(columns)

    def observations(self, site: str = "") -> Iterator[Observation]:
        """The whole log in the order of its writing, streamed."""
        return self._log(col(ObservationRow.site) == site) if site else self._log()

    def observations_of(self, run: str) -> Iterator[Observation]:
        """What one run saw, in the order of its writing, streamed."""
        return self._log(col(ObservationRow.run) == run)

    def observations_about(self, address: Mac | IpAddress) -> Iterator[Observation]:
        """What was ever seen about one address, in the order of its writing, streamed."""
        return self._log(col(ObservationRow.address) == str(address))

    @contextmanager
    def log(self, site: str, until: datetime) -> Iterator[SqlLog]:
        """A site's log up to a moment, read in parts from one snapshot of the database."""
        with translated(self._name):
            connection = snapshot(self._engine)
        with connection:
            yield SqlLog(connection, self._name, site, until)

    def numbered(self, site: str) -> Iterator[tuple[int, Observation]]:
        """A site's log with the number of each row, in the order of its writing, streamed."""
        query = select(col(ObservationRow.id), *LOGGED).where(col(ObservationRow.site) == site)
        ordered = query.order_by(col(ObservationRow.id))
        return self._streamed(ordered, lambda row: (row[0], rows.observation_value(row[1:])))

    def forget(self, numbers: Sequence[int]) -> None:
        """Take rows out of the log, a batch a transaction: a call that breaks off leaves the rest for the next one."""
        for batch in _batches(numbers):
            with self._writing() as connection:
                connection.execute(delete(ObservationRow).where(col(ObservationRow.id).in_(batch)))

    def forget_raw(self, numbers: Sequence[int]) -> None:
        """Empty the raw evidence of rows of the log, a batch a transaction."""
        for batch in _batches(numbers):
            with self._writing() as connection:
                connection.execute(update(ObservationRow).where(col(ObservationRow.id).in_(batch)).values(raw=""))

    def compact(self) -> None:
        """Give back the room that forgotten rows took; PostgreSQL keeps it for rows to come."""
        with translated(self._name):
            compact(self._engine, ObservationRow.__tablename__)

    def size(self) -> int:
        """The octets of the SQLite file, or of the log's table with its indexes on a server."""
        with translated(self._name):
            return size(self._engine, ObservationRow.__tablename__)

    def _log(self, *where: ColumnElement[bool]) -> Iterator[Observation]:
        query = select(*LOGGED).where(*where).order_by(col(ObservationRow.id))
        return self._streamed(query, rows.observation_value)

    def _streamed(self, query: Select[Any], value: Callable[[Any], Value]) -> Iterator[Value]:
        with translated(self._name), undamaged(self._name), self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=BATCH).execute(query):
                yield value(row)

    # --- the register, runs and findings ---

    def replace_devices(self, site: str, devices: Iterable[Device]) -> None:
        """Put a freshly resolved register in the place of the old one, in one transaction."""
        made = [rows.device_row(device) for device in devices]
        if stray := next((row for row in made if row.site != site), None):
            raise BadInput(f"device {stray.id} is of site '{stray.site}', not '{site}'")
        with self._writing() as connection:
            connection.execute(delete(DeviceRow).where(col(DeviceRow.site) == site))
            insert_rows(connection, made)

    def devices(self, site: str = "", *, evidence: bool = True) -> tuple[Device, ...]:
        """The register, sorted by id; without `evidence` that field is empty, and reading takes a fifth of the time."""
        return tuple(self._devices(evidence, *_at(DeviceRow.site, site)))

    def sites(self) -> tuple[str, ...]:
        """The sites that have devices or runs, sorted."""
        query = union(select(col(DeviceRow.site)), select(col(RunRow.site)))
        with translated(self._name), undamaged(self._name), self._engine.connect() as connection:
            return tuple(sorted(connection.execute(query).scalars()))

    def device(self, site: str, device_id: str) -> Device | None:
        """One device with its evidence, or None."""
        found = self._devices(True, col(DeviceRow.site) == site, col(DeviceRow.id) == device_id)
        return found[0] if found else None

    def device_sites(self) -> frozenset[tuple[str, str]]:
        """Each device's id, and the site in whose register it stands."""
        query = select(col(DeviceRow.id), col(DeviceRow.site))
        with translated(self._name), undamaged(self._name), self._engine.connect() as connection:
            return frozenset((device, site) for device, site in connection.execute(query))

    def _devices(self, evidence: bool, *where: ColumnElement[bool]) -> list[Device]:
        wanted = (DeviceRow.id, DeviceRow.document, *((DeviceRow.evidence,) if evidence else ()))
        order = (in_code_points(self._engine, column) for column in (DeviceRow.id, DeviceRow.site))
        query = select(*(col(column) for column in wanted)).where(*where).order_by(*order)
        with uncollected(), translated(self._name), undamaged(self._name), self._engine.connect() as connection:
            return [rows.device_value(*row) for row in connection.execute(query)]

    def save_run(self, run: Run) -> None:
        """Insert or update by id."""
        self._save(rows.run_row(run))

    def runs(self, site: str = "") -> tuple[Run, ...]:
        """All runs, oldest first."""
        found = self._all(RunRow, rows.run_value, *_at(RunRow.site, site))
        return tuple(sorted(found, key=lambda run: (run.started, run.id)))

    def replace_findings(self, site: str, made: datetime, findings: Iterable[Finding]) -> None:
        """Put the findings of an assessment in the place of the former ones, in one transaction."""
        fresh = [rows.finding_row(site, finding) for finding in findings]
        with self._writing() as connection:
            upsert(connection, AssessedRow(site=site, made=made))
            connection.execute(delete(FindingRow).where(col(FindingRow.site) == site))
            insert_rows(connection, fresh, numbered="id")

    def findings(self, site: str = "") -> tuple[Finding, ...]:
        """The findings of the last assessment, sorted."""
        return tuple(sorted(self._all(FindingRow, rows.finding_value, *_at(FindingRow.site, site))))

    def assessed(self, site: str) -> datetime | None:
        """When the site was last assessed, in UTC, or None."""
        found = self._all(AssessedRow, lambda row: row.made, col(AssessedRow.site) == site)
        return found[0] if found else None

    # --- changes ---

    def add_change(self, change: Change) -> None:
        """Insert a new change with its whole plan; raise BadInput where its id is taken."""
        row = rows.change_row(change)
        with self._writing() as connection:
            try:
                insert_rows(connection, [row])
            except IntegrityError:
                raise BadInput(f"there is a change {change.id} already") from None

    def change(self, change_id: str) -> Change:
        """Raise UnknownName where there is none."""
        found = self._all(ChangeRow, rows.change_value, col(ChangeRow.id) == change_id)
        if not found:
            raise UnknownName(f"there is no change '{change_id}'", hint="lanward change list names them")
        return found[0]

    def changes(self) -> tuple[Change, ...]:
        """All changes, oldest first."""
        return tuple(sorted(self._all(ChangeRow, rows.change_value), key=lambda change: (change.created, change.id)))

    def advance_change(
        self, change_id: str, expected: ChangeState, to: ChangeState, *, approver: str = "", at: datetime | None = None
    ) -> Change:
        """Move a change on, in one compare-and-set; raise Refused where it is no longer `expected`.

        To APPROVED, `approver` and `at` are recorded, and BadInput raised without them.
        """
        new: dict[str, object] = {"state": advance(expected, to).value}
        if to is ChangeState.APPROVED:
            if not approver or at is None:
                raise BadInput(f"an approval of change {change_id} needs its approver and its time")
            new |= {"approver": approver, "approved": at}
        is_expected = (col(ChangeRow.id) == change_id, col(ChangeRow.state) == expected.value)
        with self._writing() as connection:
            moved = connection.execute(update(ChangeRow).where(*is_expected).values(**new)).rowcount
        now = self.change(change_id)
        if not moved:
            raise Refused(f"change {change_id} is {now.state}, no longer {expected}", hint="look at it again")
        return now

    def save_receipt(self, receipt: Receipt) -> None:
        """Insert or replace the receipt of one switch under one change."""
        self._save(rows.receipt_row(receipt))

    def receipts(self, change_id: str = "") -> tuple[Receipt, ...]:
        """Receipts by change and switch."""
        found = self._all(ReceiptRow, rows.receipt_value, *_at(ReceiptRow.change, change_id))
        return tuple(sorted(found, key=lambda receipt: (receipt.change, receipt.switch)))

    # --- switches, waivers, vendors ---

    def save_qualification(self, qualification: Qualification) -> None:
        """Insert or replace by platform, model and release."""
        self._save(rows.qualification_row(qualification))

    def qualifications(self) -> tuple[Qualification, ...]:
        """All of them, sorted by platform, model and release."""
        found = self._all(QualificationRow, rows.qualification_value)
        return tuple(sorted(found, key=lambda q: (q.platform, q.model, q.release)))

    def waivers(self) -> tuple[Waiver, ...]:
        """All exceptions, sorted by id."""
        return tuple(sorted(self._all(WaiverRow, rows.waiver_value), key=lambda waiver: waiver.id))

    def save_waiver(self, waiver: Waiver) -> None:
        """Insert or update by id."""
        self._save(rows.waiver_row(waiver))

    def move_waiver(self, waiver: Waiver, expected: WaiverState) -> None:
        """Write an exception over the one that is `expected`, in one compare-and-set; raise Refused where it is not."""
        is_expected = (col(WaiverRow.id) == waiver.id, col(WaiverRow.state) == expected.value)
        new = rows.waiver_row(waiver).model_dump(exclude={"id"})
        with self._writing() as connection:
            moved = connection.execute(update(WaiverRow).where(*is_expected).values(**new)).rowcount
        if not moved:
            raise Refused(f"exception {waiver.id} is no longer {expected}", hint="look at it again")

    def vendors(self) -> tuple[Vendor, ...]:
        """All vendors, sorted by name."""
        return tuple(sorted(self._all(VendorRow, rows.vendor_value), key=lambda vendor: vendor.name))

    def save_vendor(self, vendor: Vendor) -> None:
        """Insert or update by name."""
        self.save_vendors([vendor])

    def save_vendors(self, vendors: Iterable[Vendor]) -> None:
        """Insert or update by name, all of them or none."""
        made = [rows.vendor_row(vendor) for vendor in vendors]
        with self._writing() as connection:
            for row in made:
                upsert(connection, row)

    # --- the audit chain ---

    def record(self, actor: str, action: str, subject: str, facts: Mapping[str, str], at: datetime) -> None:
        """Append to the audit chain (agent.audit); concurrent writers wait for each other."""
        bare = Entry(0, at, actor, action, subject, tuple(facts.items()))
        with self._writing() as connection:
            row = connection.execute(select(col(AuditHeadRow.number), col(AuditHeadRow.hash)).with_for_update()).one()
            entry = sealed(Head(row.number, row.hash), bare)
            insert_rows(connection, [rows.entry_row(entry)])
            connection.execute(update(AuditHeadRow).values(number=entry.number, hash=entry.hash))

    def audit(self) -> Iterator[Entry]:
        """The whole chain, streamed in order; `agent.audit.verify` says whether it holds."""
        query = select_rows(AuditRow).order_by(col(AuditRow.number)).execution_options(yield_per=BATCH)
        with translated(self._name), undamaged(self._name), Session(self._engine) as session:
            for row in session.exec(query):
                yield rows.entry_value(row)

    def audit_head(self) -> Head:
        """The end of the chain as the last `record` left it; raise EnvironmentFault where somebody removed it."""
        found = self._all(AuditHeadRow, lambda row: Head(row.number, row.hash))
        if len(found) != 1:
            raise EnvironmentFault(
                f"{self._name}: {len(found)} heads of the audit log, not one", hint="restore a backup"
            )
        return found[0]

    # --- how ---

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(self._name), self._writer.begin() as connection:
            yield connection

    def _save(self, row: SQLModel) -> None:
        with self._writing() as connection:
            upsert(connection, row)

    def _all(self, table: type[Row], value: Callable[[Row], Value], *where: ColumnElement[bool]) -> tuple[Value, ...]:
        with translated(self._name), undamaged(self._name), Session(self._engine) as session:
            return tuple(value(row) for row in session.exec(select_rows(table).where(*where)))


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[at : at + BATCH] for at in range(0, len(numbers), BATCH))


def _at(column: Any, wanted: str) -> tuple[ColumnElement[bool], ...]:
    return (col(column) == wanted,) if wanted else ()
