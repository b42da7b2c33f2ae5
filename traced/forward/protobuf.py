"""
Spans as OTLP/protobuf, and what a backend answers in it.

Law: the messages are those of opentelemetry-proto; of an answer only what is asked for is read, and
what is none of them is None.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from traced.telemetry import names
from traced.telemetry.spans import STATUS_ERROR, Span, Value


class Partial(NamedTuple):
    """Which part of a request was rejected, by the backend's own word."""

    rejected: int
    message: str


def encode(spans: Iterable[Span], resource: Mapping[str, Value], version: str) -> bytes:
    """Return the body of a request."""
    scope = trace_pb2.ScopeSpans(
        scope=InstrumentationScope(name=names.SCOPE, version=version),
        spans=[_encoded(span) for span in spans],
    )
    of = trace_pb2.ResourceSpans(
        resource=Resource(attributes=_attributes(resource)), scope_spans=[scope]
    )
    return ExportTraceServiceRequest(resource_spans=[of]).SerializeToString()


def partial_success(body: bytes) -> Partial | None:
    """Return what an answer says was not taken; None if it says nothing."""
    try:
        answer = ExportTraceServiceResponse.FromString(body)
    except DecodeError:
        return None
    said = answer.partial_success
    if not said.rejected_spans and not said.error_message:
        return None
    return Partial(max(0, said.rejected_spans), said.error_message)


def _encoded(span: Span) -> trace_pb2.Span:
    if span.status == STATUS_ERROR:
        status = trace_pb2.Status(
            code=trace_pb2.Status.StatusCode.STATUS_CODE_ERROR, message=span.message
        )
    else:
        status = trace_pb2.Status()
    return trace_pb2.Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id or b"",
        name=span.name,
        kind=trace_pb2.Span.SpanKind.SPAN_KIND_INTERNAL,  # every span of ours is
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=_attributes(span.attributes),
        status=status,
    )


def _attributes(told: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in told.items()]


def _value(value: Value) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    return AnyValue(double_value=value)
