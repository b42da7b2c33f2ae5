import pytest
from support.rows import START, Recording

from traced.store import queries
from traced.store.reader import ReadConnection
from traced.store.rows import Agent, Prompt, RejectedEvent, Session, Step


@pytest.fixture
def full(recording: Recording) -> Recording:
    """A row of every kind, with a value in every column that can have one."""
    pk = recording.session(
        cwd="/src/app",
        model="sonnet",
        started_at=START,
        ended_at=START + 60_000,
        end_reason="exit",
        steps=1,
        errors=1,
    )
    recording.prompt(
        pk, 1, prompt_id="p1", summary="Fix it", started_at=START + 1, ended_at=START + 2
    )
    recording.agent(
        pk,
        "a1",
        agent_type="Explore",
        parent_agent_id="a0",
        call_id="c1",
        started_at=START + 1,
        ended_at=START + 2,
    )
    recording.step(
        pk,
        1,
        event_id="e1",
        source="github",
        status="error",
        input_summary="in",
        output_summary="out",
        error="no",
        started_at=START + 1000,
        ended_at=START + 9200,
        duration_ms=3200.5,
        permission_at=START + 1000,
        call_id="c9",
        agent_id="a1",
        child_agent_id="a2",
        input='{"a":1}',
        output='"out"',
        peer_uid=1000,
    )
    recording.rejected(agent="custom", session_id="s1", detail="{", raw=b"{", length=1)
    return recording


def test_steps_are_rows_of_the_view(full: Recording, reader: ReadConnection) -> None:
    """A step has the columns of execution_traces, in their order, with their values."""
    (row,) = full.view("execution_traces")
    (step,) = queries.steps(reader, 1, content=True)

    assert list(row) == list(Step.__struct_fields__)
    assert step == Step(**row)
    assert step.permission_wait_ms == 4999.5
    assert step.agent_type == "Explore"


def test_sessions_are_rows_of_the_view(full: Recording, reader: ReadConnection) -> None:
    """A session has the columns of sessions, in their order, with their values."""
    (row,) = full.view("sessions")
    (found,) = queries.sessions(reader, 10)

    assert list(row) == list(Session.__struct_fields__)
    assert found.session == Session(**row)
    assert queries.resolve_session(reader, "s1") == found


def test_prompts_are_rows_of_the_view(full: Recording, reader: ReadConnection) -> None:
    """A prompt has the columns of prompts, in their order, with their values."""
    (row,) = full.view("prompts")

    assert list(row) == list(Prompt.__struct_fields__)
    assert queries.prompts(reader, 1) == [Prompt(**row)]


def test_agents_are_rows_of_the_view(full: Recording, reader: ReadConnection) -> None:
    """A sub-agent has the columns of agents, in their order, with their values."""
    (row,) = full.view("agents")

    assert list(row) == list(Agent.__struct_fields__)
    assert queries.agents(reader, 1) == [Agent(**row)]


def test_rejected_are_rows_of_the_view(full: Recording, reader: ReadConnection) -> None:
    """A rejected event has the columns of rejected_events, its bytes as text."""
    (row,) = full.view("rejected_events")

    assert list(row) == list(RejectedEvent.__struct_fields__)
    assert queries.rejected(reader, 10) == [RejectedEvent(**row | {"raw": "{"})]
