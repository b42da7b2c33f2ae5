from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.index import BLOCK, impatient, orders
from support.proc import needs_proc
from support.rows import Recording

from traced.store.index import background
from traced.store.index.background import Background
from traced.store.index.companion import companion_path
from traced.store.index.indexer import Indexer

pytestmark = pytest.mark.anyio
HANG_SECONDS = 60


@pytest.fixture
def anyio_backend() -> str:
    """The daemon's own."""
    return "asyncio"


async def run_until(task: Background, condition: Callable[[], bool]) -> None:
    """Run a background task until a condition holds."""
    with anyio.fail_after(HANG_SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(task.run)
            await until(condition)
            tasks.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, beside a task that runs."""
    while not condition():
        await anyio.sleep(0.01)


def open_files() -> set[Path]:
    """Return what this process has open."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the folder's own
            found.add(each.readlink())
    return found


def made(path: Path, order: int) -> Callable[[], bool]:
    """Tell whether a companion is there with which this step is found."""
    return lambda: companion_path(path).exists() and order in orders(path, "bash")


async def test_it_keeps_up(recording: Recording) -> None:
    """What is recorded is indexed, also while events wait, until the task is cancelled."""
    recording.step(recording.session(), 1)
    recording.skip(BLOCK)
    indexer = Indexer(recording.path, impatient())
    await run_until(Background(indexer, lambda: True, lambda: True), made(recording.path, 1))

    assert not companion_path(recording.path).with_name("traced-index.db-wal").exists()
    assert orders(recording.path, "bash") == [1]


async def test_it_waits_for_the_database(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database cannot be used it does not touch it."""
    monkeypatch.setattr(background, "PAUSE_SECONDS", 0.01)
    recording.step(recording.session(), 1)
    asked = 0

    def may_work() -> bool:
        nonlocal asked
        asked += 1
        return False

    task = Background(Indexer(recording.path), lambda: False, may_work)
    await run_until(task, lambda: asked > 2)

    assert not companion_path(recording.path).exists()


@needs_proc
async def test_it_lets_go_of_a_database_that_is_opened_anew(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the recorder cannot use its files it has none of them open, and goes on later."""
    monkeypatch.setattr(background, "PAUSE_SECONDS", 0.01)
    recording.step(recording.session(), 1)
    is_well = True
    task = Background(Indexer(recording.path, impatient()), lambda: False, lambda: is_well)

    with anyio.fail_after(HANG_SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(task.run)
            await until(made(recording.path, 1))
            is_well = False
            await until(lambda: companion_path(recording.path) not in open_files())
            is_well = True
            recording.step(recording.session("s2"), 1)
            await until(lambda: companion_path(recording.path) in open_files())
            tasks.cancel_scope.cancel()


async def test_a_failure_is_told_once(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be done is tried again, and told of when it begins and when it is over."""
    monkeypatch.setattr(background, "FAILED_PAUSE_SECONDS", 0.01)
    recording.step(recording.session(), 1)
    place = companion_path(recording.path)
    place.mkdir()
    tried = 0

    def may_work() -> bool:
        nonlocal tried
        tried += 1
        if tried == 3:
            place.rmdir()
        return True

    with capture_logs() as logs:
        task = Background(Indexer(recording.path, impatient()), lambda: False, may_work)
        await run_until(task, lambda: len(logs) > 1)

    assert [entry["event"] for entry in logs] == ["index_failed", "index_recovered"]
    assert orders(recording.path, "bash") == [1]


async def test_it_ends_within_a_slice(recording: Recording) -> None:
    """Cancelled in the middle of a long build it ends soon, and what was done holds."""
    pk = recording.session()
    recording.connection.execute("BEGIN")
    for order in range(1, 4001):
        recording.step(pk, order)
    recording.connection.execute("COMMIT")
    task = Background(Indexer(recording.path, impatient()), lambda: False, lambda: True)
    await run_until(task, companion_path(recording.path).exists)

    assert orders(recording.path, "bash", limit=1) == [4000]
