"""The agents of the model's machine: who is asked, at what time, for which prompt."""

from typing import Any

from support.told import Call, Kind, Part, Teller, Told, agent_type

NOW = 1_795_356_000_000

# The main thread launches a1, and again; a1 launches a2, and that one a3.
_CALLS = (
    Call("c0"),
    Call("c1"),
    Call("c2", tool="Agent", child="a1", what=("agent", "Agent", None)),
    Call("c3", tool="Agent", child="a1", what=("agent", "Agent", None)),
    Call("c4", by="a1"),
    Call("c5", by="a1", tool="Agent", child="a2", what=("agent", "Agent", None)),
    Call("c6", by="a2", asked="test"),
    Call("c7", tool="mcp__srv__do", what=("mcp", "do", "srv")),
    Call("c8", by="a2", tool="Agent", child="a3", what=("agent", "Agent", None)),
    Call("c9", by="a3", tool="mcp__srv__do", what=("mcp", "do", "srv")),
)
CALLS = {call.call_id: call for call in _CALLS}
NATIVE_CALLS = {"n0": None, "n1": None, "n2": "a1", "n3": "a2", "n4": "a2"}
SESSIONS = {"with ids": ("claude-code", "s1"), "without ids": ("claude-code", "s2")}
PARENTS = {"a2": "a1"}


class Clients:
    """
    Gives each event its time: a second later than the last, or late, and never twice the same.

    A call starts before it ends, and all its starts name one prompt, as they do of any agent.
    """

    def __init__(self) -> None:
        self.clock = NOW
        self._count = 0
        self._started: dict[object, int] = {}
        self._ended: dict[object, int] = {}
        self._prompts: dict[object, int] = {}

    def hook(self, session: str, who: dict[str, Any]) -> Teller:
        """Return who tells an event of a hook."""
        prompt_id = f"p{who['prompt']}" if session == "with ids" else None
        return self._teller(SESSIONS[session], who, prompt_id)

    def prompt(self, session: str, who: dict[str, Any], text: str) -> Told:
        """Tell of a prompt; texts of one prompt come in the order of their times."""
        return self.hook(session, {**who, "late": 0}).prompt(text)

    def of_call(
        self, session: str, who: dict[str, Any], calls: list[str], *, starts: bool = False
    ) -> Teller:
        """Return who tells an event of calls."""
        keys = [(session, call) for call in calls]
        teller = self.hook(session, who)
        if starts and teller.prompt_id is not None:
            prompt = self._prompts.setdefault(keys[0], who["prompt"])
            teller.prompt_id = f"p{prompt}"
        self._in_time(teller, keys, starts=starts)
        return teller

    def native(
        self, key: tuple[str, str], who: dict[str, Any], call: str, phase: str, **given: Any
    ) -> Told:
        """Tell of a step in traced's own words."""
        teller = self._teller(key, who, None)
        call_id = None if phase == "whole alone" else call
        if call_id is not None:
            self._in_time(teller, [(key, call_id)], starts=phase == "start")
        says: dict[str, Any] = dict(given.get("says", {}))
        name = given.get("name", "Bash")
        said = says | {"what": ("tool", name)}
        line = says | {"trace_type": "tool", "name": name}
        status = None if phase == "start" else given.get("status")
        by = NATIVE_CALLS[call]
        if given.get("by") and by is not None:
            names = {"agent_id": by, "agent_type": agent_type(by)}
            names["parent_agent_id"] = PARENTS.get(by)
            says = {name: value for name, value in names.items() if value is not None}
            said, line = said | says, line | says
        placed = {"call_id": call_id, "step_order": given.get("order")}
        placed |= {"prompt_number": given.get("number"), "status": status}
        line |= {name: value for name, value in placed.items() if value is not None}
        if teller.model is not None:
            line["model"] = teller.model
        if phase in {"start", "end"}:
            line["phase"] = phase
        _set_times(said, line, teller.at, phase)
        part = Part(
            "start" if phase == "start" else "end",
            call_id,
            said,
            status,
            None,
            given.get("number"),
            given.get("order"),
        )
        return teller.native(line, part, given.get("kind", "steps"))

    def life(self, key: tuple[str, str], who: dict[str, Any], life: str) -> Told:
        """Tell of a session's life without hooks."""
        kinds: dict[str, Kind] = {
            "session_start": "opened", "prompt": "prompt", "prompt_end": "stop",
            "session_end": "ended",
        }  # fmt: skip
        said = {"prompt": {"prompt": "go"}, "session_end": {"reason": "exit"}}.get(life, {})
        who = {**who, "late": 0} if life == "prompt" else who
        teller = self._teller(key, who, None)
        teller.model = None
        return teller.line(life, kinds[life], **said)

    def _teller(self, key: tuple[str, str], who: dict[str, Any], prompt_id: str | None) -> Teller:
        self.clock += 1000
        self._count += 1
        at = self.clock - 1000 * who["late"] + self._count % 999
        event_id = f"e{self._count}" if who["named"] else None
        return Teller(key, at, event_id, who["pid"], who["model"], prompt_id)

    def _in_time(self, teller: Teller, keys: list[Any], *, starts: bool) -> None:
        for key in keys:
            if starts:
                while teller.at >= self._ended.get(key, teller.at + 1):
                    teller.at -= 1000
                self._started[key] = max(self._started.get(key, 0), teller.at)
            else:
                while teller.at <= self._started.get(key, 0):
                    teller.at += 1000
        if not starts:
            for key in keys:
                self._ended[key] = min(self._ended.get(key, teller.at), teller.at)


def _set_times(said: dict[str, Any], line: dict[str, Any], at: int, phase: str) -> None:
    if phase == "start":
        said["started_at"] = at
    elif phase == "end" or "duration_ms" not in said:
        said["ended_at"] = at
    else:  # a whole step is over when it says
        said["started_at"] = line["started_at"] = at
        said["ended_at"] = round(at + said["duration_ms"])
