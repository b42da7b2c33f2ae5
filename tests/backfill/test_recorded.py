"""Transcripts of recorded sessions without their hooks give the steps written down by hand."""

from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest
from support.recorded import FIXTURES, Scenario, scenarios
from support.store import NOW, Row, rows, writer

from traced.backfill.claude_code import Transcript
from traced.backfill.files import SessionFiles, sessions, sub_agent_of
from traced.backfill.records import records
from traced.core.capture import Capture
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.rejections import Rejections
from traced.core.wire import Control
from traced.ingest.intake import Submission
from traced.ingest.translate import Translator
from traced.store.recorder import Recorder

VERSION = FIXTURES / "claude-code" / "2.1.330"
# Same as a hook tells it; of a sub-agent's results a transcript has only what the model was given.
SAME = (
    "prompt_number", "trace_type", "name", "source", "status", "agent_id", "agent_type",
    "parent_agent_id", "child_agent_id",
)  # fmt: skip
KILLED = "toolu_6dd31df17bbe4eeaaf8463e0"


def lines(session: SessionFiles) -> Iterator[bytes]:
    """Yield what the files of a session tell."""
    transcript = Transcript()
    assert session.main is not None
    yield from transcript.read(records(session.main, lambda _: None, lambda _: None), None)
    for path in session.sub_agents:
        sub_agent = sub_agent_of(path)
        assert sub_agent is not None
        yield from transcript.read(records(path, lambda _: None, lambda _: None), sub_agent)
    yield from transcript.end()


def take(recorder: Recorder, told: Iterable[bytes]) -> list[str]:
    """Record lines; return what their senders would be told."""
    capture = Capture("summary", Redactor())
    items = Protocol(capture).receive_data(b"".join(told))
    whole = [item for item in items if not isinstance(item, Control)]
    submission = Submission(whole, 0, NOW, None, lambda _outcomes: None)
    entries = Translator(capture, Rejections(capture)).entries(submission, lambda _unknown: {})
    return [outcome.status for outcome in recorder.append(entries, NOW)]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Import all sessions of a version twice, in batches of their own; return the steps."""
    with closing(writer(tmp_path_factory.mktemp("imported") / "t.db")) as connection:
        recorder = Recorder(connection)
        for session in sessions([VERSION / "transcripts"]):
            assert "stored" in take(recorder, lines(session))
            assert set(take(Recorder(connection), lines(session))) == {"duplicate"}
        return rows(connection, "SELECT * FROM execution_traces")


SCENARIOS = [
    each
    for each in scenarios()
    if each.path.parent == VERSION and (VERSION / "transcripts" / each.path.name).exists()
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.path.stem)
def test_a_transcript_alone_gives_the_steps_written_by_hand(
    scenario: Scenario, imported: list[Row]
) -> None:
    """Every call with its kind, its end, its prompt and its sub-agent; killed ones by their end."""
    for session_id, expected in scenario.expected.items():
        found = {row["call_id"]: row for row in imported if row["session_id"] == session_id}
        wanted = {step["call_id"]: step for step in expected["steps"] if step["call_id"]}

        assert found.keys() == wanted.keys()
        for call_id, step in wanted.items():
            said = {key: step[key] for key in SAME}
            if call_id == KILLED:
                said["status"] = "error"
            assert {key: found[call_id][key] for key in SAME} == said
            if step["input_summary"] != "*":
                assert found[call_id]["input_summary"] == step["input_summary"]


def test_every_recorded_session_has_its_calls(imported: list[Row]) -> None:
    """So that the facts above are of something."""
    assert len(imported) == 59
    assert {row["event_id"] for row in imported} == {None}
