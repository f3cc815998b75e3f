"""An exception's times, its end in words and what it renews; a vendor's tests before purchase."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns; what stands there keeps its meaning."""
    for name in ("requested", "approved"):
        op.add_column("waiver", sa.Column(name, sa.DateTime(timezone=True)))
    for name in ("note", "follows"):
        op.add_column("waiver", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("vendor", sa.Column("tests", sa.Text(), nullable=False, server_default="[]"))
