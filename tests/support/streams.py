"""
Clients that stream events with acks, and the oracle: what they sent and were told.

Law: what was told is held against the database; the daemon's own figures prove nothing.
"""

import json
import select
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from support.daemon import Client, Daemon, Row

SESSIONS = 3


def native(event_id: str, **said: object) -> Row:
    """A whole step that wants an ack; its session follows from its id."""
    session = sum(event_id.encode()) % SESSIONS
    return {
        "v": 1,
        "ack": True,
        "event_id": event_id,
        "session_id": f"s{session}",
        "trace_type": "tool",
        "name": "Bash",
        **said,
    }


class Stream:
    """One client: sends without waiting, and keeps the acks that it reads."""

    def __init__(self, daemon: Daemon, name: str) -> None:
        self.name = name
        self.sent: list[str] = []
        self.told: dict[str, Row] = {}
        self._daemon = daemon
        self._client: Client = daemon.connect()

    def send(self, count: int, **said: object) -> None:
        """Send so many new events in one write."""
        ids = [f"{self.name}-{len(self.sent) + n}" for n in range(count)]
        self.sent += ids
        self._client.send(*(json.dumps(native(each, **said)).encode() for each in ids))

    def receive(self, *statuses: str) -> None:
        """Read the acks of all that was sent: `stored`, or another of `statuses`."""
        while len(self.told) < len(self.sent):
            answer = self._client.receive()
            assert answer["status"] in {"stored", *statuses}, answer
            self.told[answer["event_id"]] = answer

    def hears(self) -> bool:
        """Tell whether an answer waits to be read."""
        return bool(select.select([self._client._socket], [], [], 0)[0])

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def check_file(db: Path) -> None:
    """The file is whole by SQLite's own account."""
    connection = sqlite3.connect(db)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def check_steps(steps: Iterable[Row], told: Iterable[Row]) -> None:
    """Acked is stored where the ack said, nothing is there twice, and orders are 1..n."""
    orders: dict[tuple[str, int], str] = {}
    for step in steps:
        place = (step["session_id"], step["step_order"])
        assert place not in orders, place
        orders[place] = step["event_id"]
    for answer in told:
        place = (answer["session_id"], answer["step_order"])
        assert orders.get(place) == answer["event_id"], (place, answer)
    assert not [each for each, count in Counter(orders.values()).items() if count > 1]
    last = Counter(session for session, _ in orders)
    assert max((order - last[session] for session, order in orders), default=0) <= 0
    assert min((order for _, order in orders), default=1) == 1
