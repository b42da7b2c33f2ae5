"""
What an agent tells: each event as the line that is sent, beside what SPEC lets one read out of it.

The two are written side by side by hand, so that who works out rows from the second says nothing
about how the first is read.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

Phase = Literal["start", "batch", "denied", "end"]
Kind = Literal[
    "steps", "asked", "prompt", "stop", "agent_start", "agent_stop", "opened", "compacted",
    "ended", "lost", "ignored", "refused",
]  # fmt: skip
Key = tuple[str, str]


@dataclass(frozen=True)
class Part:
    """What one event says of one step; `said` has the columns of which it speaks."""

    phase: Phase
    call_id: str | None
    said: dict[str, Any]
    status: str | None = None
    prompt_id: str | None = None
    prompt_number: int | None = None
    step_order: int | None = None
    asks_as: str | None = None


@dataclass(frozen=True)
class Told:
    """One event of the session `key` (agent, session id) at `at`; `who` is a sub-agent."""

    key: Key
    kind: Kind
    at: int
    line: bytes = b""
    parts: tuple[Part, ...] = ()
    event_id: str | None = None
    pid: int | None = None
    prompt_id: str | None = None
    text: str | None = None
    who: str | None = None
    who_type: str | None = None
    asks_as: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Call:
    """What all events of one call of Claude Code agree on."""

    call_id: str
    by: str | None = None
    tool: str = "Bash"
    asked: str = "make"
    child: str | None = None
    what: tuple[str, str, str | None] = ("tool", "Bash", None)

    @property
    def input(self) -> dict[str, str]:
        """Its arguments."""
        return {"description": self.asked} if self.tool == "Agent" else {"command": self.asked}

    @property
    def shown(self) -> str:
        """What is shown of its arguments."""
        return f"command={self.asked}" if self.what[0] == "mcp" else self.asked

    @property
    def asks_as(self) -> str:
        """Who calls which tool with what: so a permission request finds it."""
        return f"{self.by} {self.tool} {self.asked}"


@dataclass
class Teller:
    """Writes the lines of one session; `sent` is what the hook client puts around a payload."""

    key: Key
    at: int
    event_id: str | None = None
    pid: int | None = None
    model: str | None = None
    prompt_id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def start(self, call: Call) -> Told:
        """Tell by PreToolUse that a call begins."""
        said = self._call(call) | {"started_at": self.at}
        return self._step("PreToolUse", call, self._part("start", call, said))

    def end(self, call: Call, status: str, duration_ms: float | None, result: str) -> Told:
        """Tell by PostToolUse or PostToolUseFailure that a call came to its end."""
        said = self._call(call) | {"ended_at": self.at}
        payload: dict[str, Any] = {}
        if duration_ms is not None:
            payload["duration_ms"] = said["duration_ms"] = duration_ms
        if status != "ok":
            payload |= {"error": result, "is_interrupt": status == "cancelled"}
            said["error"] = result
            event = "PostToolUseFailure"
        else:
            event = "PostToolUse"
            response: Any = result
            if call.child is not None:
                said["child_agent_id"] = call.child
                response = {"agentId": call.child, "agentType": agent_type(call.child)}
                response["content"] = [{"type": "text", "text": result}]
            payload["tool_response"] = response
            said |= {"output_summary": result, "output": _json(response)}
        return self._step(event, call, self._part("end", call, said, status), payload)

    def denied(self, call: Call, reason: str) -> Told:
        """Tell by PermissionDenied that the agent itself refused a call."""
        said = self._call(call) | {"ended_at": self.at, "error": reason}
        part = self._part("denied", call, said)
        return self._step("PermissionDenied", call, part, {"reason": reason})

    def batch(self, calls: list[Call], result: str, *, error: bool) -> Told:
        """Tell by PostToolBatch what the model was given for several calls of one thread."""
        response = f"<tool_use_error>{result}</tool_use_error>" if error else result
        entries = [
            {
                "tool_name": call.tool,
                "tool_input": call.input,
                "tool_use_id": call.call_id,
                "tool_response": response,
            }
            for call in calls
        ]
        given: dict[str, Any] = {"error": result} if error else {"output_summary": result}
        if not error:
            given["output"] = _json(result)
        given |= {"ended_at": self.at}
        status = "error" if error else None
        parts = tuple(self._part("batch", call, self._call(call) | given, status) for call in calls)
        told = self._told("PostToolBatch", "steps", {**_caller(calls[0]), "tool_calls": entries})
        return _with(told, parts=parts)

    def asked(self, call: Call) -> Told:
        """Tell by PermissionRequest that the user is asked; which call it is for is not said."""
        payload = {**_caller(call), "tool_name": call.tool, "tool_input": call.input}
        return _with(self._told("PermissionRequest", "asked", payload), asks_as=call.asks_as)

    def command(self, name: str) -> Told:
        """Tell by UserPromptExpansion of a slash command, which is a whole step."""
        said = {"what": ("command", name), "input_summary": "fast", "started_at": self.at}
        part = Part("end", None, said, "ok", self.prompt_id)
        payload = {"command_name": name, "command_args": "fast"}
        return _with(self._told("UserPromptExpansion", "steps", payload), parts=(part,))

    def prompt(self, text: str) -> Told:
        """Tell by UserPromptSubmit of a prompt."""
        told = self._told("UserPromptSubmit", "prompt", {"prompt": text})
        own = None if self.prompt_id is None else f"{self.prompt_id} {text}"
        return _with(told, text=text, event_id=self.event_id or own)

    def life(self, event: str, kind: Kind, **payload: Any) -> Told:
        """Tell of the session, a prompt's end, or what nobody wants to know."""
        told = self._told(event, kind, payload)
        return _with(told, text=payload.get("reason"))

    def agent(self, event: str, kind: Kind, who: str) -> Told:
        """Tell of a sub-agent that begins or is done."""
        payload = {"agent_id": who, "agent_type": agent_type(who)}
        return _with(self._told(event, kind, payload), who=who, who_type=agent_type(who))

    def native(self, said: dict[str, Any], part: Part, kind: Kind = "steps") -> Told:
        """Tell in traced's own words: `said` goes on the line as it is."""
        return self._sent({"v": 1, **said}, kind, (part,))

    def line(self, lifecycle: str, kind: Kind, **said: Any) -> Told:
        """Tell of the session's life as agents without hooks do."""
        told = self._sent({"v": 1, "lifecycle": lifecycle, **said}, kind, ())
        return _with(told, text=said.get("prompt", said.get("reason")), prompt_id=None)

    def _sent(self, said: dict[str, Any], kind: Kind, parts: tuple[Part, ...]) -> Told:
        agent, session_id = self.key
        said |= {"agent": agent, "session_id": session_id}
        return self._of(said | self._around(), kind, parts)

    def _told(self, event: str, kind: Kind, payload: dict[str, Any]) -> Told:
        agent, session_id = self.key
        payload = {"hook_event_name": event, "session_id": session_id, **payload, **self.extra}
        given = {"model": self.model, "prompt_id": self.prompt_id}
        payload |= {name: value for name, value in given.items() if value is not None}
        return self._of({"v": 1, "agent": agent, "payload": payload} | self._around(), kind, ())

    def _around(self) -> dict[str, Any]:
        around = {"sent_at": self.at, "event_id": self.event_id, "agent_pid": self.pid}
        return {name: value for name, value in around.items() if value is not None}

    def _of(self, line: dict[str, Any], kind: Kind, parts: tuple[Part, ...]) -> Told:
        return Told(
            self.key,
            kind,
            self.at,
            json.dumps(line).encode(),
            parts,
            self.event_id,
            self.pid,
            self.prompt_id,
            model=self.model,
        )

    def _step(
        self, event: str, call: Call, part: Part, payload: dict[str, Any] | None = None
    ) -> Told:
        payload = {
            **_caller(call),
            "tool_name": call.tool,
            "tool_input": call.input,
            "tool_use_id": call.call_id,
            **(payload or {}),
        }
        event_id = self.event_id or f"{event}:{call.call_id}"
        return _with(self._told(event, "steps", payload), parts=(part,), event_id=event_id)

    def _part(
        self, phase: Phase, call: Call, said: dict[str, Any], status: str | None = None
    ) -> Part:
        asks_as = call.asks_as if phase == "start" else None
        return Part(phase, call.call_id, said, status, self.prompt_id, asks_as=asks_as)

    @staticmethod
    def _call(call: Call) -> dict[str, Any]:
        trace_type, name, source = call.what
        said = {"what": (trace_type, name), "source": source, "input_summary": call.shown}
        said |= {"agent_id": call.by, "agent_type": agent_type(call.by)}
        said["input"] = _json(call.input)
        return {name: value for name, value in said.items() if value is not None}


def agent_type(agent_id: str | None) -> str | None:
    """Return the type of a sub-agent, which all events that tell it agree on."""
    return None if agent_id is None else f"type of {agent_id}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _caller(call: Call) -> dict[str, Any]:
    if call.by is None:
        return {}
    return {"agent_id": call.by, "agent_type": agent_type(call.by)}


def _with(told: Told, **changed: Any) -> Told:
    return Told(**{**told.__dict__, **changed})
