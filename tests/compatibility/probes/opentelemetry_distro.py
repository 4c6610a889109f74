# mypy: disable-error-code="import-not-found, import-untyped"
"""Instrumentation that is found by entry points, as `opentelemetry-instrument` does.

That starts a program with a `sitecustomize` of its own in front, which does no more
than to call `initialize`.
"""

from __future__ import annotations

import http.server
import logging
import os
import sys
import threading

from importlib.metadata import EntryPoint
from importlib.metadata import entry_points
from types import ModuleType

import urllib3
import wrapt

from opentelemetry import metrics
from opentelemetry import propagate
from opentelemetry import trace
from opentelemetry.instrumentation.auto_instrumentation import initialize
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv.resource import ResourceAttributes


HOOKED = ("grpc", "google.protobuf")


def probe() -> object:
    # Nobody listens there, and there is nothing to be sent while this runs.
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
    os.environ["OTEL_BSP_SCHEDULE_DELAY"] = "3600000"
    os.environ["OTEL_METRIC_EXPORT_INTERVAL"] = "3600000"
    os.environ["OTEL_SERVICE_NAME"] = "my-app"
    for name in HOOKED:  # agents register hooks for what is imported later
        wrapt.register_post_import_hook(_mark, name)
    initialize(swallow_exceptions=False)
    provider = trace.get_tracer_provider()
    spans = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    headers = _request()
    found = entry_points()
    logging.getLogger("my_app").warning("said")
    return {
        "entry points": {
            group: sorted(
                f"{each.name}: {_loaded(each)}" for each in found.select(group=group)
            )
            for group in sorted(found.groups)
            if group.startswith("opentelemetry_")
        },
        "providers": [type(provider).__module__, _module(metrics.get_meter_provider())],
        "service": provider.resource.attributes[ResourceAttributes.SERVICE_NAME],
        "exporters": [
            _module(each.span_exporter)
            for each in provider._active_span_processor._span_processors
        ],
        "spans": [
            [each.name, each.kind.name, each.attributes.get("http.method")]
            for each in spans.get_finished_spans()
        ],
        "propagated": [each in headers for each in ("traceparent", "baggage")],
        "fields": sorted(propagate.get_global_textmap().fields),
        "hooked": [hasattr(sys.modules.get(each), "marked_by_hook") for each in HOOKED],
        "wrapped": type(urllib3.HTTPConnectionPool.urlopen).__name__,
    }


def _mark(module: ModuleType) -> None:
    module.marked_by_hook = True  # type: ignore[attr-defined]


def _module(found: object) -> str:
    return type(found).__module__


def _loaded(entry_point: EntryPoint) -> str:
    found = entry_point.load()
    return found.__name__ if isinstance(found, ModuleType) else str(found)


def _request() -> set[str]:
    """Asks a server in another thread; returns which headers it has been sent."""
    sent: set[str] = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.update(name.lower() for name in self.headers)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        urllib3.PoolManager().request("GET", f"http://127.0.0.1:{server.server_port}/")
        thread.join()
    return sent
