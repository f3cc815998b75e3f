"""What Prometheus reads of the agent: counts of the register, of findings, runs, drift, queues, notices."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOSClient
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from agent.journal import note
from agent.model.errors import EnvironmentFault
from agent.model.run import Run, RunState
from agent.operations.context import Context
from agent.workflows.engine import here
from agent.workflows.following import unfinished
from agent.workflows.runs import last_drift

FRESH = timedelta(minutes=1)
"""How long counts of the register are good for, where no run has ended since: a big one takes seconds to read."""


@contextmanager
def serving(asked: DBOSClient, context: Context) -> Iterator[None]:
    """Answer Prometheus while this lasts, if a place for it is configured; raise EnvironmentFault where it is taken."""
    place = context.config.agent.metrics
    if not place:
        yield
        return
    host, _, port = place.rpartition(":")
    registry = CollectorRegistry()
    registry.register(Measured(asked, context))
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise EnvironmentFault(f"[agent] metrics {place}: {error.strerror}", hint="choose another port") from None
    note("metrics", at=f"http://{place}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class _Counts:
    """What was read of the register, and from which state of it."""

    at: datetime
    of: tuple[object, ...]
    devices: Counter[tuple[str, str]]
    findings: Counter[tuple[str, str]]


class Measured:
    """Reads at each scrape; what is costly to read is kept for a while."""

    def __init__(self, asked: DBOSClient, context: Context) -> None:
        self._asked = asked
        self._context = context
        self._counts: _Counts | None = None
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Nothing beforehand: reading takes a database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric, in the text format's terms."""
        runs = self._context.store().runs(self._context.config.site)
        counts = self._counted(runs[-1] if runs else None)
        yield _gauge("devices", "Devices of the register", ("class", "status"), counts.devices)
        yield _gauge("findings", "Findings of the last assessment", ("clause", "verdict"), counts.findings)
        yield from _last_run(runs)
        drift = Counter((one.kind.value,) for one in last_drift())
        yield _gauge("drift_ports", "Differences that the last comparison found", ("kind",), drift)
        waiting = Counter((one.status.lower(),) for one in unfinished(self._asked, self._context.config))
        yield _gauge("workflows", "Work of the agent that is not through", ("state",), waiting)
        failed = CounterMetricFamily("lanward_notices_failed", "Notices that did not arrive", labels=("notifier",))
        for name in here.notifiers:
            failed.add_metric((name,), here.notices_failed.get(name, 0))
        yield failed
        requests = CounterMetricFamily("lanward_requests", "Requests at the agent's socket", labels=("role",))
        for role, count in sorted(here.requests.items()):
            requests.add_metric((role,), count)
        yield requests

    def _counted(self, last: Run | None) -> _Counts:
        store, site, now = self._context.store(), self._context.config.site, self._context.clock.now()
        state = (last.id if last else "", last.ended if last else None, store.assessed(site))
        with self._lock:
            if not self._counts or self._counts.of != state or now - self._counts.at > FRESH:
                devices = Counter(
                    (one.device_class.value, one.status.value) for one in store.devices(site, evidence=False)
                )
                findings = Counter((one.clause, one.status.value) for one in store.findings(site))
                self._counts = _Counts(now, state, devices, findings)
            return self._counts


def _last_run(runs: tuple[Run, ...]) -> Iterator[Metric]:
    """State of the last run; time and duration of the last one that is through."""
    states = Counter({(state.value,): int(bool(runs) and runs[-1].state is state) for state in RunState})
    yield _gauge("last_run_state", "1 for the state of the last discovery", ("state",), states)
    through = [run for run in runs if run.state is RunState.DONE and run.ended]
    if through and through[-1].ended:
        started, ended = through[-1].started, through[-1].ended
        yield GaugeMetricFamily(
            "lanward_last_run_timestamp_seconds", "End of the last discovery that is through", ended.timestamp()
        )
        yield GaugeMetricFamily(
            "lanward_last_run_duration_seconds", "How long it took", (ended - started).total_seconds()
        )


def _gauge(name: str, words: str, labels: tuple[str, ...], counts: Counter[Any]) -> Metric:
    made = GaugeMetricFamily(f"lanward_{name}", words, labels=labels)
    for values, count in sorted(counts.items()):
        made.add_metric(values, count)
    return made
