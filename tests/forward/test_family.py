"""Whose children spans are, and how long that is awaited."""

from support.forwarding import HERE, ROOT, Reader
from support.rows import START, Recording

from traced.telemetry.ids import agent_span_id, call_span_id


def test_steps_of_a_sub_agent_wait_for_its_call(recording: Recording, reader: Reader) -> None:
    """Claude Code tells which call launched it only at its end; a span cannot be hung anew."""
    pk = recording.session()
    recording.prompt(pk, 1)
    recording.agent(pk, "a1", status="running", started_at=START)
    recording.step(pk, 1, name="Inner", agent_id="a1")
    assert reader.spans() == []

    recording.connection.execute("UPDATE sub_agent SET call_id = 'c1'")
    (inner,) = reader.spans()
    assert inner.parent_span_id == call_span_id(HERE, "c1")


def test_a_sub_agent_without_a_call_has_a_span_when_both_are_over(
    recording: Recording, reader: Reader
) -> None:
    """As long as it runs, its call may be told yet."""
    pk = recording.session()
    recording.prompt(pk, 1, ended_at=START)
    recording.agent(pk, "a1", agent_type="Explore", status="running", started_at=START)
    recording.step(pk, 1, name="Inner", agent_id="a1")
    assert reader.names() == [ROOT]

    recording.connection.execute("UPDATE sub_agent SET status = 'ok', ended_at = ?", (START,))
    own, inner = reader.spans()
    assert (own.name, own.span_id) == ("invoke_agent Explore", agent_span_id(HERE, "a1"))
    assert inner.parent_span_id == own.span_id
    assert (reader.cursor.owed, reader.cursor.held) == ((), ())


def test_a_sub_agent_known_by_its_steps_alone_has_no_end(
    recording: Recording, reader: Reader
) -> None:
    """Its steps hang under the prompt, when that is over."""
    pk = recording.session()
    recording.prompt(pk, 1)
    recording.agent(pk, "a1", status="running")
    recording.step(pk, 1, agent_id="a1")
    assert reader.spans() == []

    recording.connection.execute("UPDATE prompt SET ended_at = ?", (START,))
    root, step = reader.spans()
    assert step.parent_span_id == root.span_id


def test_a_sub_agent_of_a_sub_agent_waits_for_both_calls(
    recording: Recording, reader: Reader
) -> None:
    """The upper one's call may yet move both to another prompt."""
    pk = recording.session()
    recording.prompt(pk, 1)
    recording.agent(pk, "a1", status="running", started_at=START)
    recording.agent(pk, "a2", parent_agent_id="a1", call_id="c2", started_at=START)
    recording.step(pk, 1, agent_id="a2")
    assert reader.spans() == []

    recording.connection.execute("UPDATE sub_agent SET call_id = 'c1' WHERE agent_id = 'a1'")
    assert reader.names() == ["execute_tool Bash"]
