"""What resolving a log takes in time and memory: `python -m bench.resolving [--devices N] [--runs N] [FILE]`."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from contextlib import closing
from pathlib import Path

from agent.bulk import uncollected
from agent.identify import load
from agent.resolve import resolve
from agent.store.repository import SqlStore, open_store
from bench.inventory import SITE, observations, run_starts


def main() -> None:
    """Fill a new file, or take the one that is named and holds such a log already, and resolve it once."""
    words = argparse.ArgumentParser(description="Measure the resolution of a log.")
    words.add_argument("file", nargs="?", default="")
    words.add_argument("--devices", type=int, default=100_000)
    words.add_argument("--runs", type=int, default=2)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = given.file or str(Path(directory) / "inventory.db")
        is_new = not Path(path).exists()
        with closing(open_store(path, create=True)) as store:
            if is_new:
                store.append("r", observations(given.devices, given.runs))
            resolved(store, given.runs)


def resolved(store: SqlStore, runs: int) -> None:
    """Print how long it took and the most memory that this process ever had."""
    starts = run_starts(runs)
    wall, cpu = time.perf_counter(), time.process_time()
    with uncollected(), store.log(SITE, starts[-1].replace(hour=23)) as log:
        devices = resolve(log, load(), site=SITE, runs=starts)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{len(devices):,} devices: {wall:.1f} s, {cpu:.1f} s of CPU, peak {peak:,} MiB")


if __name__ == "__main__":
    main()
