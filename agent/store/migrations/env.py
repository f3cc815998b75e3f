"""What Alembic runs: the migrations, on the connection and in the transaction that agent.store.schema opened."""

from __future__ import annotations

from alembic import context

from agent.store.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
