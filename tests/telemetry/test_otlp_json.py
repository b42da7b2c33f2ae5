"""Spans in OTLP's JSON."""

import json

from traced.telemetry.otlp_json import traces_data
from traced.telemetry.spans import STATUS_ERROR, Span

ROOT = Span(bytes(range(16)), b"12345678", None, "root", 1_800_000_000_000_000_001, 2**63 - 1, {})
CHILD = ROOT._replace(
    span_id=b"abcdefgh",
    parent_span_id=b"12345678",
    attributes={"text": "ä\u2028", "whole": 7, "part": 0.5},
    status=STATUS_ERROR,
    message="no",
)


def test_spans_are_written_as_opentelemetry_proto_has_them() -> None:
    """Ids in hexadecimal, 64-bit numbers as text, enums as numbers, names in lowerCamelCase."""
    line = traces_data([ROOT, CHILD], {"service.name": "agent-traced"}, "1.0")

    assert b"\n" not in line
    assert json.loads(line) == {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [
                        {"key": "service.name", "value": {"stringValue": "agent-traced"}}
                    ]
                },
                "scopeSpans": [
                    {
                        "scope": {"name": "traced", "version": "1.0"},
                        "spans": [
                            {
                                "traceId": "000102030405060708090a0b0c0d0e0f",
                                "spanId": "3132333435363738",
                                "name": "root",
                                "kind": 1,
                                "startTimeUnixNano": "1800000000000000001",
                                "endTimeUnixNano": "9223372036854775807",
                                "attributes": [],
                                "status": {},
                            },
                            {
                                "traceId": "000102030405060708090a0b0c0d0e0f",
                                "spanId": "6162636465666768",
                                "name": "root",
                                "kind": 1,
                                "startTimeUnixNano": "1800000000000000001",
                                "endTimeUnixNano": "9223372036854775807",
                                "attributes": [
                                    {"key": "text", "value": {"stringValue": "ä\u2028"}},
                                    {"key": "whole", "value": {"intValue": "7"}},
                                    {"key": "part", "value": {"doubleValue": 0.5}},
                                ],
                                "status": {"code": 2, "message": "no"},
                                "parentSpanId": "3132333435363738",
                            },
                        ],
                    }
                ],
            }
        ]
    }


def test_an_empty_text_is_a_value() -> None:
    """It is told apart from an attribute without a value."""
    span = ROOT._replace(attributes={"empty": "", "zero": 0})

    (encoded,) = json.loads(traces_data([span], {}, "1"))["resourceSpans"][0]["scopeSpans"][0][
        "spans"
    ]

    assert encoded["attributes"] == [
        {"key": "empty", "value": {"stringValue": ""}},
        {"key": "zero", "value": {"intValue": "0"}},
    ]
