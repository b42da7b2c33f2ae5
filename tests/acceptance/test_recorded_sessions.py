"""Every recorded session, delivered in every way that hooks deliver: always the same steps."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.daemon import Daemon, Row
from support.recorded import Scenario, scenarios, twice

Deliver = Callable[[Daemon, Scenario], None]
SAID = (
    "call_id", "prompt_number", "trace_type", "name", "source", "status", "agent_id",
    "agent_type", "parent_agent_id", "child_agent_id",
)  # fmt: skip
# Without ids of their own two prompts of the same text are two: 2.0 sends none.
WITHOUT_IDS = "2.0.76"


def in_order(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*scenario.payloads)


def enveloped(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*scenario.envelopes())


def one_connection_each(daemon: Daemon, scenario: Scenario) -> None:
    for line in scenario.envelopes():
        with daemon.connect() as client:
            client.send(line)
            client.flush()


def shuffled(seed: int) -> Deliver:
    def deliver(daemon: Daemon, scenario: Scenario) -> None:
        lines = scenario.envelopes()
        for number in scenario.overlapping_order(seed):
            with daemon.connect() as client:
                client.send(lines[number])
                client.flush()

    return deliver


def envelopes_twice(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*twice(scenario.envelopes()))


def all_again(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*scenario.envelopes(), *scenario.envelopes())


def bare_twice(daemon: Daemon, scenario: Scenario) -> None:
    if scenario.path.parent.name == WITHOUT_IDS:
        lines = [
            line
            for payload in scenario.payloads
            for line in ([payload] if b'"UserPromptSubmit"' in payload else [payload, payload])
        ]
        daemon.send(*lines)
    else:
        daemon.send(*twice(scenario.payloads))


WAYS: dict[str, Deliver] = {
    "in order": in_order,
    "enveloped": enveloped,
    "one connection each": one_connection_each,
    "shuffled 1": shuffled(1),
    "shuffled 2": shuffled(2),
    "shuffled 3": shuffled(3),
    "envelopes twice": envelopes_twice,
    "all again": all_again,
    "bare twice": bare_twice,
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("scenario", list(scenarios()), ids=lambda scenario: scenario.name)
def test_recorded_session_gives_the_steps_written_by_hand(
    scenario: Scenario, way: str, daemon_pool: Callable[[str], Daemon]
) -> None:
    """However the hooks of a recorded session arrive, each call is one step as expected."""
    daemon = daemon_pool(way)
    WAYS[way](daemon, scenario)

    for session_id, expected in scenario.expected.items():
        check_session(daemon, session_id, expected)
        check_steps(daemon.steps(session_id=session_id), expected["steps"])


@pytest.fixture(scope="module")
def daemon_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Daemon]]:
    """One daemon for each way of delivery, so that no way meets the sessions of another."""
    running: dict[str, Daemon] = {}

    def get(way: str) -> Daemon:
        if way not in running:
            running[way] = Daemon(tmp_path_factory.mktemp("way") / "d")
            running[way].start()
        return running[way]

    yield get
    for daemon in running.values():
        assert daemon.stop() == 0


def check_session(daemon: Daemon, session_id: str, expected: dict[str, Any]) -> None:
    """Hold a session, its prompts and its sub-agents against what was written down."""
    (session,) = daemon.rows("sessions", session_id=session_id)
    assert (session["ended_at"] is not None) == expected["ended"]
    assert session["end_reason"] == expected["end_reason"]
    assert session["steps"] == len(expected["steps"])
    assert session["errors"] == sum(step["status"] == "error" for step in expected["steps"])
    prompts = sorted(daemon.rows("prompts", session_id=session_id), key=prompt_number)
    assert [
        (row["prompt_number"], row["prompt_id"], row["source"], row["ended_at"] is not None)
        for row in prompts
    ] == [
        (row["prompt_number"], row["prompt_id"], row["source"], row["ended"])
        for row in expected["prompts"]
    ]
    for row, said in zip(prompts, expected["prompts"], strict=True):
        assert row["summary"].startswith(said["summary_starts"])
    agents = {row["agent_id"]: row for row in daemon.rows("agents", session_id=session_id)}
    assert agents.keys() == {row["agent_id"] for row in expected["agents"]}
    for said in expected["agents"]:
        row = agents[said["agent_id"]]
        keys = ("agent_type", "parent_agent_id", "call_id", "prompt_number")
        assert {key: row[key] for key in keys} == {key: said[key] for key in keys}
        assert (row["ended_at"] is not None) == said["ended"]


def check_steps(steps: list[Row], expected: list[dict[str, Any]]) -> None:
    """Hold the steps of one session against what was written down, whatever their order."""
    assert [step["step_order"] for step in steps] == list(range(1, len(expected) + 1))
    found = {key_of(step): step for step in steps}
    assert found.keys() == {key_of(said) for said in expected}
    for said in expected:
        step = found[key_of(said)]
        assert {key: step[key] for key in SAID} == {key: said[key] for key in SAID}
        if said["input_summary"] != "*":
            assert step["input_summary"] == said["input_summary"]
        if said["error_starts"] is None:
            assert step["error"] is None
        else:
            assert step["error"].startswith(said["error_starts"])
        check_times(step, said)


def check_times(step: Row, said: dict[str, Any]) -> None:
    """A call that started and ended has both times and a duration: its own, else the difference."""
    assert (step["started_at"] is not None) == (said["has_start"] or said["call_id"] is None)
    if said["duration_ms"] is not None:
        assert step["duration_ms"] == said["duration_ms"]
    elif said["has_start"] and said["has_end"]:
        assert step["duration_ms"] >= 0
    if said["permission"] and said["has_end"] and said["duration_ms"] is not None:
        assert step["permission_wait_ms"] >= 0


def key_of(step: dict[str, Any]) -> tuple[str | None, str]:
    """What tells a step from the others: its call, and for slash commands their name."""
    return step["call_id"], step["name"] if step["call_id"] is None else ""


def prompt_number(row: Row) -> int:
    """Sort prompts by their number."""
    return int(row["prompt_number"])
