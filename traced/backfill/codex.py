"""
Codex's rollouts as what its hooks would have told.

Law: a call has the id that its hooks gave it, and a prompt its turn's id, so that the two tell of
one thing. A line that is not understood is passed over: the format is its agent's own and changes.
Facts: tests/fixtures/codex/0.169.0/rollouts, beside what the hooks told of the same sessions.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from traced.agents.fields import mapping, text
from traced.backfill import lines
from traced.backfill.calls import Call, failure, keep
from traced.backfill.codex_calls import call_of, ending_of
from traced.backfill.fields import Record, readable, time_of
from traced.backfill.told import Counts, SubAgent
from traced.backfill.usage import Prompt, Usages, count

AGENT: Final = "codex"
# What hooks call a sub-agent that was given no role.
ROLE: Final = "default"
USAGE: Final = (
    "input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens"
)  # fmt: skip


class Thread(Struct, frozen=True):
    """Whose file it is: the session's own, or a sub-agent's."""

    session_id: str
    thread_id: str
    role: str | None

    @property
    def sub_agent(self) -> SubAgent | None:
        """Whose file it is, if it is a sub-agent's."""
        if self.thread_id == self.session_id:
            return None
        return SubAgent(self.thread_id, self.role or ROLE)


class Rollouts(Struct):
    """
    One session: the file of its own thread and those of its sub-agents', one after the other.

    `usages` are told at the end, because a prompt's are its sub-agents' too.
    """

    usages: Usages = field(default_factory=lambda: Usages(AGENT))
    counts: Counts = field(default_factory=lambda: Counts(sessions=1))

    def read(self, records: Iterator[Record], _sub_agent: SubAgent | None) -> Iterator[bytes]:
        """Yield what a file tells; whose it is, its first record says."""
        return _File(self).told(records)

    def end(self) -> Iterator[bytes]:
        """Yield what could be told only after the last file."""
        return self.usages.told()


class _Open(Struct):
    """A call, and what Codex noted of the running, if it did by now."""

    call: Call
    ran: Record | None = None


class _File(Struct):
    rollouts: Rollouts
    session_id: str = ""
    sub_agent: SubAgent | None = None
    cwd: str | None = None
    model: str | None = None
    turn_id: str | None = None
    prompt: Prompt | None = None
    open_calls: dict[str, _Open] = field(default_factory=dict)
    totals: list[int] = field(default_factory=lambda: [0] * len(USAGE))
    tells_each: bool = False
    is_begun: bool = False
    ended_at: int | None = None
    submitted: int = 0

    def told(self, records: Iterator[Record]) -> Iterator[bytes]:
        for record in records:
            at, payload = time_of(record), mapping(record, "payload")
            if record.get("type") == "session_meta" and not self.session_id:
                self._meet(payload)
            if at is None or not self.session_id:
                continue
            match record.get("type"):
                case "turn_context":
                    self.model = text(payload, "model") or self.model
                    self.cwd = text(payload, "cwd") or self.cwd
                    self.turn_id = text(payload, "turn_id") or self.turn_id
                case "event_msg":
                    yield from self._event(payload, at)
                case "response_item":
                    yield from self._item(payload, at)
                case "token_usage_record":
                    self.tells_each = True
                    self._used(mapping(payload, "usage"), text(payload, "response_id"))
        if self.sub_agent is not None and self.ended_at is not None:
            yield self._hook("SubagentStop", self.ended_at)

    def _meet(self, meta: Record) -> None:
        thread = thread_of(meta)
        if thread is not None:
            self.session_id, self.sub_agent = thread.session_id, thread.sub_agent
            self.cwd = text(meta, "cwd")

    def _event(self, payload: Record, at: int) -> Iterator[bytes]:
        match payload.get("type"):
            case "task_started":
                self.turn_id = text(payload, "turn_id")
                yield from self._begin(payload, at)
            case "task_complete" | "turn_aborted":
                self.ended_at = at
                if self.prompt is not None and self.sub_agent is None:
                    self.prompt.ended_at = at
            case "user_message":
                yield from self._submit(text(payload, "message") or "", at)
            case "item_completed":
                item = mapping(payload, "item")
                if item.get("type") == "UserMessage":
                    yield from self._submit(readable(item.get("content")), at)
                elif (known := self.open_calls.get(text(item, "id") or "")) is not None:
                    known.ran = item
            case "token_count" if not self.tells_each:
                self._counted(mapping(mapping(payload, "info"), "total_token_usage"))

    def _begin(self, payload: Record, at: int) -> Iterator[bytes]:
        if self.sub_agent is None:
            return
        self.ended_at = None
        root_id = text(payload, "root_turn_id") or ""
        self.prompt = self.rollouts.usages.prompts.get(root_id, self.prompt)
        if not self.is_begun:
            self.is_begun = True
            yield self._hook("SubagentStart", at)

    def _submit(self, told: str, at: int) -> Iterator[bytes]:
        usages = self.rollouts.usages
        # What is said while a turn goes on belongs to it.
        if self.sub_agent is not None or (self.turn_id or "") in usages.prompts:
            return
        self.submitted += 1
        self.prompt = usages.began(self.session_id, self.turn_id, f"no {self.submitted}", at)
        yield self._hook("UserPromptSubmit", at, prompt=told)

    def _item(self, item: Record, at: int) -> Iterator[bytes]:
        call = call_of(item)
        if call is not None:
            keep(self.open_calls, call.call_id, _Open(call))
            self.rollouts.counts.calls += 1
            yield self._hook("PreToolUse", at, **call.payload())
        elif text(item, "type") in {"function_call_output", "custom_tool_call_output"}:
            yield from self._end(item, at)

    def _end(self, item: Record, at: int) -> Iterator[bytes]:
        known = self.open_calls.pop(text(item, "call_id") or "", None)
        if known is None:
            return
        call, ending = known.call, ending_of(item.get("output"), known.ran)
        if ending.error is None:
            yield self._hook("PostToolUse", at, **call.payload(), tool_response=ending.response)
        else:
            said = failure(ending.error, is_interrupt=ending.is_interrupt)
            yield self._hook("PostToolUseFailure", at, **call.payload(), **said)

    def _used(self, usage: Record, key: str | None) -> None:
        if self.prompt is not None:
            counts = [count(usage, each) for each in USAGE]
            self.rollouts.usages.add(self.prompt, self.model, key, counts)

    def _counted(self, totals: Record) -> None:
        """Take what was used since the last time: older versions tell it for the whole file."""
        if not totals:
            return
        now = [count(totals, each) for each in USAGE]
        more = [max(0, new - old) for new, old in zip(now, self.totals, strict=True)]
        self.totals = now
        if self.prompt is not None and any(more):
            self.rollouts.usages.add(self.prompt, self.model, None, more)

    def _hook(self, event: str, at: int, **said: object) -> bytes:
        payload: dict[str, object] = {
            "hook_event_name": event,
            "session_id": self.session_id,
            "cwd": self.cwd,
        }
        if self.sub_agent is not None:
            payload["agent_id"] = self.sub_agent.agent_id
            payload["agent_type"] = self.sub_agent.agent_type
            payload["prompt_id"] = None if self.prompt is None else self.prompt.prompt_id
        elif self.prompt is not None:
            payload["turn_id"] = self.prompt.prompt_id
        number = None if self.prompt is None else self.prompt.number
        return lines.hook(AGENT, {**payload, **said}, at, number)


def recognises(first: Record) -> bool:
    """Tell whether a file that begins with this record is a rollout."""
    return first.get("type") == "session_meta" and thread_of(mapping(first, "payload")) is not None


def thread_of(meta: Record) -> Thread | None:
    """Return whose the file is that begins with this, None if that does not say."""
    thread_id = text(meta, "id")
    if thread_id is None:
        return None
    launched = mapping(mapping(mapping(meta, "source"), "subagent"), "thread_spawn")
    parent_id = text(meta, "parent_thread_id") or text(launched, "parent_thread_id")
    role = text(meta, "agent_role") or text(launched, "agent_role")
    return Thread(text(meta, "session_id") or parent_id or thread_id, thread_id, role)
