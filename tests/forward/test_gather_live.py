"""Recorded sessions, forwarded while they ran."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.recorded import FIXTURES, Scenario
from support.recorded_way import RecordedWay

from traced.export.otlp import spans
from traced.forward.cursor import Cursor
from traced.forward.family import Moment, Telling
from traced.forward.gather import IDLE_MS_MAX, gather
from traced.store.exporting import Wanted, rows
from traced.store.reader import open_reader
from traced.telemetry.names import HOST_NAME, REQUEST_MODEL
from traced.telemetry.spans import Span

OTHER = {HOST_NAME, REQUEST_MODEL}
SCENARIOS = [
    Scenario(path.with_name(path.name.replace(".expected.json", ".jsonl")))
    for path in sorted(FIXTURES.glob("*/*/*.expected.json"))
]


@pytest.fixture
def way(tmp_path: Path) -> Iterator[RecordedWay]:
    """A daemon's inside on an empty database."""
    with closing(RecordedWay(tmp_path / "traced.db", content=True)) as made:
        yield made


@pytest.mark.parametrize(
    "scenario", SCENARIOS, ids=lambda each: f"{each.agent}/{each.name}".replace("/", "-")
)
def test_what_came_live_is_what_an_export_tells(
    scenario: Scenario, way: RecordedWay, tmp_path: Path
) -> None:
    """
    Nothing was sent too early: no span's place, and no step's end, was another one later.

    Of a root the model may be: it is sent when its prompt is over, and a session may change it
    then.
    """
    cursor = Cursor()
    sent: dict[bytes, Span] = {}
    telling = Telling(content=True, host="h")
    with closing(open_reader(tmp_path / "traced.db")) as reader:
        times = [started for started, _ in scenario.times]
        lines = list(zip(scenario.envelopes(), times, strict=True))
        for line, now in [*lines, (b"", times[-1] + IDLE_MS_MAX)]:
            if line:
                way.commit([line], now)
            found = gather(reader, cursor, telling, Moment(now))
            cursor = found.cursor
            for span in found.spans:
                sent.setdefault(span.span_id, span)
        told = {span.span_id: span for span in spans(rows(reader, Wanted()), content=True)}

    different = {
        (span.name, field)
        for span_id, span in told.items()
        if span.attributes.get("traced.step.status") != "running"
        for field in ("trace_id", "parent_span_id", "name", "start_ns", "end_ns", "attributes")
        if field_of(span, field) != field_of(sent.get(span_id), field)
    }
    assert different == set()
    assert set(sent) <= set(told)


def field_of(span: Span | None, field: str) -> object:
    """Return a field of a span, as both ways tell it."""
    if span is not None and field == "attributes":
        return {key: value for key, value in span.attributes.items() if key not in OTHER}
    return getattr(span, field, None)
