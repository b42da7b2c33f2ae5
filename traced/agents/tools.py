"""
What kind of step a tool call is (SPEC 5): tool, skill, MCP call or sub-agent.

The same rules for all agents whose tools have Claude Code's names.
"""

from typing import Final, NamedTuple

from traced.agents.fields import NAME_CHARS_MAX, Payload, name
from traced.core.event import TraceType
from traced.core.summarise import cut

MCP_PREFIX: Final = "mcp__"
SUB_AGENT_TOOLS: Final = frozenset({"Agent", "Task", "spawn_agent"})


class Tool(NamedTuple):
    """What is shown of a call: its type, its name and where that name comes from."""

    trace_type: TraceType
    name: str
    source: str | None


def classify(tool_name: str, tool_input: Payload) -> Tool:
    """Return the kind, name and source of a call."""
    if tool_name.startswith(MCP_PREFIX):
        server, separator, tool = tool_name[len(MCP_PREFIX) :].partition("__")
        if separator and server and tool:
            return Tool("mcp", tool, server)
    if tool_name == "Skill":
        skill = name(tool_input, "skill") or name(tool_input, "command")
        return Tool("skill", skill or tool_name, None)
    if tool_name in SUB_AGENT_TOOLS:
        kind = name(tool_input, "subagent_type") or name(tool_input, "agent_type")
        return Tool("agent", kind or tool_name, None)
    return Tool("tool", cut(tool_name, NAME_CHARS_MAX), None)
