"""
Spans as OTLP/JSON: the body of a request, and a line of a file of traces.

Law: the mapping of opentelemetry-proto 1: lowerCamelCase, ids in hexadecimal, 64-bit integers as
text, enums as numbers.
"""

from collections.abc import Iterable, Mapping

import msgspec

from traced.telemetry import names
from traced.telemetry.spans import Span, Value


class _AnyValue(msgspec.Struct, rename="camel", omit_defaults=True):
    string_value: str | None = None
    int_value: str | None = None
    double_value: float | None = None


class _KeyValue(msgspec.Struct):
    key: str
    value: _AnyValue


class _Status(msgspec.Struct, omit_defaults=True):
    code: int = 0
    message: str = ""


class _Span(msgspec.Struct, rename="camel", omit_defaults=True):
    trace_id: str
    span_id: str
    name: str
    kind: int
    start_time_unix_nano: str
    end_time_unix_nano: str
    attributes: list[_KeyValue]
    status: _Status
    parent_span_id: str = ""


class _Scope(msgspec.Struct):
    name: str
    version: str


class _ScopeSpans(msgspec.Struct):
    scope: _Scope
    spans: list[_Span]


class _Resource(msgspec.Struct):
    attributes: list[_KeyValue]


class _ResourceSpans(msgspec.Struct, rename="camel"):
    resource: _Resource
    scope_spans: list[_ScopeSpans]


class _TracesData(msgspec.Struct, rename="camel"):
    resource_spans: list[_ResourceSpans]


def traces_data(spans: Iterable[Span], resource: Mapping[str, Value], version: str) -> bytes:
    """Return one JSON document in one line, without a newline, that holds these spans."""
    scope = _ScopeSpans(_Scope(names.SCOPE, version), [_encoded(span) for span in spans])
    data = _TracesData([_ResourceSpans(_Resource(_attributes(resource)), [scope])])
    return msgspec.json.encode(data)


def _encoded(span: Span) -> _Span:
    return _Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id="" if span.parent_span_id is None else span.parent_span_id.hex(),
        name=span.name,
        kind=span.kind,
        start_time_unix_nano=str(span.start_ns),
        end_time_unix_nano=str(span.end_ns),
        attributes=_attributes(span.attributes),
        status=_Status(span.status, span.message),
    )


def _attributes(told: Mapping[str, Value]) -> list[_KeyValue]:
    return [_KeyValue(key, _value(value)) for key, value in told.items()]


def _value(value: Value) -> _AnyValue:
    if isinstance(value, str):
        return _AnyValue(string_value=value)
    if isinstance(value, int):
        return _AnyValue(int_value=str(value))
    return _AnyValue(double_value=value)
