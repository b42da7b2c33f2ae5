"""The loop that brings what was recorded to a backend."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.rows import START, Recording

from traced.core.errors import StoreError
from traced.forward import backoff
from traced.forward import forwarder as forwarding
from traced.forward.answers import Answer, Failed, Held, Taken
from traced.forward.delivery import HeldBack
from traced.forward.family import Telling
from traced.forward.forwarder import Forwarder
from traced.forward.progress import Progress, load
from traced.telemetry.spans import Span

HANG_SECONDS = 30.0


class Backend:
    """Takes spans, unless it `holds`."""

    def __init__(self) -> None:
        self.holds = False
        self.fails_at: str | None = None
        self.names: list[str] = []
        self.was_asked = anyio.Event()

    async def send(self, spans: Sequence[Span]) -> Answer:
        """Take some spans."""
        self.was_asked.set()
        self.was_asked = anyio.Event()
        if self.holds:
            return Held("it answers 503")
        if self.fails_at in [span.name for span in spans]:
            return Failed("it answers 500")
        self.names += [span.name for span in spans]
        return Taken()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(backoff, "SECONDS_MAX", 0.01)


@pytest.fixture
def backend() -> Backend:
    """A backend that takes spans."""
    return Backend()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the forwarder notes its progress."""
    return tmp_path / "progress.json"


def forwarder(database: Path, path: Path, backend: Backend) -> Forwarder:
    """Return a forwarder that goes on where the last one was."""
    progress = load(path) or Progress("http://a", str(database))
    return Forwarder(database, path, progress, Telling(content=False, host="h"), backend.send)


@asynccontextmanager
async def running(made: Forwarder) -> AsyncIterator[None]:
    """Run a forwarder for the length of the block."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.forever)
        with anyio.fail_after(HANG_SECONDS):
            yield
        tasks.cancel_scope.cancel()


async def until(backend: Backend, number: int) -> None:
    """Wait until the backend has so many spans."""
    while len(backend.names) < number:
        await anyio.sleep(0.005)


async def test_everything_is_sent_once(recording: Recording, path: Path, backend: Backend) -> None:
    """The next one goes on where the last one noted that it was."""
    pk = recording.session(ended_at=START)
    recording.step(pk, 1)
    await forwarder(recording.path, path, backend).once()
    recording.step(pk, 2, name="Read")
    await forwarder(recording.path, path, backend).once()

    assert backend.names == ["invoke_agent claude-code", "execute_tool Bash", "execute_tool Read"]
    noted = load(path)
    assert noted is not None
    assert (noted.spans_sent, noted.cursor.revision, noted.held_since) == (3, 2, None)
    assert noted.last_sent_at is not None


async def test_what_is_recorded_meanwhile_is_sent(
    recording: Recording, path: Path, backend: Backend
) -> None:
    """Without being asked."""
    pk = recording.session()
    async with running(forwarder(recording.path, path, backend)):
        for number in (1, 2):
            recording.step(pk, number)
            await until(backend, number)


async def test_a_backend_that_holds_is_waited_for(
    recording: Recording, path: Path, backend: Backend
) -> None:
    """Nothing is lost meanwhile, the file says since when and why, and then goes on."""
    backend.holds = True
    pk = recording.session()
    recording.step(pk, 1)
    with capture_logs() as logs:
        async with running(forwarder(recording.path, path, backend)):
            await backend.was_asked.wait()
            await backend.was_asked.wait()
            held = load(path)
            recording.step(pk, 2)
            backend.holds = False
            while logs[-1]["event"] != "forwarding_again":
                await anyio.sleep(0.005)
    mended = load(path)

    assert held is not None
    assert held.held_since is not None
    assert (held.held_why, held.cursor.revision, held.spans_sent) == ("it answers 503", 0, 0)
    assert mended is not None
    assert (mended.held_since, mended.held_why, mended.spans_sent) == (None, None, 2)
    assert logs[0]["event"] == "backend_waited_for"


async def test_a_span_at_which_a_backend_always_fails_blocks_no_other_for_ever(
    recording: Recording, path: Path, backend: Backend
) -> None:
    """After some minutes of waiting it is looked for, named in the log and left out."""
    backend.fails_at = "execute_tool Bad"
    pk = recording.session()
    for number, name in enumerate(("Read", "Bad", "Write"), 1):
        recording.step(pk, number, name=name)
    with capture_logs() as logs:
        async with running(forwarder(recording.path, path, backend)):
            await until(backend, 2)
            while logs[-1]["event"] != "forwarding_again":
                await anyio.sleep(0.005)

    assert backend.names == ["execute_tool Read", "execute_tool Write"]
    waits = [each for each in logs if each["event"] == "backend_waited_for"]
    assert len(waits) == forwarding.SUSPECTING_FAILURES
    assert [each["why"] for each in logs if each["event"] == "span_refused"] == ["it answers 500"]
    noted = load(path)
    assert noted is not None
    assert (noted.spans_sent, noted.spans_rejected, noted.held_since) == (2, 1, None)


async def test_once_does_not_wait(recording: Recording, path: Path, backend: Backend) -> None:
    """Who asked for one pass decides what to do."""
    recording.step(recording.session(), 1)
    backend.holds = True

    with pytest.raises(HeldBack, match="it answers 503"):
        await forwarder(recording.path, path, backend).once()
    assert load(path) is None


async def test_a_database_that_is_not_there_is_waited_for(
    tmp_path: Path, path: Path, backend: Backend
) -> None:
    """The daemon may not have made it yet."""
    database = tmp_path / "traced.db"
    with pytest.raises(StoreError, match="there is no database"):
        await forwarder(database, path, backend).once()
    with capture_logs() as logs:
        async with running(forwarder(database, path, backend)):
            while not logs:
                await anyio.sleep(0.005)
            recorded = Recording(database)
            recorded.step(recorded.session(), 1)
            await until(backend, 1)
    recorded.connection.close()

    assert logs[0]["event"] == "database_waited_for"


async def test_another_database_is_told(recording: Recording, path: Path, backend: Backend) -> None:
    """Everything of it is sent."""
    recording.step(recording.session(), 1)
    await forwarder(recording.path, path, backend).once()
    recording.connection.execute("DELETE FROM step")
    recording.connection.execute("UPDATE ledger SET sequence = 0")

    with capture_logs() as logs:
        await forwarder(recording.path, path, backend).once()
    assert logs[0]["event"] == "database_replaced"


async def test_a_place_that_cannot_be_noted_is_noted_later(
    recording: Recording, tmp_path: Path, backend: Backend
) -> None:
    """As soon as there is room; who went on forwarding meanwhile sends nothing twice."""
    recording.step(recording.session(), 1)
    folder = tmp_path / "later"
    with capture_logs() as logs:
        async with running(forwarder(recording.path, folder / "p.json", backend)):
            while not any(each["event"] == "progress_not_noted" for each in logs):
                await anyio.sleep(0.005)
            folder.mkdir()
            while (noted := load(folder / "p.json")) is None or noted.held_since is not None:
                await anyio.sleep(0.005)

    assert backend.names == ["execute_tool Bash"]
    assert noted.spans_sent == 1
    assert sum(each["count"] for each in logs if each["event"] == "spans_sent") == 1


async def test_an_idle_forwarder_writes_nothing(
    recording: Recording, path: Path, backend: Backend
) -> None:
    """Its file changes when something was sent, or is known to run."""
    pk = recording.session()
    recording.agent(pk, "a1", status="running", started_at=START)
    for number in (3, 1, 2):
        recording.prompt(recording.session(f"s{number}0"), number)
        recording.step(pk, number, prompt_number=number, agent_id="a1")
    made = forwarder(recording.path, path, backend)
    await made.once()
    assert made.progress.cursor.held
    assert made.progress.cursor.owed
    await anyio.Path(path).unlink()
    await made.once()

    assert load(path) is None
