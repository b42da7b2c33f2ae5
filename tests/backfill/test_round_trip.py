"""What one database exports, another one that imports it exports too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.exporting import Line, Recorded, columns, ended
from support.fake_secrets import FAKES
from support.recorded import FIXTURES, scenarios
from support.rows import START, Recording
from support.store import dump

from traced.core.capture import CaptureMode
from traced.core.json_text import encode_json
from traced.store.migrate import APPLICATION_ID

AGENTS = ("claude-code", "codex", "copilot-cli", "cursor", "gemini-cli", "opencode")
HUGE = 10**30


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Recorded]:
    """An empty database that keeps all content."""
    recorded = Recorded(tmp_path / "other.db")
    yield recorded
    recorded.close()


def record(path: Path, mode: CaptureMode) -> Recorded:
    """Record every recorded session, and of each agent one that was cut off in the middle."""
    recorded = Recorded(path, mode)
    for agent in AGENTS:
        for scenario in scenarios(agent):
            at = max(end for _, end in scenario.times)
            recorded.take(scenario.envelopes(), now=at)
            lines = [line.replace(b"-", b"_") for line in scenario.payloads]
            if scenario.is_bare:
                recorded.take(lines[: len(lines) // 2], now=at)
    return recorded


@pytest.fixture(scope="module", params=["full", "summary", "metadata"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    """All recorded sessions, in each mode of what is kept."""
    found = record(tmp_path_factory.mktemp("recorded") / "t.db", request.param)
    yield found
    found.close()


def test_every_recorded_session_comes_back(recorded: Recorded, tmp_path: Path) -> None:
    """To the letter, but for ids and revisions; what ran is of unknown end."""
    exported = recorded.export()
    other = Recorded(tmp_path / "t.db", recorded.capture.mode)
    outcomes = other.import_(exported)

    assert {outcome.status for outcome in outcomes} == {"stored"}
    assert columns(other.export()) == ended(columns(exported))
    assert other.complaints == []

    before = dump(other.connection)
    assert {outcome.status for outcome in other.import_(exported)} == {"duplicate"}
    assert dump(other.connection) == before
    other.close()


def test_there_is_something_of_every_kind(recorded: Recorded) -> None:
    """So that the facts here are of something."""
    lines = columns(recorded.export())
    statuses = {line["status"] for line in lines if line["kind"] == "step"}

    assert statuses == {"ok", "error", "denied", "cancelled", "running", "unknown"}
    assert {"session", "agent", "prompt"} <= {line["kind"] for line in lines}
    assert any(line.get("permission_wait_ms") for line in lines)
    assert any(line.get("parent_agent_id") for line in lines)


def test_where_it_came_from_nothing_changes(recorded: Recorded) -> None:
    """Not one column of one table, however often."""
    before = dump(recorded.connection)

    outcomes = recorded.import_(recorded.export())

    assert {outcome.status for outcome in outcomes} == {"duplicate"}
    assert dump(recorded.connection) == before


def test_awkward_values_come_back(other: Recorded, tmp_path: Path) -> None:
    """Half characters, U+0000, numbers out of every range, and names of other scripts."""
    source = Recorded(tmp_path / "t.db")
    awkward = (
        rb'{"half":"\ud83d","nul":"\u0000","whole":"\ud83d\ude00","n":[%d,-%d,1e400,1.5e-300],'
        rb'"text":"\\u0000 \\ud83d \" \\ \n \u2028","":null,"deep":[[[[{}]]]]}' % (HUGE, HUGE)
    )
    head = rb'{"v":1,"session_id":"s \ud83d/%%","agent":"a\u00e9","trace_type":"tool",'
    source.take([
        head + rb'"name":"\u0627 \u0000","input":' + awkward + b',"output":' + awkward + b"}",
        head + rb'"name":"n","call_id":"c1","status":"denied","error":"\ud83d","duration_ms":0}',
        head + rb'"name":"n","prompt_number":999999999,"step_order":999999999}',
        head + rb'"name":"n","step_order":0,"duration_ms":0.1,"started_at":0,"source":""}',
        rb'{"v":1,"session_id":"s1","lifecycle":"prompt","prompt":"\ud83d\u0000","prompt_id":"p"}',
        rb'{"v":1,"session_id":"s1","lifecycle":"usage","input_tokens":9007199254740992}',
        rb'{"v":1,"session_id":"s1","lifecycle":"session_end","reason":"\ud83d \u001b[1m"}',
    ])  # fmt: skip
    exported = source.export()
    source.close()

    assert len(exported) == 10
    assert {outcome.status for outcome in other.import_(exported)} == {"stored"}
    assert columns(other.export()) == columns(exported)


def test_what_is_redacted_is_redacted_to_nothing_else(other: Recorded, tmp_path: Path) -> None:
    """The marks that stand for secrets are no secrets, wherever they stand."""
    source = Recorded(tmp_path / "t.db")
    source.take(
        encode_json({
            "v": 1, "session_id": "s1", "trace_type": "tool", "name": fake.text[:256],
            "input": {"command": fake.text, "password": fake.text}, "output": [fake.text],
            "error": fake.text, "source": fake.text,
        }).encode()
        for fake in FAKES
    )  # fmt: skip
    exported = source.export()
    source.close()
    other.import_(exported)

    assert b"[redacted" in b"".join(exported)
    assert columns(other.export()) == columns(exported)


TIMES = st.none() | st.integers(START, START + 10_000)
DURATIONS = st.none() | st.sampled_from([0.0, 0.1, 12.345, 3000.0, 9999.999]) | st.floats(0, 1e4)
# How strong what ended a step was, as far as the view looks at it: traced/core/ledger/step.py.
ENDS = [
    *[("running", 1), ("unknown", 2), ("unknown", 0), ("ok", 3), ("denied", 3), ("ok", 4)],
    *[("error", 4), ("denied", 4), ("denied", 5), *((end, 6) for end in ("ok", "error", "denied"))],
    ("cancelled", 6),
]
TEXTS = st.none() | st.sampled_from(["", "a", "é\u2028\x1b[1m", "x" * 500])
CONTENT = st.none() | st.sampled_from(["{}", '"\\u0001"', f"[{HUGE},0.1,null]", '{"":"😀"}'])
STEPS = st.fixed_dictionaries({
    "end": st.sampled_from(ENDS),
    "prompt_number": st.integers(0, 3),
    "trace_type": st.sampled_from(["tool", "skill", "mcp", "agent", "hook", "command"]),
    "input_summary": TEXTS.filter(lambda text: text != ""),
    "output_summary": TEXTS.filter(lambda text: text != ""),
    "error": TEXTS.filter(lambda text: text != ""),
    "source": TEXTS,
    "input": CONTENT,
    "output": CONTENT,
    "started_at": TIMES,
    "ended_at": TIMES,
    "permission_at": TIMES,
    "duration_ms": DURATIONS,
    "has_call": st.booleans(),
    "agent_id": st.sampled_from([None, "a1", "a2"]),
    "agent_type": st.sampled_from([None, "Explore"]),
    "parent_agent_id": st.sampled_from([None, "a1"]),
    "has_event": st.booleans(),
    "created_at": st.integers(START, START + 3),
})  # fmt: skip
PROMPTS = st.fixed_dictionaries({
    "prompt_id": st.sampled_from([None, "p"]),
    "source": st.sampled_from(["user", "agent"]),
    "started_at": TIMES,
    "ended_at": TIMES,
    "summary": TEXTS.filter(lambda text: text != ""),
    "model": TEXTS,
    "input_tokens": st.sampled_from([None, 0, 5]),
})  # fmt: skip
SUB_AGENTS = st.fixed_dictionaries({
    "agent_type": st.sampled_from([None, "Plan"]),
    "parent_agent_id": st.sampled_from([None, "a2"]),
    "call_id": st.sampled_from([None, "c1"]),
    "prompt_number": st.sampled_from([None, 0, 1, 2]),
    "started_at": TIMES,
    "ended_at": TIMES,
    "status": st.sampled_from(["running", "ok", "unknown"]),
})  # fmt: skip


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    session=st.fixed_dictionaries({
        "cwd": TEXTS, "model": TEXTS, "started_at": TIMES, "ended_at": TIMES, "end_reason": TEXTS
    }),
    prompts=st.lists(PROMPTS, max_size=3),
    sub_agents=st.lists(SUB_AGENTS, max_size=2),
    steps=st.lists(STEPS, max_size=6),
)  # fmt: skip
def test_whatever_is_shown_of_rows_is_shown_of_them_elsewhere(
    tmp_path_factory: pytest.TempPathFactory,
    session: Line,
    prompts: list[Line],
    sub_agents: list[Line],
    steps: list[Line],
) -> None:
    """Waits, durations and results too, which the views make of several columns."""
    folder = tmp_path_factory.mktemp("rows")
    source = Recording(folder / "source.db")
    source.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _fill(source, session, prompts, sub_agents, steps)
    source.connection.close()
    origin, other = Recorded(folder / "source.db"), Recorded(folder / "other.db")
    try:
        exported = origin.export()
        before = dump(origin.connection)
        assert {outcome.status for outcome in other.import_(exported)} == {"stored"}
        assert columns(other.export()) == ended(columns(exported))
        assert {outcome.status for outcome in other.import_(exported)} == {"duplicate"}
        assert {outcome.status for outcome in origin.import_(exported)} == {"duplicate"}
        assert dump(origin.connection) == before
    finally:
        origin.close()
        other.close()


def _fill(
    source: Recording, session: Line, prompts: list[Line], sub_agents: list[Line], steps: list[Line]
) -> None:
    tokens = [row["input_tokens"] for row in prompts if row["input_tokens"] is not None]
    pk = source.session(
        **session,
        steps=len(steps),
        errors=sum(step["end"][0] == "error" for step in steps),
        input_tokens=sum(tokens) if tokens else None,
    )
    for number, row in enumerate(prompts, 1):
        prompt_id = row["prompt_id"] and f"{row['prompt_id']}{number}"
        source.prompt(pk, number, **{**row, "prompt_id": prompt_id})
    for number, row in enumerate(sub_agents, 1):
        source.agent(pk, f"a{number}", **row)
    for number, row in enumerate(steps, 1):
        columns: dict[str, Any] = dict(row)
        status, ranks = columns.pop("end")
        call_id = f"c{number}" if columns.pop("has_call") else None
        columns["event_id"] = f"e{number}" if columns.pop("has_event") else None
        source.step(pk, number * 2, status=status, ranks=ranks, call_id=call_id, **columns)


def test_every_agent_has_fixtures() -> None:
    """One more agent is one more to come back."""
    found = {path.name for path in FIXTURES.iterdir() if path.is_dir()}
    assert found - {"released"} == {*AGENTS}
