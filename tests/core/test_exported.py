"""Rows of an export on the socket."""

import json

import pytest
from support.exporting import row

from traced.core.capture import Capture
from traced.core.event import Rejected
from traced.core.exported import ExportedAgent, ExportedPrompt, ExportedSession, ExportedStep
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.wire import ExportedLine, Item


def received(line: bytes) -> Item:
    """Return what a line holds."""
    (item,) = Protocol(Capture("full", Redactor())).receive_data(line + b"\n")
    return item


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("session", ExportedSession),
        ("agent", ExportedAgent),
        ("prompt", ExportedPrompt),
        ("step", ExportedStep),
    ],
)
def test_a_row_says_of_which_relation_it_is(kind: str, form: type) -> None:
    """Its line is no native event, although a step's has the same columns."""
    item = received(row(kind))

    assert isinstance(item, ExportedLine)
    assert type(item.row) is form
    assert (item.agent, item.session_id, item.ack) == ("custom", "s1", True)


def test_content_stands_beside_the_row() -> None:
    """As JSON, not as text: a line is no longer than what it was made of."""
    item = received(row("step", content={"input": {"a": [1]}}))

    assert isinstance(item, ExportedLine)
    assert (bytes(item.input), bytes(item.output)) == (b'{"a": [1]}', b"")


@pytest.mark.parametrize(
    "said",
    [
        {"status": "done"},
        {"trace_type": "thing"},
        {"step_order": -1},
        {"step_order": 2**63},
        {"duration_ms": -0.5},
        {"started_at": "2026-11-22T14:00:00.000Z"},
        {"created_at": 10**15},
        {"session_id": "a\nb"},
        {"session_id": ""},
        {"peer_uid": -1},
        {"kind": "rejected"},
    ],
    ids=json.dumps,
)
def test_what_no_column_holds_is_refused(said: dict[str, object]) -> None:
    """A row comes from outside, whoever wrote it."""
    item = received(row("step", **said))

    assert isinstance(item, Rejected)
    assert item.reason == "bad_field"
    (column,) = said
    assert item.detail.startswith(f"row.{column} is ")
    assert ", expected " in item.detail


def test_half_characters_and_nul_are_replaced() -> None:
    """As in every other line."""
    item = received(row("step", name="a\ud83db\0c"))

    assert isinstance(item, ExportedLine)
    assert isinstance(item.row, ExportedStep)
    assert item.row.name == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
