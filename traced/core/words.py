"""The closed lists of words that rows and events have in common (SPEC 2 and 3.1)."""

from typing import Literal

TraceType = Literal["tool", "skill", "mcp", "agent", "hook", "command"]
EndStatus = Literal["ok", "error", "denied", "cancelled"]
PromptSource = Literal["user", "agent"]
StepStatus = Literal["running", "ok", "error", "denied", "cancelled", "unknown"]
AgentStatus = Literal["running", "ok", "unknown"]
