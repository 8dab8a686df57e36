"""What is counted while the server runs, for Prometheus; nothing here is about one person.

Each process counts for itself; those that serve together are shown together. Labels are words of
ours, verdicts and names of errors, never what somebody sent, so that there are no more series than
those.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from genregenie.web.serving.telemetry import span

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # memory, processor time, open files


def _counter(name: str, about: str, label: str) -> Counter:
    return Counter(f"genregenie_{name}", about, [label], registry=REGISTRY)


CLIPS: Final = _counter("clips", "Clips that were listened to", "verdict")
CLIP_SECONDS: Final = Histogram(
    "genregenie_clip_seconds",
    "How long listening to a clip took, without the time in the queue",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
    registry=REGISTRY,
)
ERRORS: Final = _counter("errors", "What the server was to blame for", "kind")
LOGINS: Final = _counter("logins", "Tries to log in", "outcome")
API: Final = _counter("api", "Calls of programs that were let in", "call")
TOKENS: Final = _counter("tokens", "Requests of programs with a token", "outcome")
SPOTIFY: Final = _counter("spotify", "Answers of Spotify, or why there was none", "state")
REQUESTS: Final = _counter("requests", "Requests that were answered", "status")
TURNED_AWAY: Final = _counter("turned_away", "Connections and requests without a place", "reason")
_QUEUE: Final = Gauge(
    "genregenie_queue", "Events that wait for a place to work in", registry=REGISTRY
)
_CONNECTIONS: Final = Gauge("genregenie_connections", "Open connections", registry=REGISTRY)


def watch(queue: Callable[[], int], connections: Callable[[], int]) -> None:
    """Have two lengths looked up whenever somebody asks."""
    _QUEUE.set_function(queue)
    _CONNECTIONS.set_function(connections)


def text() -> bytes:
    """All of it, in Prometheus' own format."""
    return generate_latest(REGISTRY)


def together(texts: Mapping[str, bytes]) -> bytes:
    """What several servers have counted, each sample with the name of its server.

    Parameters
    ----------
    texts : mapping
        What `text` gave at each server, by its name.
    """
    families: dict[str, Metric] = {}
    for server, told in sorted(texts.items()):
        for family in text_string_to_metric_families(told.decode()):
            kept = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            kept.samples += [
                sample._replace(labels={**sample.labels, "server": server})
                for sample in family.samples
            ]
    return generate_latest(_Collected(list(families.values())))


class _Collected(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        """What it was made of."""
        return self._families


class Clip:
    """A clip that is being listened to; its verdict is put here once it is known."""

    verdict: str = "refused"


@contextlib.contextmanager
def clip() -> Iterator[Clip]:
    """Count a clip, and how long it takes: the time within the block."""
    heard, begun = Clip(), time.perf_counter()
    with span("listen to a clip") as about:
        try:
            yield heard
        except GeneratorExit:  # whoever asked has gone
            heard.verdict = "given up"
            raise
        finally:
            CLIPS.labels(heard.verdict).inc()
            CLIP_SECONDS.observe(time.perf_counter() - begun)
            about["genregenie.verdict"] = heard.verdict


@contextlib.contextmanager
def login() -> Iterator[None]:
    """Count a try to log in: ``in``, or the name of the error that the block ends with."""
    try:
        yield
    except Exception as error:
        LOGINS.labels(type(error).__name__).inc()
        raise
    LOGINS.labels("in").inc()
