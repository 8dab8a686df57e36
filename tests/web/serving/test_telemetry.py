"""Traces say what the log says, and go where somebody collects them."""

import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genregenie.common.environment import SettingsError
from genregenie.web.serving import metrics, telemetry
from tests.web.servers import HTML, Server


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What is traced from now on."""
    collected = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(collected))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("tests"))
    return collected


def finished(spans: InMemorySpanExporter, names: set[str]) -> dict[str, dict[str, object]]:
    """Spans by name, as soon as there are these; a span ends after its answer has arrived."""
    for _ in range(200):
        told = {span.name: dict(span.attributes or {}) for span in spans.get_finished_spans()}
        if set(told) == names:
            return told
        time.sleep(0.02)
    raise AssertionError(f"There are {sorted(told)} instead of {sorted(names)}.")


def test_a_request_has_a_span_without_what_was_asked_for(
    server: Server, spans: InMemorySpanExporter
) -> None:
    wanted = {"GET /s/...", "GET /app/gradio_api/...", "GET /healthz"}
    with server.browser() as client:
        name = client.get("/s/a-secret-token?x=1", headers=HTML).headers["x-request-id"]
        client.get("/app/gradio_api/file=/tmp/my%20song.mp3", headers=HTML)
        client.get("/healthz")
    told = finished(spans, wanted)
    assert told["GET /s/..."] == {
        "http.request.method": "GET",
        "http.route": "/s/...",
        "http.response.status_code": 404,
        "genregenie.request": name,
    }


def test_a_clip_has_a_span_with_its_verdict(spans: InMemorySpanExporter) -> None:
    with metrics.clip() as counted:
        counted.verdict = "confident"
    with pytest.raises(ValueError, match="of its own"), metrics.clip():
        raise ValueError("of its own")
    told = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert [about["genregenie.verdict"] for about in told] == ["confident", "refused"]


@given(st.text(max_size=60))
def test_no_route_has_anything_that_somebody_sent(path: str) -> None:
    words = set(telemetry.route("/" + path)[1:].split("/"))
    assert words <= telemetry._WORDS | {"...", ""}


class Collector(BaseHTTPRequestHandler):
    """Takes what an exporter sends."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_they_arrive_where_the_environment_says(
    collector: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_tracer", None)
    address = f"http://127.0.0.1:{collector.server_address[1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    telemetry.set_up("a-1")
    with telemetry.span("listen to a clip"):
        pass
    telemetry.shut_down()
    ((path, body),) = collector.got  # type: ignore[attr-defined]
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    about = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert (about["service.name"], about["service.instance.id"]) == ("genregenie", "a-1")
    assert resource.scope_spans[0].spans[0].name == "listen to a clip"


def test_without_an_address_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_tracer", None)
    telemetry.set_up()
    with telemetry.span("anything") as about:
        about["x"] = 1
    assert telemetry._tracer is None


def test_an_address_without_the_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match=r"genregenie\[telemetry\]"):
        telemetry.set_up()
