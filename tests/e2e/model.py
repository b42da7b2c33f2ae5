"""A model on loopback that follows scripts, asked in any dialect."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from e2e.connection import Connection
from e2e.dialects import Dialect
from e2e.scripts import Call, position

# What Codex gives the model of a sub-agent that it launched, within the text of a result.
AGENT_ID = re.compile(rb'"agent_id\\*": ?\\*"([^"\\]+)')

Scripts = dict[str, list[list[Call]]]


class Model(ThreadingHTTPServer):
    """The server, on a port of its own."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, dialect: Dialect, scripts: Scripts) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.dialect = dialect
        self.scripts = scripts

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def turn(self, body: bytes) -> bytes:
        """
        Return the model's next turn in a conversation.

        `@agent_id` in a call's input is that of the sub-agent launched last.
        """
        request = json.loads(body)
        script, number = position(self.dialect.said(request))
        calls: Sequence[Call] = ()
        if script is not None and self.dialect.has_tools(request):
            turns = self.scripts[script]
            calls = turns[number] if number < len(turns) else ()
        named = [(f"{script}_{number + 1}_{place}", call) for place, call in enumerate(calls)]
        agent_id = b"".join(AGENT_ID.findall(body)[-1:])
        return self.dialect.answer(named).replace(b"@agent_id", agent_id)


class Handler(Connection, BaseHTTPRequestHandler):
    """What an agent asks, and what it is answered."""

    server: Model

    def do_GET(self) -> None:
        """Answer that there is no list of models."""
        self.send(404, "application/json", b"{}")

    def do_POST(self) -> None:
        """Answer as the model."""
        self.send(200, "text/event-stream", self.server.turn(self.body()))


@contextmanager
def answering(dialect: Dialect, scripts: Scripts) -> Iterator[Model]:
    """Hold a model that answers."""
    with Model(dialect, scripts) as model:
        thread = threading.Thread(target=model.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()
