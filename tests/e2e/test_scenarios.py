"""What the real program did, against what was recorded of it and what it would have done anyway."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.claude import Program
from e2e.play import Play, is_of_hook, played
from e2e.scenario import Scenario, Step
from e2e.scenarios import SCENARIOS
from support.daemon import Daemon, Row, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# Claude Code 2.1.330 in print mode ends this hook before it has begun, now and then.
NOT_AWAITED = "StopFailure"


@pytest.fixture(scope="module", params=SCENARIOS, ids=lambda scenario: scenario.name)
def plays(
    request: pytest.FixtureRequest, program: Program, daemon: Daemon, module_folder: Path
) -> Iterator[tuple[Play, Play]]:
    """A scenario played with traced and without."""
    scenario: Scenario = request.param
    if program.version < scenario.since:
        since = ".".join(map(str, scenario.since))
        pytest.skip(f"hooks tell of it since Claude Code {since}: {scenario.name}")
    folder = module_folder / f"{'-'.join(map(str, program.version))}-{scenario.name}"
    received = daemon.status()["received"]
    with played(scenario, program, folder, daemon) as both:
        awaited = [
            payload for payload in both[0].bench.payloads
            if payload["hook_event_name"] != NOT_AWAITED
        ]  # fmt: skip
        wait_until(
            lambda: daemon.status()["received"] - received >= len(awaited),
            f"{len(awaited)} events of {folder.name}",
        )
        yield both


@pytest.fixture
def play(plays: tuple[Play, Play]) -> Play:
    """The play that was recorded."""
    return plays[0]


@pytest.fixture
def steps(play: Play, daemon: Daemon) -> list[Row]:
    """What was recorded of it, by step order."""
    return daemon.steps(session_id=play.bench.session_id)


def expected(play: Play) -> list[Step]:
    """What this version tells of."""
    version = play.bench.program.version
    return [step for step in play.scenario.steps if version >= step.since]


def told_status(play: Play, step: Step) -> str:
    """Return how a call ended, as far as this version tells."""
    if play.bench.program.is_old and step.status_before is not None:
        return step.status_before
    return step.status


def by_call(steps: list[Row]) -> dict[str | None, Row]:
    """Return the rows by what the expected steps call them."""
    return {step["call_id"]: step for step in steps}


def test_each_call_is_one_step_as_written_by_hand(play: Play, steps: list[Row]) -> None:
    """Kind, name, source, status, prompt and summary of each call; nothing else was recorded."""
    found = by_call(steps)
    assert len(found) == len(steps)
    said = ("trace_type", "name", "source", "status", "prompt_number", "input_summary")
    assert {call: tuple(row[key] for key in said) for call, row in found.items()} == {
        step.call: (
            step.trace_type,
            step.name,
            step.source,
            told_status(play, step),
            step.prompt,
            None if step.input is None else play.bench.named(step.input),
        )
        for step in expected(play)
    }


def test_orders_are_one_to_n_and_follow_the_turns(play: Play, steps: list[Row]) -> None:
    """Calls of one response may change places; those of the next come after them."""
    assert [step["step_order"] for step in steps] == list(range(1, len(expected(play)) + 1))
    calls = [step["call_id"].split("_") for step in steps if step["call_id"]]
    for script in play.scenario.scripts:
        turns = [int(turn) for name, turn, _ in calls if name == script]
        assert turns == sorted(turns)


def test_errors_say_why(play: Play, steps: list[Row]) -> None:
    """What failed or was refused has the reason that the model was given; nothing else has one."""
    found = by_call(steps)
    for step in expected(play):
        error = found[step.call]["error"]
        if step.error is None or told_status(play, step) == "unknown":
            assert error is None
        else:
            assert error.startswith(step.error)


def test_durations_are_the_agents_own(play: Play, steps: list[Row]) -> None:
    """What ended has the agent's figure; where it sends none, the time from start to end."""
    own = {
        payload["tool_use_id"]: payload.get("duration_ms")
        for payload in play.bench.payloads
        if payload["hook_event_name"] in {"PostToolUse", "PostToolUseFailure"}
    }
    for step in steps:
        if step["call_id"] in own:
            figure = own[step["call_id"]]
            assert (figure is None) == play.bench.program.is_old
            assert step["duration_ms"] >= 0 if figure is None else step["duration_ms"] == figure
            assert step["started_at"] <= step["ended_at"]


def test_steps_of_sub_agents_can_be_joined(play: Play, steps: list[Row]) -> None:
    """A sub-agent's steps name it, its type and its parent; 2.0 tells none of that."""
    found = by_call(steps)
    for step in expected(play):
        row = found[step.call]
        if step.within is None or play.bench.program.is_old:
            assert (row["agent_id"], row["agent_type"], row["parent_agent_id"]) == (None,) * 3
        else:
            launch = found[step.within]
            assert row["agent_id"] == launch["child_agent_id"] is not None
            assert row["agent_type"] == "general-purpose"
            assert row["parent_agent_id"] == launch["agent_id"]


def test_sub_agents_have_the_call_that_launched_them(
    play: Play, steps: list[Row], daemon: Daemon
) -> None:
    """They have ended, in the prompt of that call; 2.0 starts others, which no call launched."""
    found = by_call(steps)
    agents = [
        agent
        for agent in daemon.rows("agents", session_id=play.bench.session_id)
        if agent["call_id"] is not None
    ]
    assert len(agents) == play.scenario.agents
    for agent in agents:
        launch = found[agent["call_id"]]
        assert agent["agent_id"] == launch["child_agent_id"]
        assert agent["parent_agent_id"] == launch["agent_id"]
        assert agent["prompt_number"] == launch["prompt_number"]
        assert agent["agent_type"] == "general-purpose"
        assert (agent["status"], agent["ended_at"] is None) == ("ok", False)


def test_prompts_and_session_are_complete(play: Play, steps: list[Row], daemon: Daemon) -> None:
    """Each prompt with its source and its end; the session with folder, end and counts."""
    prompts = daemon.rows("prompts", session_id=play.bench.session_id)
    prompts.sort(key=lambda prompt: int(prompt["prompt_number"]))
    assert [
        (prompt["prompt_number"], prompt["source"], prompt["prompt_id"] is None)
        for prompt in prompts
    ] == [
        (number, source, play.bench.program.is_old)
        for number, source in enumerate(play.scenario.prompts, 1)
    ]
    assert prompts[0]["summary"] == (play.scenario.summary or play.scenario.starts[0].prompt)
    stopped = [p for p in play.bench.payloads if p["hook_event_name"] == "Stop"]
    assert sum(prompt["ended_at"] is not None for prompt in prompts) >= len(stopped)
    [session] = daemon.rows("sessions", session_id=play.bench.session_id)
    assert session["cwd"] == str(play.bench.project)
    assert (session["ended_at"] is None, session["end_reason"]) == (False, "other")
    assert session["steps"] == len(steps)
    assert session["errors"] == sum(step["status"] == "error" for step in steps)


def test_nothing_was_refused_or_lost(plays: tuple[Play, Play], daemon: Daemon) -> None:
    """Every event was stored, for it has an adapter; a busy machine may need the spool."""
    wait_until(lambda: daemon.status()["spool_files"] == 0, "the spool to be taken in")
    status = daemon.status()
    assert (status["rejected"], status["discarded"], status["ignored"]) == ({}, {}, 0)
    assert status["received"] == status["stored"] + status["duplicate"] + status["queued"]
    assert daemon.rows("rejected_events") == []
    assert not (plays[0].bench.folder / "nowhere").exists()


def test_the_agent_does_the_same_as_without_traced(plays: tuple[Play, Play]) -> None:
    """Its exit codes, what it prints, and what it sends to the model: tool results above all."""
    recorded, baseline = plays
    codes = [run.exit_code for run in recorded.scenario.starts]
    for play in plays:
        assert [outcome.exit_code for outcome in play.outcomes] == codes
        assert [outcome.stderr for outcome in play.outcomes] == [b""] * len(codes)
    assert recorded.printed == baseline.printed
    assert recorded.asked == baseline.asked


def test_the_agent_shows_nothing_of_traced(play: Play) -> None:
    """Neither what it prints nor what it sends names it, but its transcript lists hooks at Stop."""
    shown = [outcome.stdout for outcome in play.outcomes]
    shown += [str(request).encode() for request in play.bench.stand_in.requests]
    assert [text for text in shown if b"traced" in text] == []
    for line in filter(is_of_hook, play.lines):
        assert (line.get("stdout", ""), line.get("stderr", "")) == ("", "")
    assert play.transcript
    for line in play.transcript:
        if "traced" in str(line):
            assert line["subtype"] == "stop_hook_summary"
            assert (line["hookErrors"], line["hasOutput"]) == ([], False)
