"""Which adapter reads whose payloads."""

from types import ModuleType

import pytest

from traced.agents import claude_code, codex, copilot_cli, cursor, gemini_cli, opencode
from traced.agents.registry import ADAPTERS, CLAUDE_CODE, DEFAULT_AGENT, adapter_for


def test_claude_code_is_the_default() -> None:
    """Most hooks are its own."""
    assert DEFAULT_AGENT == "claude-code"
    assert adapter_for(DEFAULT_AGENT) is CLAUDE_CODE


@pytest.mark.parametrize("agent", ["custom", "an-agent-of-tomorrow", ""])
def test_an_unknown_agent_is_read_as_claude_code(agent: str) -> None:
    """Many agents took over its shape of payloads."""
    assert adapter_for(agent) is CLAUDE_CODE


@pytest.mark.parametrize(
    ("agent", "adapter"),
    [
        ("codex", codex),
        ("copilot-cli", copilot_cli),
        ("cursor", cursor),
        ("gemini-cli", gemini_cli),
        ("opencode", opencode),
    ],
)
def test_an_agent_with_an_adapter_is_read_by_it(agent: str, adapter: ModuleType) -> None:
    """Its shape is its own."""
    assert adapter_for(agent)[:2] == (adapter.changes, adapter.event_id)


def test_an_adapter_has_its_agents_three_functions() -> None:
    """What it means, what makes it unique, and which model it names."""
    assert CLAUDE_CODE[:3] == (claude_code.changes, claude_code.event_id, claude_code.model)


def test_one_agent_runs_others_hooks_and_gives_calls_no_id() -> None:
    """Cursor runs them too, but the id of its calls brings the two together."""
    assert [name for name, each in ADAPTERS.items() if each.runs_others_hooks] == ["copilot-cli"]
