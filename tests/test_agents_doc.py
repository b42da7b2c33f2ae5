"""The table of docs/agents.md says what the fixtures show, cell by cell."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.adapters import AGENTS, read, told_events
from support.recorded import scenarios

from traced.agents.registry import adapter_for
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    PermissionAsked,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)

PAGE = Path(__file__).parents[1] / "docs" / "agents.md"


def table() -> dict[str, dict[str, str]]:
    """Return the first table of the page: what is reported, by agent."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| "))
    rows: list[list[str]] = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    (_, *agents), _, *told = rows
    return {fact: dict(zip(agents, cells, strict=True)) for fact, *cells in told}


def step(holds: Callable[[StepChange], object]) -> Callable[[Change], bool]:
    """Return whether a change is of a step for which something holds."""
    return lambda change: isinstance(change, StepChange) and bool(holds(change))


def kind(*kinds: type) -> Callable[[Change], bool]:
    """Return whether a change is of one of these kinds."""
    return lambda change: isinstance(change, kinds)


def ends(each: StepChange, *statuses: str) -> bool:
    """Return whether a change ends a step so."""
    return each.phase is not Phase.START and each.status in statuses


FACTS: dict[str, Callable[[Change], bool]] = {
    "start of a call": step(lambda each: each.phase is Phase.START),
    "end of a call": step(lambda each: ends(each, "ok")),
    "id of a call": step(lambda each: each.call_id is not None),
    "failure of a call": step(lambda each: ends(each, "error")),
    "refusal of a call": step(lambda each: each.phase is Phase.DENIED or ends(each, "denied")),
    "duration of a call": step(lambda each: each.duration_ms is not None),
    "permission request": kind(PermissionAsked),
    "MCP call": step(lambda each: each.trace_type == "mcp"),
    "MCP server": step(lambda each: each.trace_type == "mcp" and each.source),
    "launch of a sub-agent": step(lambda each: each.trace_type == "agent"),
    "whom a launch started": step(lambda each: each.child_agent_id is not None),
    "who made a call": step(lambda each: each.agent_id is not None),
    "start of a sub-agent": kind(AgentStarted),
    "end of a sub-agent": kind(AgentEnded),
    "prompt": kind(PromptSubmitted),
    "id of a prompt": lambda change: (
        isinstance(change, PromptSubmitted) and change.prompt_id is not None
    ),
    "prompt of a call": step(lambda each: each.prompt_id is not None),
    "end of a response": kind(PromptEnded),
    "slash command": step(lambda each: each.trace_type == "command"),
    "start of a session": kind(SessionStarted),
    "end of a session": kind(SessionEnded),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_the_table_says_what_the_fixtures_show(agent: str) -> None:
    """An agent reports a thing if any payload of its fixtures does."""
    told = [each for scenario in scenarios(agent) for each in told_events(scenario)]
    changes = [change for event, payload in told for change in read(agent, event, payload)]
    found = {fact: "yes" if any(map(holds, changes)) else "no" for fact, holds in FACTS.items()}
    model = adapter_for(agent).model
    found["model"] = "yes" if any(model(*each) is not None for each in told) else "no"
    folders = {scenario.path.parent.name for scenario in scenarios(agent)}
    found["read from"] = "documentation" if folders == {"from-docs"} else "recordings"

    said = {fact: cells[agent] for fact, cells in table().items()}
    # What no payload shows may be read all the same.
    assert {fact: "no" if cell == "read" else cell for fact, cell in said.items()} == found


def test_the_table_has_every_agent() -> None:
    """And none that has no fixtures."""
    assert all(tuple(cells) == AGENTS for cells in table().values())
