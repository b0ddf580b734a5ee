"""What a server counts, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as written

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Requests, their time, batches and what waits; by model."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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

    def watch(self, model: str, waiting: Callable[[], int], version: Callable[[], int]) -> None:
        """Ask for what waits, and for the version, when the figures are read."""
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
