"""
Kill the daemon at random instants while clients stream; hold the database against the acks.

The oracle is outside the daemon: what the clients were told. `make torture` runs many more kills.
"""

import json
import os
import random
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from support.daemon import Daemon, Row

KILLS = int(os.environ.get("TRACED_TORTURE_KILLS", "5"))
SEED = int(os.environ.get("TRACED_TORTURE_SEED", "20261122"))
CLIENTS = 8
SESSIONS = 5
IN_FLIGHT = 40
LIFE_SECONDS_MAX = 0.6


class Oracle:
    """What the clients sent and were told; shared by their threads."""

    def __init__(self) -> None:
        self.sent: dict[str, Row] = {}
        self.told: dict[str, Row] = {}
        self.sent_by: dict[int, list[Row]] = {client: [] for client in range(CLIENTS)}
        self._next = Counter[int]()

    def new_events(self, client: int, count: int) -> list[Row]:
        """Make events of one client: whole steps, and calls that start and end."""
        events = [self._event(client) for _ in range(count)]
        self.sent.update({event["event_id"]: event for event in events})
        self.sent_by[client] += events
        return events

    def _event(self, client: int) -> Row:
        self._next[client] += 1
        number = self._next[client]
        event: Row = {
            "v": 1,
            "ack": True,
            "event_id": f"c{client}-{number}",
            "session_id": f"s{number % SESSIONS}",
            "trace_type": "tool",
            "name": "Bash",
        }
        match number % 3:
            case 0:
                return event | {"phase": "start", "call_id": f"c{client}-call-{number}"}
            case 1 if number > 3:
                # The end of the call that the event before started, in that call's session.
                return event | {
                    "phase": "end",
                    "call_id": f"c{client}-call-{number - 1}",
                    "session_id": f"s{(number - 1) % SESSIONS}",
                }
            case _:
                return event


def work(daemon: Daemon, oracle: Oracle, client: int, stop: threading.Event) -> None:
    """Send what was not acked, then new events, until the daemon dies or all is over."""
    while not stop.is_set():
        unacked = [e for e in oracle.sent_by[client] if e["event_id"] not in oracle.told]
        try:
            with daemon.connect() as connection:
                while not stop.is_set():
                    events = unacked[:IN_FLIGHT] or oracle.new_events(client, IN_FLIGHT)
                    del unacked[:IN_FLIGHT]
                    connection.send(*(json.dumps(event).encode() for event in events))
                    for _ in events:
                        answer = connection.receive()
                        oracle.told.setdefault(answer["event_id"], answer)
        except (OSError, AssertionError):
            time.sleep(0.01)


@pytest.mark.timeout(60 + 10 * KILLS)
def test_kill_at_any_instant_loses_nothing_acked(tmp_path: Path) -> None:
    """Acked is stored, nothing is stored twice, orders are 1..n, and the file is whole."""
    chance = random.Random(SEED)
    oracle = Oracle()
    stop = threading.Event()
    with Daemon(tmp_path / "d") as daemon:
        threads = [
            threading.Thread(target=work, args=(daemon, oracle, client, stop))
            for client in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.0, LIFE_SECONDS_MAX))
                daemon.kill()
                check_file(daemon)
                daemon.start()
            acked = len(oracle.told)
            time.sleep(LIFE_SECONDS_MAX)
            assert len(oracle.told) > acked, "clients go on after the last kill"
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        check(daemon, oracle)
        assert daemon.stop() == 0


def check(daemon: Daemon, oracle: Oracle) -> None:
    """Hold what is stored against what was sent and told."""
    steps = daemon.steps()
    by_call = Counter(step["call_id"] for step in steps if step["call_id"] is not None)
    whole = Counter(step["event_id"] for step in steps if step["call_id"] is None)
    assert max(by_call.values()) == 1
    assert max(whole.values()) == 1
    orders = {(step["session_id"], step["step_order"]): step for step in steps}
    for event_id, answer in oracle.told.items():
        assert answer["status"] in {"stored", "duplicate"}, answer
        event = oracle.sent[event_id]
        step = orders[event["session_id"], answer["step_order"]]
        assert step["call_id"] == event.get("call_id")
        if event.get("phase") == "end":
            assert step["status"] == "ok"
    sessions: dict[str, list[int]] = {}
    for step in steps:
        sessions.setdefault(step["session_id"], []).append(step["step_order"])
    for found in sessions.values():
        assert sorted(found) == list(range(1, len(found) + 1))
    assert {step["event_id"] for step in steps} <= oracle.sent.keys()
    assert daemon.rows("rejected_events") == []


def check_file(daemon: Daemon) -> None:
    """The database that a kill leaves behind is whole."""
    connection = sqlite3.connect(daemon.db)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()
