"""Lease files of DHCP servers into the log: who holds which address, by what name, reserved or not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from agent.imports.leases import Lease, LeaseFile, read_leases
from agent.imports.table import MOST_OCTETS, Refusal, refusal
from agent.model.errors import BadInput
from agent.model.observation import ALIVE, HOSTNAME, LEASE, LEASED_TO, Observation
from agent.operations import roles
from agent.operations.context import Context
from agent.operations.importing import Imported
from agent.operations.register import rebuild

SOURCE = "leases"


def import_leases(context: Context, file: Path, *, dry_run: bool = False) -> Imported:
    """Keep what one file says; raise BadInput, with the file's name, for one of no known server.

    A lease is no sign that a device is there now. Where the file tells when the client last spoke with the server, the
    device was there then; else it is in the register from the time when something is seen of it.
    """
    roles.require_hand(context, "import leases")
    octets = _octets(file)
    try:
        found = read_leases(octets)
    except BadInput as error:
        raise BadInput(f"{file}: {error.message}", hint=error.hint) from None
    ours, refused = _ours(context, found)
    known = {o for o in context.store().observations(context.config.site) if o.source == SOURCE} if ours else set()
    said = [tuple(o for o in observations(context, lease) if o not in known) for lease in ours]
    fresh = sum(1 for one in said if one)
    if fresh and not dry_run:
        context.store().append_whole("", [o for one in said for o in one])
        digest = hashlib.sha256(octets).hexdigest()
        facts = {"imported": str(fresh), "refused": str(len(refused)), "sha256": digest, "form": found.form}
        context.store().record(context.actor, "import.leases", file.name, facts, context.clock.now())
        rebuild(context)
    return Imported(str(file), found.form, fresh, len(ours) - fresh, tuple(sorted(refused)), ())


def _octets(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_OCTETS + 1)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from None


def _ours(context: Context, found: LeaseFile) -> tuple[tuple[Lease, ...], tuple[Refusal, ...]]:
    scope = context.config.scope
    outside = {lease for lease in found.leases if scope.subnets and lease.address not in scope}
    refused = [refusal(o.row, "address", str(o.address), "is outside the scope") for o in outside]
    return tuple(o for o in found.leases if o not in outside), (*found.refused, *refused)


def observations(context: Context, lease: Lease) -> Iterator[Observation]:
    """What a lease says: at the time when the client was heard, when it ended, or else now."""
    now, site = context.clock.now(), context.config.site
    seen = min(lease.heard or lease.ends or now, now)
    yield Observation(SOURCE, seen, site, lease.address, LEASED_TO, str(lease.mac), 90)
    if lease.hostname:
        yield Observation(SOURCE, seen, site, lease.mac, HOSTNAME, lease.hostname, 60)
    if lease.reserved is not None:
        yield Observation(SOURCE, seen, site, lease.mac, LEASE, "reserved" if lease.reserved else "dynamic", 95)
    if lease.heard and lease.heard <= now:
        yield Observation(SOURCE, seen, site, lease.mac, ALIVE, "dhcp", 90)
