import socket
import time
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


def heartbeat(
    manager: socket.socket, figures: Figures, state: str = "ok", failure: str | None = None
) -> Heartbeat:
    """A heartbeat that this manager hears."""
    said = ServiceManager({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "40000"})
    pulse = Pulse(lambda: figures.queued)
    return Heartbeat(said, pulse, figures, lambda: state, lambda: failure)


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
    beat = heartbeat(manager, figures, "retrying", "disk full")
    figures.took(1500)
    figures.committed([Outcome(status="stored")], 0.1)
    figures.left(1)
    figures.last_commit_epoch = 1_700_000_000.25
    beat.ready()

    assert heard(manager)[-1] == (
        "STATUS=retrying: disk full; 1,499 queued; last commit 2023-11-14T22:13:20.250Z"
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


@pytest.mark.parametrize(
    ("state", "failure", "told"),
    [
        ("ok", None, "recording"),
        ("retrying", None, "retrying: the database does not answer"),
        ("retrying", "locked", "retrying: locked"),
        ("stopping", None, "stopping"),
        ("stopping", "locked", "stopping: locked"),
    ],
)
def test_each_state_is_told_with_its_reason(
    manager: socket.socket, state: str, failure: str | None, told: str
) -> None:
    """A writer that is retrying without knowing why hangs in a call."""
    heartbeat(manager, Figures(), state, failure).ready()

    assert heard(manager)[-1] == f"STATUS={told}; 0 queued; last commit none"


def test_a_start_that_hangs_asks_for_no_more_time(manager: socket.socket) -> None:
    """The manager may give up on it."""
    figures = Figures()
    beat = heartbeat(manager, figures)
    figures.took(1)
    beat.tell()
    heard(manager)
    beat.tell()

    assert heard(manager) == []


def test_a_reload_is_told_with_its_time(manager: socket.socket) -> None:
    """The manager knows by it that the reload began after it was asked for."""
    beat = heartbeat(manager, Figures())
    beat.ready()
    heard(manager)
    before = time.monotonic_ns() // 1000
    with beat.reloading():
        reloading = heard(manager)
    after = time.monotonic_ns() // 1000

    state, _, at = reloading[0].partition("\nMONOTONIC_USEC=")
    assert (len(reloading), state) == (1, "RELOADING=1")
    assert before <= int(at) <= after
    assert heard(manager) == ["READY=1"]


def test_a_reload_before_it_is_ready_is_not_told(manager: socket.socket) -> None:
    """Its end would be taken for the end of the start."""
    with heartbeat(manager, Figures()).reloading():
        pass

    assert heard(manager) == []


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
