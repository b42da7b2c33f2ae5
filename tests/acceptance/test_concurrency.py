"""Many clients at once, with and without a restart in the middle: orders without gap or double."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.daemon import Client, Daemon, Row, wait_until

CLIENTS = 64
EVENTS_A_CLIENT = 1000 if "TRACED_TORTURE_KILLS" in os.environ else 200
EVENTS_A_SEND = 50
AHEAD_MAX = 100  # of the acks, so that a stop in the middle finds most not sent yet
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


def stream(
    daemon: Daemon,
    client: int,
    numbers: list[int],
    answers: list[Row],
    ahead_max: int = EVENTS_A_CLIENT,
) -> None:
    """Send these events on one connection; collect the answers, as far as they come."""
    room = threading.Semaphore(ahead_max)
    lines = [json.dumps(event(client, number)).encode() for number in numbers]
    try:
        connection = daemon.connect()
    except OSError:
        return  # the daemon was stopped already
    with connection:
        reader = threading.Thread(target=read_all, args=(connection, len(numbers), answers, room))
        reader.start()
        try:
            for start in range(0, len(lines), EVENTS_A_SEND):
                chunk = lines[start : start + EVENTS_A_SEND]
                for _ in chunk:
                    room.acquire()
                connection.send(*chunk)
        except OSError:
            pass  # the daemon was stopped: what was not answered will be sent again
        reader.join()


def read_all(connection: Client, count: int, answers: list[Row], room: threading.Semaphore) -> None:
    """Collect answers until all have come or the connection ends; make room for each."""
    try:
        for _ in range(count):
            answer = connection.receive()
            answers.append(answer)  # one by one: others look at how many there are
            room.release()
    except (OSError, AssertionError):
        room.release(count)  # who sends finds that nobody listens


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
    """Of 64 clients that write into 8 sessions: each session is exactly 1..n."""
    acked: dict[str, Row] = {}
    with Daemon(tmp_path / "d") as daemon:

        def work(client: int) -> None:
            answers: list[Row] = []
            stream(daemon, client, list(range(EVENTS_A_CLIENT)), answers)
            assert [answer["event_id"] for answer in answers] == [
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
    answers: list[Row] = []
    with Daemon(tmp_path / "d") as daemon:

        def stop_in_the_middle() -> None:
            wait_until(lambda: len(answers) > EVENTS // 10, "a tenth of the acks")
            assert daemon.stop() == 0

        stopper = threading.Thread(target=stop_in_the_middle)
        stopper.start()
        numbers = list(range(EVENTS_A_CLIENT))
        run_clients(lambda client: stream(daemon, client, numbers, answers, AHEAD_MAX))
        stopper.join()
        before = {answer["event_id"] for answer in answers}
        assert 0 < len(before) < EVENTS
        daemon.start()

        def again(client: int) -> None:
            missing = [n for n in range(EVENTS_A_CLIENT) if f"{client}-{n}" not in before]
            stream(daemon, client, missing, answers)

        run_clients(again)
        check_sessions(daemon, {answer["event_id"]: answer for answer in answers})
