"""Spans as OTLP/protobuf."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from traced.forward.protobuf import Partial, encode, partial_success
from traced.telemetry.spans import STATUS_ERROR, Span

ROOT = Span(b"t" * 16, b"r" * 8, None, "invoke_agent x", 1, 2, {"a": "b", "n": -1, "f": 0.5})
CHILD = Span(b"t" * 16, b"c" * 8, b"r" * 8, "Bash", 1, 2, {}, status=STATUS_ERROR, message="no")


def test_a_span_keeps_all_that_it_says() -> None:
    """Read with the messages that every backend reads it with."""
    request = ExportTraceServiceRequest.FromString(encode([ROOT, CHILD], {"host.name": "h"}, "1.2"))

    (of,) = request.resource_spans
    (scope,) = of.scope_spans
    root, child = scope.spans
    assert [(each.key, each.value.string_value) for each in of.resource.attributes] == [
        ("host.name", "h")
    ]
    assert (scope.scope.name, scope.scope.version) == ("traced", "1.2")
    assert (root.trace_id, root.span_id, root.parent_span_id) == (b"t" * 16, b"r" * 8, b"")
    assert (root.name, root.kind, root.status.code) == ("invoke_agent x", 1, 0)
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (1, 2)
    values = {each.key: each.value for each in root.attributes}
    assert values["a"].string_value == "b"
    assert values["n"].int_value == -1
    assert values["f"].double_value == 0.5
    assert child.parent_span_id == b"r" * 8
    assert (child.status.code, child.status.message) == (2, "no")


def test_what_was_not_taken_is_read() -> None:
    """A warning comes with no span rejected; an empty answer says that all is well."""
    answers = [
        ExportTracePartialSuccess(rejected_spans=2, error_message="too old"),
        ExportTracePartialSuccess(error_message="deprecated"),
    ]
    bodies = [
        ExportTraceServiceResponse(partial_success=each).SerializeToString() for each in answers
    ]

    assert [partial_success(body) for body in bodies] == [
        Partial(2, "too old"),
        Partial(0, "deprecated"),
    ]
    assert partial_success(b"") is None
    assert partial_success(b"\xff<html>") is None
