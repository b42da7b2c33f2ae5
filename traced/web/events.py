"""
`/api/events`: steps as they are made and change, and the daemon's state, as server-sent events.

Law: a stream is a place in the revisions and nothing else. What a slow client has not read waits in
the database, not in memory; and who comes back with the last id it saw has missed nothing.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from traced.store import pages, queries
from traced.store.pages import INT64_MAX, Changes
from traced.store.reader import ReadConnection
from traced.store.rows import Step
from traced.web.asked import NAME_CHARS_MAX, Asked, whole_number
from traced.web.link import Link
from traced.web.presence import Presence
from traced.web.problem import Problem, not_ready
from traced.web.reading import Reading, session_named

STREAMS_MAX: Final = 32
LOOK_SECONDS: Final = 0.25
HEARTBEAT_SECONDS: Final = 15.0
# Revisions looked through at once: a look for one session's steps reads those of all.
WINDOW_REVISIONS: Final = 500
MEDIA_TYPE: Final = "text/event-stream"
START: Final = b"retry: 2000\n\n"


class Pulse:
    """Tells all streams the newest revision, with one look at the database between them."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._looking = anyio.Lock()
        self._next_look = 0.0
        self._newest = 0

    async def newest(self) -> int:
        """Return the newest revision, as it was at most a quarter of a second ago."""
        async with self._looking:
            if time.monotonic() >= self._next_look:
                self._newest = await self._reading.ask(queries.newest_revision)
                self._next_look = time.monotonic() + LOOK_SECONDS
        return self._newest


class Streams:
    """The streams that are open; they end when `stopping` says so."""

    def __init__(self, reading: Reading, presence: Presence, stopping: Callable[[], bool]) -> None:
        self.reading = reading
        self.presence = presence
        self.pulse = Pulse(reading)
        self.stopping = stopping
        self.open = 0

    async def changes(self, since: int, session_pk: int | None) -> Changes:
        """Return what comes after a revision; nothing where the database cannot be read now."""
        try:
            if await self.pulse.newest() == since:
                return Changes([], since)
            ask = partial(
                pages.changes,
                since_revision=since,
                revisions_max=WINDOW_REVISIONS,
                session_pk=session_pk,
            )
            return await self.reading.ask(ask)
        except Problem:
            return Changes([], since)


class EventStream(Response):
    """A stream of the changes after a revision, of one session or of all."""

    def __init__(self, streams: Streams, since: int, session_pk: int | None) -> None:
        super().__init__(media_type=MEDIA_TYPE)
        del self.headers["content-length"]
        self._streams = streams
        self._since = since
        self._session_pk = session_pk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves or the server stops."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        self._streams.open += 1  # first of all: nobody is let in between the look and this
        try:
            await send(start)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_until_it_leaves, receive, tasks.cancel_scope)
                tasks.start_soon(self._streams.presence.follow)
                await self._run(send)
                tasks.cancel_scope.cancel()
        finally:
            self._streams.open -= 1

    async def _run(self, send: Send) -> None:
        await _send(send, START)
        heartbeat_due = time.monotonic() + HEARTBEAT_SECONDS
        state: str | None = None
        while not self._streams.stopping():
            found = await self._streams.changes(self._since, self._session_pk)
            is_behind = found.revision > self._since
            text = b"".join(_told(found, self._since))
            self._since = found.revision
            if state != self._streams.presence.state:
                state = self._streams.presence.state
                text += _daemon(state, self._since)
            if not text and time.monotonic() >= heartbeat_due:
                # The id too: of one session nothing may have been told for long.
                text = b": heartbeat\nid: %d\n\n" % self._since
            if text:
                await _send(send, text)
                heartbeat_due = time.monotonic() + HEARTBEAT_SECONDS
            if not is_behind:
                await anyio.sleep(LOOK_SECONDS)
        await send({"type": "http.response.body", "body": b""})


def routes(reading: Reading, link: Link, stopping: Callable[[], bool]) -> list[Route]:
    """Return the route of events."""
    streams = Streams(reading, Presence(link), stopping)

    async def events(request: Request) -> Response:
        asked = Asked(request, ("after", "session_id", "agent", "uid"))
        session_id = asked.text("session_id", NAME_CHARS_MAX)
        agent, uid = asked.agent(), asked.uid()
        after = asked.number("after", 0, INT64_MAX)
        last = request.headers.get("last-event-id")
        if last is not None:
            after = whole_number("Last-Event-ID", last, 0, INT64_MAX)

        def question(connection: ReadConnection) -> tuple[int, int | None]:
            newest = queries.newest_revision(connection)
            if session_id is None:
                return newest, None
            return newest, session_named(connection, session_id, agent, uid).pk

        newest, session_pk = await reading.ask(question)
        if streams.open >= STREAMS_MAX:
            raise not_ready(f"{STREAMS_MAX} streams of events are open, expected fewer")
        return EventStream(streams, newest if after is None else after, session_pk)

    return [Route("/api/events", events)]


def _told(found: Changes, since: int) -> Iterator[bytes]:
    if found.revision < since:  # another database: the client's place is not in it
        yield b"event: reset\nid: %d\ndata: {}\n\n" % found.revision
    for step in found.steps:
        yield _event(step)


def _event(step: Step) -> bytes:
    return b"event: step\nid: %d\ndata: %b\n\n" % (step.revision, msgspec.json.encode(step))


def _daemon(state: str | None, revision: int) -> bytes:
    told = msgspec.json.encode({"state": state})
    return b"event: daemon\nid: %d\ndata: %b\n\n" % (revision, told)


async def _send(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _until_it_leaves(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
