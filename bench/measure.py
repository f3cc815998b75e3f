"""How long lanward takes over a big inventory, beside plain SQL on the same database: `make bench`.

`python -m bench.measure [--devices N] [--runs N] [URL|PATH...]`; the databases must be new and empty. Figures are
seconds of wall clock; a ratio is lanward's time over that of the driver fetching or writing the same rows and doing
nothing with them.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from agent.bulk import uncollected
from agent.identify import load
from agent.language import ENGLISH
from agent.model.assessment import Assessment, Period, Since
from agent.model.device import Device
from agent.register_filter import DEVICES, parse
from agent.report import FORMATS
from agent.resolve import resolve
from agent.store.repository import SqlStore, open_store
from bench.inventory import FIRST_RUN, SITE, observations, run_starts

COLUMNS = "source, seen, site, address, attribute, value, confidence, raw, vlan, interface"
FILTER = "class:mfp vendor:ricoh port:9100 status:missing"
FILTER_SQL = (
    "SELECT id, document FROM device WHERE device_class = 'mfp' AND lower(vendor) = 'ricoh' AND status = 'missing'"
)


@dataclass
class Bench:
    """One database under measurement; `rows` are (what, lanward's seconds, plain SQL's seconds or None, a remark)."""

    url: str
    store: SqlStore
    rows: list[tuple[str, float, float | None, str]] = field(default_factory=list)

    def plain(self, query: str) -> float:
        """Seconds of the bare driver to fetch all rows of a query."""
        with closing(self.connect()) as raw:
            return timed(lambda: deplete(cursor(raw, query)))[0]

    def connect(self) -> Any:
        """The bare driver's connection."""
        if "://" not in self.url:
            return sqlite3.connect(self.url)
        import psycopg

        return psycopg.connect(self.url)

    def note(self, what: str, seconds: float, plain: float | None = None, remark: str = "") -> None:
        """Keep a figure, and show it at once."""
        self.rows.append((what, seconds, plain, remark))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{what}: {seconds:.2f} s {remark} (peak {peak} MiB)", file=sys.stderr, flush=True)


def cursor(raw: Any, query: str) -> Iterable[Any]:
    """The rows of a query, streamed."""
    if isinstance(raw, sqlite3.Connection):
        return raw.execute(query)
    named = raw.cursor(name="bench")
    named.itersize = 5000
    named.execute(query)
    return named  # type: ignore[no-any-return]  # psycopg says Any of a named cursor


def deplete(rows: Iterable[Any]) -> int:
    """Fetch all; how many."""
    return sum(1 for _ in rows)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of a piece of work, and what it gave."""
    gc.collect()
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(bench: Bench, devices: int, runs: int, register: tuple[Device, ...] = ()) -> tuple[Device, ...]:
    """All figures, in the order of an inventory's life; the register, which is resolved unless it is given."""
    _log(bench, devices, runs)
    register = register or _resolved(bench, runs)
    _register(bench, register)
    _found(bench)
    _exported(bench)
    return register


def _log(bench: Bench, devices: int, runs: int) -> None:
    count = devices * runs
    made, _ = timed(lambda: deplete(observations(devices, runs)))
    wrote, number = timed(lambda: bench.store.append("r", observations(devices, runs)))
    octets = bench.store.size() / number
    plain = _plain_insert(bench)
    bench.note("append the log", wrote - made, plain, f"{number:,} observations, {octets:.0f} octets each")
    read, _ = timed(lambda: deplete(bench.store.observations(SITE)))
    plain = bench.plain(f"SELECT {COLUMNS} FROM observation WHERE site = '{SITE}' ORDER BY id")
    bench.note("read the log", read, plain, f"{number / count:.1f} observations a device and run")


def _plain_insert(bench: Bench) -> float:
    """The database's own time to write such rows with their indexes: a copy within it, rolled back."""
    copy = f"INSERT INTO observation (run, {COLUMNS}) SELECT run || 'x', {COLUMNS} FROM observation"
    with closing(bench.connect()) as raw:
        seconds, _ = timed(lambda: raw.execute(copy))
        raw.rollback()
    return seconds


def _resolved(bench: Bench, runs: int) -> tuple[Device, ...]:
    starts = run_starts(runs)
    now = starts[-1].replace(hour=23)

    def work() -> tuple[Device, ...]:
        with bench.store.log(SITE, now) as log:
            return resolve(log, load(), site=SITE, runs=starts)

    with uncollected():
        seconds, register = timed(work)
    bench.note("resolve the log into the register", seconds, None, f"{len(register):,} devices")
    found: tuple[Device, ...] = register
    return found


def _register(bench: Bench, register: tuple[Device, ...]) -> None:
    seconds, _ = timed(lambda: bench.store.replace_devices(SITE, register))
    bench.note("write the register", seconds)
    seconds, devices = timed(lambda: bench.store.devices(SITE, evidence=False))
    plain = bench.plain(f"SELECT id, document FROM device WHERE site = '{SITE}'")
    bench.note("open the register", seconds, plain, "as lists and screens read it")
    assert len(devices) == len(register)
    del devices
    seconds, full = timed(lambda: bench.store.devices(SITE))
    plain = bench.plain(f"SELECT id, document, evidence FROM device WHERE site = '{SITE}'")
    bench.note("read it with all evidence", seconds, plain)
    assert full == register
    one = register[len(register) // 2].id
    seconds, _ = timed(lambda: bench.store.device(SITE, one))
    plain = bench.plain(f"SELECT id, document, evidence FROM device WHERE site = '{SITE}' AND id = '{one}'")
    bench.note("read one device", seconds, plain)


def _found(bench: Bench) -> None:
    devices = bench.store.devices(SITE, evidence=False)
    holds = parse(FILTER, DEVICES)
    seconds, found = timed(lambda: [device for device in devices if holds(device)])
    bench.note(f"filter `{FILTER}`", seconds, bench.plain(FILTER_SQL), f"{len(found):,} of {len(devices):,}")


def _exported(bench: Bench) -> None:
    devices = bench.store.devices(SITE, evidence=False)
    made = Assessment(
        SITE, Period.parse("2026H1"), FIRST_RUN, "bench", "", devices, (), (), (), (), (), (), Since(FIRST_RUN)
    )
    plain = bench.plain(f"SELECT * FROM device WHERE site = '{SITE}'")
    for name in ("csv", "json", "xlsx"):
        with tempfile.TemporaryDirectory() as directory:
            write = partial(FORMATS[name].write, made, ENGLISH, Path(directory), lambda _: None)
            seconds, _ = timed(write)
        bench.note(f"export the register as {name}", seconds, plain)


def table(rows: Sequence[tuple[str, float, float | None, str]]) -> str:
    """The figures in Markdown."""
    lines = ["| what | lanward, s | plain SQL, s | ratio | |", "|---|--:|--:|--:|---|"]
    for what, seconds, plain, remark in rows:
        ratio = f"{seconds / plain:.1f}" if plain else ""
        shown = f"{plain:.4g}" if plain else ""
        lines.append(f"| {what} | {seconds:.3g} | {shown} | {ratio} | {remark} |")
    return "\n".join(lines)


def main() -> None:
    """Measure as the command line says and print the table."""
    words = argparse.ArgumentParser(description="Measure lanward over a big inventory.")
    words.add_argument("databases", nargs="*", help="URLs or paths of new databases; a temporary file without")
    words.add_argument("--devices", type=int, default=100_000)
    words.add_argument("--runs", type=int, default=2)
    given = words.parse_args()
    register: tuple[Device, ...] = ()
    with tempfile.TemporaryDirectory() as directory:
        for url in given.databases or [str(Path(directory) / "inventory.db")]:
            with closing(open_store(url, create=True)) as store:
                bench = Bench(url, store)
                register = measure(bench, given.devices, given.runs, register)
            print(f"\n{url.partition(':')[0]}\n\n{table(bench.rows)}", flush=True)


if __name__ == "__main__":
    main()
