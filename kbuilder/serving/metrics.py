"""What a server counts, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as written
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
TYPE = CONTENT_TYPE_LATEST


class Unknown(Collector):
    """Values that the version that is served does not know, by model and column."""

    def __init__(self) -> None:
        self.asked: dict[str, Callable[[], Mapping[str, int]]] = {}

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "kbuilder_unknown_values", "Values that the version that is served does not know.",
            labels=("model", "column"),
        )  # fmt: skip
        for model, ask in self.asked.items():
            for column, count in dict(ask()).items():
                family.add_metric((model, column), count)
        yield family


class Metrics:
    """Requests, their time, batches and what waits; by model."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.unknown = Unknown()
        self.registry.register(self.unknown)
        self.requests = Counter(
            "kbuilder_requests", "Requests for predictions, by their status.",
            ("model", "protocol", "code"), registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "kbuilder_request_seconds", "From the head of a request to its answer.",
            ("model",), buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.rows = Histogram(
            "kbuilder_batch_rows", "Rows that were answered together.",
            ("model",), buckets=ROWS, registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "kbuilder_waiting_rows", "Rows that wait.", ("model",), registry=self.registry
        )
        self.version = Gauge(
            "kbuilder_model_version", "The version that is served.", ("model",),
            registry=self.registry,
        )  # fmt: skip

    def watch(
        self,
        model: str,
        waiting: Callable[[], int],
        version: Callable[[], int],
        unknown: Callable[[], Mapping[str, int]],
    ) -> None:
        """Ask for what waits, the version, and the unknown values by column, as they are read."""
        self.unknown.asked[model] = unknown
        self.waiting.labels(model).set_function(waiting)
        self.version.labels(model).set_function(version)

    def asked(self, model: str, protocol: str, code: int, started: float) -> None:
        """Count a request that began at `time.perf_counter()` of `started`."""
        counter, histogram = self._of(model, protocol, code)
        counter.inc()
        histogram.observe(time.perf_counter() - started)

    @cache  # noqa: B019 - there is one for as long as the process serves
    def _of(self, model: str, protocol: str, code: int) -> tuple[Counter, Histogram]:
        """Looking them up by their labels takes longer than counting."""
        return self.requests.labels(model, protocol, str(code)), self.seconds.labels(model)

    def text(self) -> bytes:
        """All figures."""
        return written(self.registry)
