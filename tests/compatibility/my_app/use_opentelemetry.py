# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import os

import opentelemetry

from my_app.facts import facts_of
from my_app.facts import submodules
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import export
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def handler(event: object, context: object) -> dict[str, object]:
    # The interface finds its implementation, another distribution's, by an entry point.
    os.environ["OTEL_PYTHON_TRACER_PROVIDER"] = "sdk_tracer_provider"
    provider = trace.get_tracer_provider()
    spans = InMemorySpanExporter()
    provider.add_span_processor(export.SimpleSpanProcessor(spans))
    with trace.get_tracer("my_app").start_as_current_span("work") as span:
        span.set_attribute("size", 3)
    return {
        "plugin": type(provider).__module__,
        "spans": [[s.name, dict(s.attributes)] for s in spans.get_finished_spans()],
        "in opentelemetry": submodules(opentelemetry),
        "facts": facts_of("opentelemetry-sdk", sdk, "export/__init__.py"),
    }
