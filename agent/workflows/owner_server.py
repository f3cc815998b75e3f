"""Ownership of a site whose inventory is on PostgreSQL: an advisory lock of the session, which the server takes back
when the connection is gone. Who holds it stands in the session's application_name.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from agent.config import Config
from agent.model.errors import EnvironmentFault
from agent.workflows.owner import Owner

NAME_BYTES = 63
"""What PostgreSQL keeps of an application_name (NAMEDATALEN - 1)."""

_HOLDER = """
SELECT activity.application_name FROM pg_locks AS lock JOIN pg_stat_activity AS activity USING (pid)
WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND lock.classid = %s::bigint::oid AND lock.objid = %s::bigint::oid
"""


def key(site: str) -> int:
    """The lock's number: 64 bits of the site's name, as a positive bigint."""
    return int.from_bytes(hashlib.sha256(f"lanward owner {site}".encode()).digest()[:8], "big") >> 1


class ServerLock:
    """See agent.workflows.owner.Lock; raise EnvironmentFault where the server does not answer."""

    def __init__(self, config: Config) -> None:
        try:
            import psycopg
        except ModuleNotFoundError:
            raise EnvironmentFault(
                "PostgreSQL needs the Python module psycopg", hint="install lanward with its extra postgres"
            ) from None
        self._key = key(config.site)
        url = config.database.replace("postgresql+psycopg://", "postgresql://", 1)
        try:
            self._connection = psycopg.connect(url, autocommit=True, application_name="lanward")
        except psycopg.Error as error:
            raise EnvironmentFault(
                f"{config.database}: {str(error).strip().splitlines()[0]}",
                hint="check that the server runs and lets this user in",
            ) from None

    def take(self, me: Owner) -> bool:
        """See Lock."""
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone()
        if not row or not row[0]:
            return False
        self._connection.execute("SELECT set_config('application_name', %s, false)", (written(me),))
        return True

    def free(self) -> bool:
        """See Lock."""
        return self._name() is None

    def holder(self) -> Owner | None:
        """See Lock; None where the server does not say, as to another role than the holder's."""
        return read(self._name() or "")

    def _name(self) -> str | None:
        row = self._connection.execute(_HOLDER, (self._key >> 32, self._key & 0xFFFF_FFFF)).fetchone()
        return str(row[0]) if row else None

    def close(self) -> None:
        """See Lock."""
        self._connection.close()


def written(me: Owner) -> str:
    """An owner as an application_name, which only ASCII survives; the host is cut to what is left."""
    since = int(datetime.fromisoformat(me.since).timestamp())
    text = f"lanward|{me.pid}|{me.doing}|{since}|{me.version}|{me.host}"
    return text.encode("ascii", "replace")[:NAME_BYTES].decode()


def read(name: str) -> Owner | None:
    """The owner that an application_name tells of, or None."""
    parts = name.split("|")
    if len(parts) != 6 or not (parts[1].isdigit() and parts[3].isdigit()):
        return None
    since = datetime.fromtimestamp(int(parts[3]), UTC).isoformat(timespec="seconds")
    return Owner(int(parts[1]), parts[2], since, parts[4], parts[5])
