import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from starlette.types import Message, Scope
from support.daemon import DEADLINE_SECONDS
from support.rows import Recording
from support.web import app_on, link_in

from traced.store.pages import Changes
from traced.web import events
from traced.web.events import STREAMS_MAX, WINDOW_REVISIONS, Streams
from traced.web.presence import Presence
from traced.web.reading import Reading


class Stream:
    """A stream of events as its client sees it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.text = b""
        self.is_over = False
        self.leaving = anyio.Event()
        self._read = 0

    async def receive(self) -> Message:
        """Send nothing, until it leaves."""
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take what is sent."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.text += message["body"]
            self.is_over = not message.get("more_body", False)

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something has come."""
        with anyio.fail_after(DEADLINE_SECONDS):
            while not condition():
                await anyio.sleep(0.001)

    async def next(self, count: int) -> list[tuple[str, int, Any]]:
        """Wait for so many further events; return the kind, id and data of each."""
        await self.wait_for(lambda: len(self.events) >= self._read + count)
        found = self.events[self._read : self._read + count]
        self._read += count
        return found

    @property
    def events(self) -> list[tuple[str, int, Any]]:
        """All events of steps that came, read as a browser reads them."""
        return [each for each in _events(self.text.decode()) if each[0] != "daemon"]

    @property
    def daemon(self) -> list[tuple[str, int, Any]]:
        """What came of the daemon."""
        return [each for each in _events(self.text.decode()) if each[0] == "daemon"]


def _events(text: str) -> Iterator[tuple[str, int, Any]]:
    for block in text.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line[:1] != ":")
        if "data" in fields:
            yield fields["event"], int(fields["id"]), json.loads(fields["data"])


class Listener:
    """Opens streams of one application."""

    def __init__(self, recording: Recording) -> None:
        self.is_stopping = False
        self.app = app_on(recording.path.parent, stopping=lambda: self.is_stopping)

    async def _answer(self, scope: Scope, stream: Stream) -> None:
        await self.app(scope, stream.receive, stream.send)

    @asynccontextmanager
    async def stream(
        self, query: str = "", method: str = "GET", **headers: str
    ) -> AsyncIterator[Stream]:
        """Open a stream for the length of the block."""
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": "/api/events",
            "raw_path": b"/api/events",
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
            ],
        }
        stream = Stream()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._answer, scope, stream)
            await stream.wait_for(lambda: bool(stream.text) or stream.is_over)
            yield stream
            stream.leaving.set()


@pytest.fixture
def listener(recording: Recording) -> Listener:
    """Who listens to the recording."""
    return Listener(recording)


async def test_a_stream_begins_with_what_comes(recording: Recording, listener: Listener) -> None:
    """What was there before is not told; a new step and its change are, with their revisions."""
    session = recording.session("s1")
    recording.step(session, 1)
    async with listener.stream() as stream:
        step = recording.step(session, 2, status="running", input='{"a":1}')
        (made,) = await stream.next(1)
        recording.change(step, status="ok")
        (changed,) = await stream.next(1)

    assert stream.status == 200
    assert stream.headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert (made[:2], made[2]["status"]) == (("step", 2), "running")
    assert (changed[:2], changed[2]["status"]) == (("step", 3), "ok")
    row = recording.view("execution_traces")[1]
    assert changed[2] == row | {"input": None, "output": None}


async def test_a_stream_tells_that_no_daemon_records(
    recording: Recording, listener: Listener
) -> None:
    """Once, with the place in the revisions that the client has reached."""
    recording.step(recording.session("s1"), 1)
    async with listener.stream() as stream:
        await stream.wait_for(lambda: bool(stream.daemon))

    assert stream.daemon == [("daemon", 1, {"state": "away"})]


async def test_who_comes_back_has_missed_nothing(recording: Recording, listener: Listener) -> None:
    """After a break the stream goes on from the last id that its client saw, of whichever way."""
    session = recording.session("s1")
    for order in range(1, 4):
        recording.step(session, order)

    async with listener.stream(last_event_id="1") as stream:
        assert [event[1] for event in await stream.next(2)] == [2, 3]
    async with listener.stream("after=2") as stream:
        assert [event[1] for event in await stream.next(1)] == [3]
    async with listener.stream("after=0", last_event_id="2") as stream:
        assert [event[1] for event in await stream.next(1)] == [3]


async def test_a_long_absence_is_made_up_for(recording: Recording, listener: Listener) -> None:
    """What was missed comes in order, however much it is."""
    session = recording.session("s1")
    recording.connection.execute("BEGIN")
    for order in range(1, 2 * WINDOW_REVISIONS + 11):
        recording.step(session, order)
    recording.connection.execute("COMMIT")

    async with listener.stream("after=0") as stream:
        found = await stream.next(2 * WINDOW_REVISIONS + 10)

    assert [event[1] for event in found] == list(range(1, 2 * WINDOW_REVISIONS + 11))


async def test_one_session_alone(recording: Recording, listener: Listener) -> None:
    """Of one session its own steps are told, whatever happens in others."""
    mine, other = recording.session("s1"), recording.session("s2")
    async with listener.stream("session_id=s1") as stream:
        recording.step(other, 1)
        recording.step(mine, 1)
        ((_, _, step),) = await stream.next(1)

    assert step["session_id"] == "s1"


async def test_an_unknown_session_has_no_stream(listener: Listener) -> None:
    """As anywhere: 404, and the stream does not begin."""
    async with listener.stream("session_id=s1") as stream:
        assert (stream.status, stream.is_over) == (404, True)


@pytest.mark.parametrize("last", ["", "x", "-1", str(2**63)])
async def test_an_id_that_was_never_given(listener: Listener, last: str) -> None:
    """A Last-Event-ID that is no revision is refused by its name."""
    async with listener.stream(last_event_id=last) as stream:
        assert stream.status == 400
        assert json.loads(stream.text)["field"] == "Last-Event-ID"


async def test_another_database_is_told(recording: Recording, listener: Listener) -> None:
    """A client whose place is beyond the newest revision hears that it has to start anew."""
    recording.step(recording.session("s1"), 1)
    async with listener.stream("after=900") as stream:
        assert await stream.next(1) == [("reset", 1, {})]
        recording.step(recording.session("s2"), 1)
        assert [event[:2] for event in await stream.next(1)] == [("step", 2)]


async def test_quiet_streams_have_a_heartbeat(
    recording: Recording, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment keeps the connection alive, and its id spares others' steps at a return."""
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.0)
    mine, other = recording.session("s1"), recording.session("s2")
    recording.step(mine, 1)
    async with listener.stream("session_id=s1") as stream:
        recording.step(other, 1)
        await stream.wait_for(lambda: b": heartbeat\nid: 2\n\n" in stream.text)

    assert stream.events == []


async def test_streams_end_with_the_server(listener: Listener) -> None:
    """When the server stops, a stream ends as an answer ends, so that nothing has to be cut off."""
    async with listener.stream() as stream:
        assert not stream.is_over
        listener.is_stopping = True
        await stream.wait_for(lambda: stream.is_over)


async def test_a_database_that_is_away_ends_no_stream(recording: Recording) -> None:
    """While the file cannot be read nothing is told, and afterwards all that was missed."""
    session, hidden = recording.session("s1"), recording.path.with_suffix(".away")
    recording.path.rename(hidden)
    streams = Streams(
        Reading(recording.path), Presence(link_in(recording.path.parent)), lambda: False
    )

    assert await streams.changes(0, None) == Changes([], 0)
    hidden.rename(recording.path)
    recording.step(session, 1)
    assert (await streams.changes(0, None)).revision == 1


async def test_streams_are_bounded(recording: Recording, listener: Listener) -> None:
    """Above the bound the next one is told to come again; who leaves makes room at once."""
    async with anyio.create_task_group() as tasks:
        leave, opened = anyio.Event(), 0

        async def hold() -> None:
            nonlocal opened
            async with listener.stream():
                opened += 1
                await leave.wait()

        for _ in range(STREAMS_MAX):
            tasks.start_soon(hold)
        with anyio.fail_after(DEADLINE_SECONDS):
            while opened < STREAMS_MAX:
                await anyio.sleep(0.001)
        async with listener.stream() as stream:
            assert (stream.status, stream.headers[b"retry-after"]) == (503, b"2")
        leave.set()

    async with listener.stream() as stream:
        assert stream.status == 200
    assert recording.view("sessions") == []


async def test_streams_are_bounded_where_all_come_at_once(listener: Listener) -> None:
    """Each asks the database first, and meanwhile none of the others is open yet."""
    leave = anyio.Event()
    statuses: list[int] = []

    async def hold() -> None:
        async with listener.stream() as stream:
            statuses.append(stream.status)
            await leave.wait()

    async with anyio.create_task_group() as tasks:
        for _ in range(STREAMS_MAX + 8):
            tasks.start_soon(hold)
        with anyio.fail_after(DEADLINE_SECONDS):
            while len(statuses) < STREAMS_MAX + 8:
                await anyio.sleep(0.001)
        leave.set()

    assert sorted(statuses) == [200] * STREAMS_MAX + [503] * 8


async def test_asking_for_the_head_ends(api: httpx.AsyncClient) -> None:
    """HEAD gets the headers of a stream, and no stream."""
    answer = await api.head("/api/events")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
