"""
A stand-in for the Messages API on loopback: the model is a script, and what it is sent is kept.

Law: the answer depends on the request alone (`e2e.scripts`).
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from e2e.connection import Connection
from e2e.scripts import OVER, Call, Failure, Json, Said, Scripts, position

USAGE = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}


class StandIn:
    """The server; `requests` are the bodies of what was asked of the model, in their order."""

    def __init__(self, scripts: Scripts, named: Callable[[str], str]) -> None:
        self.scripts = scripts
        self.requests: list[Json] = []
        self._named = named
        self._server = Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """What the agent takes for its API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def turn(self, request: Json) -> Json | Failure:
        """Return the model's next message in a conversation, or how the API fails."""
        script, number = position(conversation(request["messages"]))
        if not request.get("tools") or script is None:
            return message(request["model"], "aside", [{"type": "text", "text": "ok"}])
        self.requests.append(request)
        turns = self.scripts[script]
        turn = turns[number] if number < len(turns) else OVER
        if isinstance(turn, Failure):
            return turn
        name = f"{script}_{number + 1}"
        content: list[Json] = []
        for place, block in enumerate(turn):
            if isinstance(block, Call):
                call_id = f"{name}_{place}"
                content.append(
                    {"type": "tool_use", "id": call_id, "name": block.tool, "input": block.input}
                )
            else:
                content.append({"type": "text", "text": block})
        return message(request["model"], name, json.loads(self._named(json.dumps(content))))


class Server(ThreadingHTTPServer):
    """The HTTP server of one stand-in, on a port of its own."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, stand_in: StandIn) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.stand_in = stand_in


class Handler(Connection, BaseHTTPRequestHandler):
    """What Claude Code asks, and what it is answered."""

    server: Server

    def do_HEAD(self) -> None:
        """Answer that it is there."""
        self._answer(200, {})

    def do_GET(self) -> None:
        """Answer with an empty list, as of models."""
        self._answer(200, {"data": [], "has_more": False})

    def do_POST(self) -> None:
        """Answer as the model, or with a count of tokens."""
        body = json.loads(self.body() or b"{}")
        path = self.path.partition("?")[0]
        if path == "/v1/messages":
            self._message(body)
        elif path == "/v1/messages/count_tokens":
            self._answer(200, {"input_tokens": USAGE["input_tokens"]})
        else:
            self._answer(404, error("not_found_error"))

    def _message(self, body: Json) -> None:
        turn = self.server.stand_in.turn(body)
        if isinstance(turn, Failure):
            self._answer(turn.status, error(turn.kind))
        elif body.get("stream"):
            self.send(200, "text/event-stream", b"".join(stream(turn)))
        else:
            self._answer(200, turn)

    def _answer(self, status: int, body: Json) -> None:
        self.send(status, "application/json", json.dumps(body).encode())


def conversation(messages: Sequence[Json]) -> Iterator[Said]:
    """Yield what was said."""
    for message in messages:
        if message["role"] == "assistant":
            yield "model", ""
        else:
            for block in blocks_of(message):
                if block["type"] == "text":
                    yield "user", block["text"]


def blocks_of(message: Json) -> list[Json]:
    """Return the content of a message as blocks; a string is one text."""
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def message(model: str, name: str, content: list[Json]) -> Json:
    """Return a message of the model."""
    calls = any(block["type"] == "tool_use" for block in content)
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def stream(whole: Json) -> Iterator[bytes]:
    """Return a message as server-sent events, each block in one delta."""
    empty = whole | {"content": [], "stop_reason": None}
    yield event("message_start", message=empty)
    for index, block in enumerate(whole["content"]):
        if block["type"] == "text":
            start = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            start = block | {"input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield event("content_block_start", index=index, content_block=start)
        yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    end = {key: whole[key] for key in ("stop_reason", "stop_sequence")}
    yield event("message_delta", delta=end, usage=whole["usage"])
    yield event("message_stop")


def event(kind: str, **fields: Any) -> bytes:
    """Return one server-sent event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()


def error(kind: str) -> Json:
    """Return the body of an error."""
    return {"type": "error", "error": {"type": kind, "message": "the script says so"}}
