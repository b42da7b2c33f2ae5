"""What kind of step a tool call is."""

import pytest

from traced.agents.tools import Tool, classify


@pytest.mark.parametrize(
    ("tool_name", "tool_input", "tool"),
    [
        ("Bash", {}, Tool("tool", "Bash", None)),
        ("mcp__demo__add", {}, Tool("mcp", "add", "demo")),
        ("mcp__demo__add__all", {}, Tool("mcp", "add__all", "demo")),
        ("mcp__my_server__a_b", {}, Tool("mcp", "a_b", "my_server")),
        ("mcp__demo", {}, Tool("tool", "mcp__demo", None)),
        ("mcp____add", {}, Tool("tool", "mcp____add", None)),
        ("mcp__demo__", {}, Tool("tool", "mcp__demo__", None)),
        ("Skill", {"skill": "greet"}, Tool("skill", "greet", None)),
        ("Skill", {"command": "greet"}, Tool("skill", "greet", None)),
        ("Skill", {"skill": "greet", "command": "no"}, Tool("skill", "greet", None)),
        ("Skill", {"skill": 5}, Tool("skill", "Skill", None)),
        ("Agent", {"subagent_type": "reviewer"}, Tool("agent", "reviewer", None)),
        ("Task", {"subagent_type": "reviewer"}, Tool("agent", "reviewer", None)),
        ("spawn_agent", {"agent_type": "explorer"}, Tool("agent", "explorer", None)),
        ("Agent", {}, Tool("agent", "Agent", None)),
        ("TaskCreate", {"subagent_type": "x"}, Tool("tool", "TaskCreate", None)),
    ],
)
def test_calls_are_classified(tool_name: str, tool_input: dict[str, object], tool: Tool) -> None:
    """SPEC 5: tools, MCP calls, skills and sub-agents, each by its own name."""
    assert classify(tool_name, tool_input) == tool
