"""The first schema: the log, the register, findings, changes, receipts, waivers, vendors and the audit chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from agent.audit import GENESIS

revision = "0001"
down_revision = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), primary_key=True) for name in names]


def upgrade() -> None:
    """Make all tables."""
    _discovery()
    _judgement()
    _changes()
    _register()
    _audit()


def _discovery() -> None:
    op.create_table(
        "observation",
        sa.Column("id", _COUNTER, primary_key=True),
        *_text("run", "source"),
        sa.Column("seen", _TIME, nullable=False),
        *_text("site", "address", "attribute", "value"),
        sa.Column("confidence", sa.Integer(), nullable=False),
        *_text("raw"),
        sa.Column("vlan", sa.Integer()),
        *_text("interface"),
    )
    for column in ("site", "run", "address"):
        op.create_index(f"ix_observation_{column}", "observation", [column, "id"])
    op.create_table(
        "run",
        *_key("id"),
        *_text("site", "profile", "state"),
        sa.Column("started", _TIME, nullable=False),
        sa.Column("ended", _TIME),
        sa.Column("hosts", sa.Integer(), nullable=False),
        *_text("scopes", "finished", "not_scanned", "errors"),
    )
    op.create_index("ix_run_site", "run", ["site"])


def _judgement() -> None:
    op.create_table("assessed", *_key("site"), sa.Column("made", _TIME, nullable=False))
    op.create_table(
        "finding",
        sa.Column("id", _COUNTER, primary_key=True),
        sa.Column("site", sa.Text(), sa.ForeignKey("assessed.site"), nullable=False),
        *_text("device", "rule", "clause", "status", "reason", "evidence", "waiver"),
    )
    op.create_index("ix_finding_site", "finding", ["site"])
    op.create_table(
        "waiver",
        *_key("id"),
        *_text("device", "kind", "clauses", "controls", "requester", "state"),
        sa.Column("expires", sa.Date(), nullable=False),
        *_text("approver"),
        sa.Column("replacement", sa.Date()),
        *_text("reason"),
    )
    op.create_index("ix_waiver_device", "waiver", ["device"])


def _changes() -> None:
    op.create_table(
        "change",
        *_key("id"),
        *_text("state", "digest", "plan", "requester"),
        sa.Column("created", _TIME, nullable=False),
        *_text("approver"),
        sa.Column("approved", _TIME),
        *_text("ticket"),
    )
    op.create_table(
        "receipt",
        *_key("change", "switch"),
        *_text("state"),
        sa.Column("started", _TIME, nullable=False),
        sa.Column("ended", _TIME, nullable=False),
        *_text("steps", "before", "after", "undo_file"),
    )
    op.create_table(
        "qualification",
        *_key("platform", "model", "release"),
        *_text("switch"),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        *_text("results"),
    )


def _register() -> None:
    op.create_table(
        "device",
        *_key("site", "id"),
        *_text("device_class", "status", "vendor", "model", "firmware", "serial", "hostname"),
        sa.Column("first_seen", _TIME, nullable=False),
        sa.Column("last_seen", _TIME, nullable=False),
        *_text("document"),
    )
    op.create_table(
        "vendor",
        *_key("name"),
        *_text("contact"),
        sa.Column("contract_from", sa.Date()),
        sa.Column("contract_to", sa.Date()),
        *_text("service_undertakings", "update_period"),
        sa.Column("reports_vulnerabilities", sa.Boolean()),
        *_text("action_plan", "labels"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", _COUNTER, primary_key=True, autoincrement=False),
        sa.Column("at", _TIME, nullable=False),
        *_text("actor", "action", "subject", "facts", "hash"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", _COUNTER, nullable=False),
        *_text("hash"),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "hash": GENESIS}])
