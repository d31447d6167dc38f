"""Numbers for Prometheus. Labels are names of routes and databases: nothing that a client chooses.

A token for some databases is told of no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import wizard

if TYPE_CHECKING:
    from wizard.api.admission import Admission
    from wizard.api.databases import DatabaseView

CONTENT_TYPE = CONTENT_TYPE_LATEST
# The time at which each counter began is noise here. (Not typed by the library.)
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Counters of this process, and what is true at the moment of the question."""

    def __init__(self, admission: Admission, views: Mapping[str, DatabaseView]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "datafold_http_requests", "Requests.", ("method", "route", "status"),
            registry=self._registry,
        )  # fmt: skip
        self._wrong = Counter(
            "datafold_wrong_passphrases", "Wrong passphrases.", ("database",),
            registry=self._registry,
        )  # fmt: skip
        self._registry.register(_Now(admission, views))
        for name in views:
            self._wrong.labels(name)

    def request(self, method: str, route: str, status: int) -> None:
        """Count an answer."""
        self._requests.labels(method, route, str(status)).inc()

    def wrong_passphrase(self, database: str) -> None:
        """Count a wrong passphrase."""
        self._wrong.labels(database).inc()

    def render(self, sees: Callable[[str], bool]) -> bytes:
        """Return the text format, without the databases that are not seen."""
        return generate_latest(_Seen(self._registry, sees))


class _Seen(Collector):
    def __init__(self, registry: CollectorRegistry, sees: Callable[[str], bool]) -> None:
        self._registry = registry
        self._sees = sees

    def collect(self) -> Iterable[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample
                for sample in metric.samples
                if "database" not in sample.labels or self._sees(sample.labels["database"])
            ]
            yield metric


class _Now(Collector):
    def __init__(self, admission: Admission, views: Mapping[str, DatabaseView]) -> None:
        self._admission = admission
        self._views = views

    def collect(self) -> Iterable[GaugeMetricFamily]:
        version = GaugeMetricFamily("datafold_build_info", "Version.", labels=("version",))
        version.add_metric((wizard.__version__,), 1)
        yield version
        for name, words, kib in (
            ("datafold_memory_budget_bytes", "For key derivations.", self._admission.budget_kib),
            ("datafold_memory_admitted_bytes", "In use by them.", self._admission.in_use_kib),
            (
                "datafold_memory_admitted_highest_bytes",
                "In use at the most, since the start.",
                self._admission.highest_kib,
            ),
        ):
            yield GaugeMetricFamily(name, words, value=kib * 1024)
        yield GaugeMetricFamily(
            "datafold_derivations_waiting", "Wait for memory.", value=self._admission.waiting
        )
        states = GaugeMetricFamily(
            "datafold_database_state", "1 for the state it is in.", labels=("database", "state")
        )
        generations = GaugeMetricFamily(
            "datafold_database_generation", "Of its master key.", labels=("database",)
        )
        for name, view in self._views.items():
            found = view.look().inspection
            states.add_metric((name, found.state.value), 1)
            if found.metadata is not None:
                generations.add_metric((name,), found.metadata.generation)
        yield states
        yield generations
