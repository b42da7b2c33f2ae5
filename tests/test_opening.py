import signal
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from traced.core.errors import StoreBusy, StoreError
from traced.opening import open_patiently
from traced.service_manager import ServiceManager
from traced.signals import Signals
from traced.store.store import open_store


def busy(times: int) -> Callable[[], None]:
    """Return what each attempt asks before it opens: refused so often, then allowed."""
    left = iter(range(times))

    def ask() -> None:
        if next(left, None) is not None:
            raise StoreBusy("it is in use")

    return ask


async def opened(db: Path, ask: Callable[[], None], *numbers: signal.Signals) -> bool:
    """Wait for a database; give what that returned."""
    sending, received = anyio.create_memory_object_stream[signal.Signals](len(numbers))
    with sending, received:
        for number in numbers:
            sending.send_nowait(number)
        async with open_store(db, "process", ask) as store:
            with anyio.fail_after(30):
                signals = Signals(received, has_terminal=False)
                return await open_patiently(store, ServiceManager({}), signals)


async def test_what_is_busy_is_waited_for_and_told_once(tmp_path: Path) -> None:
    """Three attempts fail for one reason: a line of the log, and the fourth opens it."""
    with capture_logs() as logs:
        assert await opened(tmp_path / "t.db", busy(3))

    told = [line["error"] for line in logs if line["event"] == "database_unavailable"]
    assert told == ["it is in use"]


async def test_a_signal_ends_the_wait(tmp_path: Path) -> None:
    """Whoever starts it by mistake need not kill it."""
    assert not await opened(tmp_path / "t.db", busy(10**9), signal.SIGTERM)


async def test_what_no_wait_mends_is_raised(tmp_path: Path) -> None:
    """A database that is a folder stays one."""
    (tmp_path / "t.db").mkdir()

    with pytest.raises(StoreError):
        await opened(tmp_path / "t.db", busy(0))
