"""A device's evidence in a column of its own: lists of devices are read without it."""

from __future__ import annotations

import json
from itertools import islice

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BATCH = 1000


def upgrade() -> None:
    """Add the column, and move what the documents hold."""
    with op.batch_alter_table("device") as table:
        table.add_column(sa.Column("evidence", sa.Text(), nullable=False, server_default="[]"))
    device = sa.table("device", *(sa.column(name, sa.Text()) for name in ("site", "id", "document", "evidence")))
    connection = op.get_bind()
    moved = (
        sa.update(device)
        .where(device.c.site == sa.bindparam("of_site"), device.c.id == sa.bindparam("of_id"))
        .values(document=sa.bindparam("new_document"), evidence=sa.bindparam("new_evidence"))
    )
    rows = iter(connection.execute(sa.select(device.c.site, device.c.id, device.c.document)).all())
    while batch := list(islice(rows, _BATCH)):
        connection.execute(moved, [_parts(*row) for row in batch])
    with op.batch_alter_table("device") as table:
        table.alter_column("evidence", server_default=None)


def _parts(site: str, identifier: str, text: str) -> dict[str, str]:
    document = json.loads(text)
    evidence, document["evidence"] = document["evidence"], []
    return {
        "of_site": site,
        "of_id": identifier,
        "new_document": json.dumps(document, sort_keys=True, separators=(",", ":")),
        "new_evidence": json.dumps(evidence, sort_keys=True, separators=(",", ":")),
    }
