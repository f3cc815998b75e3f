"""The tables. Rows are for `agent.store` alone: they do not validate, and they never leave it.

Nested values are canonical JSON texts (agent.store.codec), replaced as a whole: an edit in place would be lost.
"""

from __future__ import annotations

import json
from datetime import date, datetime

from sqlalchemy import BigInteger, Index, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

_ESCAPED = "\ue000"
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")


class AnyText(TypeDecorator[str]):
    """Text as a device sent it, NUL and lone surrogates too, which PostgreSQL and UTF-8 refuse.

    Such a text, and one that begins with the mark U+E000 itself, is kept as the mark and its JSON form.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text to store."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return _ESCAPED + json.dumps(value) if _needs_escape(value) else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it was given."""
        return value if value is None else unescaped(value)


def unescaped(value: str) -> str:
    """The text that AnyText keeps in this form."""
    return str(json.loads(value[1:])) if value.startswith(_ESCAPED) else value


def _needs_escape(value: str) -> bool:
    return "\0" in value or value.startswith(_ESCAPED) or any("\ud800" <= c <= "\udfff" for c in value)


class ObservationRow(SQLModel, table=True):
    """The log; `id` is the order of writing."""

    __tablename__ = "observation"
    __table_args__ = (
        Index("ix_observation_site", "site", "id"),
        Index("ix_observation_run", "run", "id"),
        Index("ix_observation_address", "address", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_COUNTER)
    run: str = Field(sa_type=AnyText)
    source: str = Field(sa_type=AnyText)
    seen: datetime
    site: str = Field(sa_type=AnyText)
    address: str = Field(sa_type=AnyText)
    attribute: str = Field(sa_type=AnyText)
    value: str = Field(sa_type=AnyText)
    confidence: int
    raw: str = Field(sa_type=AnyText)
    vlan: int | None
    interface: str = Field(sa_type=AnyText)


class DeviceRow(SQLModel, table=True):
    """The register as the last resolution left it: the device as JSON, beside it what people search by.

    Most of a device is its evidence, which only its own screen shows: lists are read without it.
    """

    __tablename__ = "device"

    site: str = Field(primary_key=True, sa_type=AnyText)
    id: str = Field(primary_key=True, sa_type=AnyText)
    device_class: str = Field(sa_type=AnyText)
    status: str = Field(sa_type=AnyText)
    vendor: str = Field(sa_type=AnyText)
    model: str = Field(sa_type=AnyText)
    firmware: str = Field(sa_type=AnyText)
    serial: str = Field(sa_type=AnyText)
    hostname: str = Field(sa_type=AnyText)
    first_seen: datetime
    last_seen: datetime
    document: str = Field(sa_type=Text)
    evidence: str = Field(sa_type=Text)


class RunRow(SQLModel, table=True):
    """Discovery runs."""

    __tablename__ = "run"

    id: str = Field(primary_key=True, sa_type=AnyText)
    site: str = Field(index=True, sa_type=AnyText)
    profile: str = Field(sa_type=AnyText)
    state: str = Field(sa_type=AnyText)
    started: datetime
    ended: datetime | None
    hosts: int
    scopes: str = Field(sa_type=Text)
    finished: str = Field(sa_type=Text)
    not_scanned: str = Field(sa_type=Text)
    errors: str = Field(sa_type=Text)


class AssessedRow(SQLModel, table=True):
    """When each site was last assessed, also where that found nothing."""

    __tablename__ = "assessed"

    site: str = Field(primary_key=True, sa_type=AnyText)
    made: datetime


class FindingRow(SQLModel, table=True):
    """The findings of each site's last assessment."""

    __tablename__ = "finding"

    id: int | None = Field(default=None, primary_key=True, sa_type=_COUNTER)
    site: str = Field(index=True, sa_type=AnyText, foreign_key="assessed.site")
    device: str = Field(sa_type=AnyText)
    rule: str = Field(sa_type=AnyText)
    clause: str = Field(sa_type=AnyText)
    status: str = Field(sa_type=AnyText)
    reason: str = Field(sa_type=AnyText)
    evidence: str = Field(sa_type=Text)
    waiver: str = Field(sa_type=AnyText)


class ChangeRow(SQLModel, table=True):
    """Changes; `plan` is the whole plan and is never rewritten."""

    __tablename__ = "change"

    id: str = Field(primary_key=True, sa_type=AnyText)
    state: str = Field(sa_type=AnyText)
    digest: str = Field(sa_type=AnyText)
    plan: str = Field(sa_type=Text)
    requester: str = Field(sa_type=AnyText)
    created: datetime
    approver: str = Field(sa_type=AnyText)
    approved: datetime | None
    ticket: str = Field(sa_type=AnyText)


class ReceiptRow(SQLModel, table=True):
    """What really happened, one row a change and switch."""

    __tablename__ = "receipt"

    change: str = Field(primary_key=True, sa_type=AnyText)
    switch: str = Field(primary_key=True, sa_type=AnyText)
    state: str = Field(sa_type=AnyText)
    started: datetime
    ended: datetime
    steps: str = Field(sa_type=Text)
    before: str = Field(sa_type=AnyText)
    after: str = Field(sa_type=AnyText)
    undo_file: str = Field(sa_type=AnyText)


class QualificationRow(SQLModel, table=True):
    """Which switch models and releases were seen to behave."""

    __tablename__ = "qualification"

    platform: str = Field(primary_key=True, sa_type=AnyText)
    model: str = Field(primary_key=True, sa_type=AnyText)
    release: str = Field(primary_key=True, sa_type=AnyText)
    switch: str = Field(sa_type=AnyText)
    passed: bool
    at: datetime
    results: str = Field(sa_type=Text)


class WaiverRow(SQLModel, table=True):
    """Exceptions."""

    __tablename__ = "waiver"

    id: str = Field(primary_key=True, sa_type=AnyText)
    device: str = Field(index=True, sa_type=AnyText)
    kind: str = Field(sa_type=AnyText)
    clauses: str = Field(sa_type=Text)
    controls: str = Field(sa_type=Text)
    requester: str = Field(sa_type=AnyText)
    state: str = Field(sa_type=AnyText)
    expires: date
    approver: str = Field(sa_type=AnyText)
    replacement: date | None
    reason: str = Field(sa_type=AnyText)
    requested: datetime | None
    approved: datetime | None
    note: str = Field(sa_type=AnyText)
    follows: str = Field(sa_type=AnyText)


class VendorRow(SQLModel, table=True):
    """Vendors' undertakings."""

    __tablename__ = "vendor"

    name: str = Field(primary_key=True, sa_type=AnyText)
    contact: str = Field(sa_type=AnyText)
    contract_from: date | None
    contract_to: date | None
    service_undertakings: str = Field(sa_type=AnyText)
    update_period: str = Field(sa_type=AnyText)
    reports_vulnerabilities: bool | None
    action_plan: str = Field(sa_type=AnyText)
    labels: str = Field(sa_type=Text)
    tests: str = Field(sa_type=Text)


class AuditRow(SQLModel, table=True):
    """The audit chain (agent.audit)."""

    __tablename__ = "audit"

    number: int = Field(primary_key=True, sa_type=_COUNTER, sa_column_kwargs={"autoincrement": False})
    at: datetime
    actor: str = Field(sa_type=AnyText)
    action: str = Field(sa_type=AnyText)
    subject: str = Field(sa_type=AnyText)
    facts: str = Field(sa_type=Text)
    hash: str = Field(sa_type=Text)


class AuditHeadRow(SQLModel, table=True):
    """The end of the chain: one row, whose lock orders the writers on PostgreSQL."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(sa_type=_COUNTER)
    hash: str = Field(sa_type=Text)


TABLES = tuple(sorted(SQLModel.metadata.tables))
"""The names of all tables but Alembic's own."""
