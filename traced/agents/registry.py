"""
Which adapter reads whose payloads.

Payloads of an agent without an adapter of its own are read as Claude Code's, whose shape many
agents took over; events of other names keep nothing.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from traced.agents import claude_code, codex, copilot_cli, cursor, gemini_cli, opencode
from traced.agents.fields import Payload
from traced.core.capture import Capture
from traced.core.event import Change

DEFAULT_AGENT: Final = "claude-code"


class Adapter(NamedTuple):
    """
    How one agent's payloads are read.

    `changes` says what an event (name, payload, Unix ms) means; `event_id` gives an id that only
    this event has, or None; `model` the session's model from this event on, or None.
    `runs_others_hooks` says that it runs other agents' hooks too and gives calls no id: two clients
    may then tell of one event, which `event_id` alone recognises.
    """

    changes: Callable[[str, Payload, int, Capture], tuple[Change, ...]]
    event_id: Callable[[str, Payload], str | None]
    model: Callable[[str, Payload], str | None]
    runs_others_hooks: bool = False


CLAUDE_CODE: Final = Adapter(claude_code.changes, claude_code.event_id, claude_code.model)

ADAPTERS: Final = {
    DEFAULT_AGENT: CLAUDE_CODE,
    "codex": Adapter(codex.changes, codex.event_id, claude_code.model),
    "copilot-cli": Adapter(
        copilot_cli.changes, copilot_cli.event_id, claude_code.model, runs_others_hooks=True
    ),
    "cursor": Adapter(cursor.changes, cursor.event_id, claude_code.model),
    "gemini-cli": Adapter(gemini_cli.changes, gemini_cli.event_id, gemini_cli.model),
    "opencode": Adapter(opencode.changes, opencode.event_id, opencode.model),
}


def adapter_for(agent: str) -> Adapter:
    """Return the adapter that reads this agent's payloads."""
    return ADAPTERS.get(agent, CLAUDE_CODE)
