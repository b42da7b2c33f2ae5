"""Many clients at once, with and without a restart in the middle: orders without gap or double."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.daemon import Client, Daemon, Row

CLIENTS = 64
EVENTS_A_CLIENT = 1000
SESSIONS = 8
EVENTS = CLIENTS * EVENTS_A_CLIENT


def event(client: int, number: int) -> dict[str, object]:
    """One whole step; its session is one of eight, in turn."""
    return {
        "v": 1,
        "ack": True,
        "event_id": f"{client}-{number}",
        "session_id": f"session-{number % SESSIONS}",
        "trace_type": "tool",
        "name": "Bash",
        "input_summary": f"client {client}, event {number}",
    }


def stream(daemon: Daemon, client: int, numbers: list[int]) -> list[Row]:
    """Send these events on one connection; return the answers, as far as they came."""
    answers: list[Row] = []
    with daemon.connect() as connection:
        reader = threading.Thread(target=read_all, args=(connection, len(numbers), answers))
        reader.start()
        try:
            lines = [json.dumps(event(client, number)).encode() for number in numbers]
            for start in range(0, len(lines), 50):
                connection.send(*lines[start : start + 50])
        except OSError:
            pass  # the daemon was stopped: what was not answered will be sent again
        reader.join()
    return answers


def read_all(connection: Client, count: int, answers: list[Row]) -> None:
    """Collect answers until all have come or the connection ends."""
    try:
        while len(answers) < count:
            answers.append(connection.receive())
    except (OSError, AssertionError):
        return


def run_clients(work: Callable[[int], None]) -> None:
    """Run one thread for each client and wait for all."""
    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def check_sessions(daemon: Daemon, acked: dict[str, Row]) -> None:
    """Each session is exactly 1..n, each event there once, each ack true."""
    steps = daemon.steps()
    assert len(steps) == EVENTS
    assert len({step["event_id"] for step in steps}) == EVENTS
    for number in range(SESSIONS):
        orders = [s["step_order"] for s in steps if s["session_id"] == f"session-{number}"]
        assert orders == list(range(1, EVENTS // SESSIONS + 1))
    assert len(acked) == EVENTS
    for step in steps:
        assert acked[step["event_id"]]["step_order"] == step["step_order"]


@pytest.mark.timeout(120)
def test_64_clients_into_8_sessions_give_orders_without_gap(tmp_path: Path) -> None:
    """64 clients x 1,000 events into 8 sessions: each session is exactly 1..8,000."""
    acked: dict[str, Row] = {}
    with Daemon(tmp_path / "d") as daemon:

        def work(client: int) -> None:
            answers = stream(daemon, client, list(range(EVENTS_A_CLIENT)))
            assert [a["event_id"] for a in answers] == [
                f"{client}-{number}" for number in range(EVENTS_A_CLIENT)
            ]
            acked.update({answer["event_id"]: answer for answer in answers})

        run_clients(work)
        check_sessions(daemon, acked)
        status = daemon.status()
        assert status["stored"] == status["received"] == EVENTS
        assert daemon.stop() == 0


@pytest.mark.timeout(120)
def test_restart_in_the_middle_leaves_no_gap(tmp_path: Path) -> None:
    """Stopped and started while 64 clients stream, the orders are whole: unacked is sent again."""
    acked: dict[str, Row] = {}
    with Daemon(tmp_path / "d") as daemon:

        def first(client: int) -> None:
            answers = stream(daemon, client, list(range(EVENTS_A_CLIENT)))
            acked.update({answer["event_id"]: answer for answer in answers})

        stopper = threading.Timer(0.7, daemon.stop)
        stopper.start()
        run_clients(first)
        stopper.join()
        daemon.start()

        def again(client: int) -> None:
            missing = [n for n in range(EVENTS_A_CLIENT) if f"{client}-{n}" not in acked]
            answers = stream(daemon, client, missing)
            acked.update({answer["event_id"]: answer for answer in answers})

        run_clients(again)
        check_sessions(daemon, acked)
