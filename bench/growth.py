"""How the log of a year grows and what retention leaves of it: `python -m bench.growth [--devices N] [--runs N]`."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from agent.operations.retention import periods_between
from agent.resolve.thin import redundant
from agent.store.repository import open_store
from bench.inventory import SITE, observations, run_starts
from bench.measure import timed

KEPT_DAYS = 180


def main() -> None:
    """Fill a file with daily runs, thin it as of the day after the last one, print a row for each state."""
    words = argparse.ArgumentParser(description="Measure the growth of the log.")
    words.add_argument("--devices", type=int, default=100)
    words.add_argument("--runs", type=int, default=365)
    given = words.parse_args()
    starts = run_starts(given.runs)
    now = starts[-1] + timedelta(days=1)
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "inventory.db")
        with closing(open_store(path, create=True)) as store:
            store.append("r", observations(given.devices, given.runs))
            store.compact()
            log = tuple(store.numbered(SITE))
            show("all", len(log), store.size(), given.devices)
            before = now - timedelta(days=KEPT_DAYS)
            periods = periods_between(starts[0], now)
            seconds, gone = timed(lambda: redundant(log, starts, before, periods))
            old = sum(seen.seen < before for _, seen in log)
            store.forget(gone)
            store.compact()
            left = len(log) - len(gone)
            show(f"thinned beyond {KEPT_DAYS} days", left, store.size(), given.devices)
            print(f"of {old:,} older observations {old - len(gone):,} stay; found in {seconds:.1f} s")


def show(what: str, rows: int, octets: int, devices: int) -> None:
    """One state of the file."""
    each = f"{octets / rows:.0f} octets each, {rows / devices:.0f} a device"
    print(f"{what}: {rows:,} observations, {octets / 1e6:.1f} MB, {each}")


if __name__ == "__main__":
    main()
