import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from traced.core.event import Outcome
from traced.heartbeat import Heartbeat
from traced.ingest.figures import Figures
from traced.ingest.pulse import Pulse
from traced.service_manager import ServiceManager


@pytest.fixture
def manager(short_folder: Path) -> Iterator[socket.socket]:
    """A manager's socket, which does not wait."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(short_folder / "n"))
        listening.setblocking(False)
        yield listening


def heard(manager: socket.socket) -> list[str]:
    """Return all that was said since."""
    said = []
    while True:
        try:
            said.append(manager.recv(4096).decode())
        except BlockingIOError:
            return said


def heartbeat(manager: socket.socket, figures: Figures, state: str = "ok") -> Heartbeat:
    """A heartbeat that this manager hears."""
    said = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "40000"})
    return Heartbeat(said, Pulse(lambda: figures.queued), figures, lambda: state)


def test_a_start_asks_for_more_time(manager: socket.socket) -> None:
    """As long as it is not ready, at each beat."""
    beat = heartbeat(manager, Figures())
    beat.tell()
    beat.tell()
    starting = heard(manager)
    beat.ready()
    heard(manager)
    beat.tell()

    assert starting.count("EXTEND_TIMEOUT_USEC=30000000") == 2
    assert "STATUS=starting; 0 queued; last commit none" in starting
    assert heard(manager) == ["WATCHDOG=1"]


def test_status_tells_state_queue_and_commit(manager: socket.socket) -> None:
    """In a line that a person reads in ``systemctl status``."""
    figures = Figures()
    beat = heartbeat(manager, figures, "retrying")
    figures.took(1500)
    figures.committed([Outcome("stored")], 0.1)
    figures.left(1)
    figures.last_commit_epoch = 1_700_000_000.25
    beat.ready()

    assert heard(manager)[-1] == (
        "STATUS=retrying; 1,499 queued; last commit 2023-11-14T22:13:20.250Z"
    )


def test_no_beat_for_a_writer_that_does_not_return(manager: socket.socket) -> None:
    """The manager will find out, and kill."""
    figures = Figures()
    beat = heartbeat(manager, figures)
    beat.ready()
    beat.tell()
    figures.took(1)
    beat.tell()
    beat.tell()

    assert heard(manager).count("WATCHDOG=1") == 1


async def test_it_beats_four_times_in_the_watchdogs_time(manager: socket.socket) -> None:
    """Also while nothing happens."""
    beat = heartbeat(manager, Figures())
    beats = 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat.run)
        with anyio.fail_after(20):
            while beats < 8:
                await anyio.sleep(0.005)
                beats += heard(manager).count("WATCHDOG=1")
        tasks.cancel_scope.cancel()
