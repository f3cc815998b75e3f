"""Files to import, and their import into an office."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from people import Office, office

from agent.operations.context import Context
from agent.operations.importing import DEVICES, VENDORS, Imported, import_devices, import_vendors, read


def empty_office(home: Path) -> Office:
    """An office without devices, at the time of now."""
    made = office(home)
    made.clock.moment = datetime.now(UTC)
    return made


def put(here: Office, content: str | bytes, name: str = "register.csv") -> Path:
    path = here.home / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def devices(context: Context, path: Path, *mapping: str, dry_run: bool = False) -> Imported:
    return import_devices(context, read(context, path, DEVICES, mapping=mapping), dry_run=dry_run)


def vendors(context: Context, path: Path, *mapping: str, dry_run: bool = False, sheet: str = "") -> Imported:
    return import_vendors(context, read(context, path, VENDORS, mapping=mapping, sheet=sheet), dry_run=dry_run)


def book(*rows: Sequence[Any], title: str = "清冊", change: Callable[[Workbook], None] = lambda made: None) -> bytes:
    made = Workbook()
    assert made.active is not None
    made.active.title = title
    for row in rows:
        made.active.append(list(row))
    change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
