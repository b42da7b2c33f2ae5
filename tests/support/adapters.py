"""Payloads as an agent's adapter reads them, without a daemon."""

from typing import Any

from support.recorded import Scenario
from traced.agents.registry import adapter_for
from traced.agents.shape import shaped
from traced.core.capture import Capture, CaptureMode
from traced.core.event import Change, StepChange
from traced.core.json_text import decode_json
from traced.core.redact import Redactor

AGENTS = ("claude-code", "codex", "gemini-cli", "cursor", "copilot-cli", "opencode")
AT = 1_795_356_000_000


def read(
    agent: str, event: str, payload: dict[str, Any], mode: CaptureMode = "summary"
) -> tuple[Change, ...]:
    """Return what an agent's adapter makes of one event."""
    return adapter_for(agent).changes(event, payload, AT, Capture(mode, Redactor()))


def read_step(
    agent: str, event: str, payload: dict[str, Any], mode: CaptureMode = "summary"
) -> StepChange:
    """Return the one step that an event tells of."""
    (change,) = read(agent, event, payload, mode)
    assert isinstance(change, StepChange)
    return change


def told_events(scenario: Scenario) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of a scenario, each with its payload, as they come to an adapter."""
    told: list[tuple[str, dict[str, Any]]] = []
    for line, said in zip(scenario.payloads, scenario.events, strict=True):
        payload = decode_json(line)
        assert isinstance(payload, dict)
        known = dict(shaped(payload))
        event = known.get("hook_event_name") or said
        assert isinstance(event, str)
        told.append((event, known))
    return told
