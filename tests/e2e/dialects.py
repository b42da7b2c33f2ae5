"""
How agents ask a model: what a request says, and how a turn of the model is answered.

Law: no I/O. A dialect is the API of a vendor as far as its agent uses it; all answers are streams.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Protocol

from e2e.scripts import Call, Json, Said

DONE = "Done."
# Each with the id that the model gives it, where it gives any.
Calls = Sequence[tuple[str, Call]]


class Dialect(Protocol):
    """One API."""

    def said(self, request: Json) -> Iterator[Said]:
        """Yield the conversation in its order."""

    def answer(self, calls: Calls) -> bytes:
        """Return the server-sent events of a turn; without calls the model says that it is done."""

    def has_tools(self, request: Json) -> bool:
        """Tell whether the agent itself asks, and not for a title or the like."""


class Completions:
    """OpenAI's chat completions, as OpenCode and Copilot CLI ask with a provider of one's own."""

    def said(self, request: Json) -> Iterator[Said]:
        """See `Dialect`."""
        for message in request["messages"]:
            if message["role"] == "assistant":
                yield "model", ""
            elif message["role"] == "user":
                yield "user", json.dumps(message["content"])

    def has_tools(self, request: Json) -> bool:
        """See `Dialect`."""
        return bool(request.get("tools"))

    def answer(self, calls: Calls) -> bytes:
        """See `Dialect`."""
        said: list[Json] = [
            {
                "index": place,
                "id": call_id,
                "type": "function",
                "function": {"name": call.tool, "arguments": json.dumps(call.input)},
            }
            for place, (call_id, call) in enumerate(calls)
        ]
        delta = {"tool_calls": said} if said else {"content": DONE}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        chunks = (
            self._chunk({"role": "assistant", **delta}, None),
            self._chunk({}, "tool_calls" if said else "stop", usage=usage),
        )
        return b"".join(map(event, chunks)) + b"data: [DONE]\n\n"

    def _chunk(self, delta: Json, reason: str | None, **more: Json) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return {**head, "choices": [choice], **more}


class Contents:
    """Google's generateContent, as Gemini CLI asks."""

    def said(self, request: Json) -> Iterator[Said]:
        """See `Dialect`."""
        for content in request["contents"]:
            if content["role"] == "model":
                yield "model", ""
            else:
                texts = [part["text"] for part in content["parts"] if "text" in part]
                yield "user", " ".join(texts)

    def has_tools(self, request: Json) -> bool:
        """See `Dialect`."""
        return any(tool.get("functionDeclarations") for tool in request.get("tools", []))

    def answer(self, calls: Calls) -> bytes:
        """See `Dialect`; calls have no ids here."""
        parts: list[Json] = [
            {"functionCall": {"name": call.tool, "args": call.input}} for _, call in calls
        ]
        content = {"role": "model", "parts": parts or [{"text": DONE}]}
        usage = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
        candidate = {"content": content, "finishReason": "STOP", "index": 0}
        return event({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m"})


class Responses:
    """OpenAI's responses, as Codex asks."""

    CALLS = ("function_call", "custom_tool_call")

    def said(self, request: Json) -> Iterator[Said]:
        """See `Dialect`."""
        in_turn = False  # what the model said in a row is one turn
        for item in request["input"]:
            kind = item["type"]
            is_models = kind in self.CALLS or (kind, item.get("role")) == ("message", "assistant")
            if is_models and not in_turn:
                yield "model", ""
            elif kind == "message" and not is_models:
                yield "user", json.dumps(item["content"])
            in_turn = is_models

    def has_tools(self, request: Json) -> bool:
        """See `Dialect`."""
        return bool(request.get("tools"))

    def answer(self, calls: Calls) -> bytes:
        """See `Dialect`."""
        items = [self._item(call, call_id) for call_id, call in calls]
        done = {"type": "output_text", "text": DONE}
        items = items or [{"type": "message", "role": "assistant", "content": [done]}]
        usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
        response = {"id": "response", "usage": usage}
        events: list[Json] = [
            {"type": "response.created", "response": {"id": response["id"]}},
            *(
                {"type": "response.output_item.done", "output_index": place, "item": item}
                for place, item in enumerate(items)
            ),
            {"type": "response.completed", "response": response},
        ]
        return b"".join(map(event, events))

    def _item(self, call: Call, call_id: str) -> Json:
        named = {"call_id": call_id, "name": call.tool}
        if isinstance(call.input, str):
            return {"type": "custom_tool_call", **named, "input": call.input}
        space = {} if call.space is None else {"namespace": call.space}
        arguments = json.dumps(call.input)
        return {"type": "function_call", **named, **space, "arguments": arguments}


def event(body: Json) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(body).encode() + b"\n\n"
