"""Mutated lines over the socket of a real daemon, from several clients, cut anywhere."""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from support.daemon import Client, Daemon, Row
from support.fuzz_room import is_blank
from support.honest_lines import honest_lines
from support.mutate import Mutator

CLIENTS = 4
LINES = int(os.environ.get("TRACED_FUZZ_SOCKET_LINES", "1500"))
SEED = os.environ.get("TRACED_FUZZ_SEED", "20261122")
LINES_AT_ONCE = 25
ACKS_UNREAD_MAX = 20  # so that nobody waits for a client to read


def unanswered(line: bytes) -> bytes:
    """Return the line with nothing in it that the daemon would answer."""
    return line.replace(b'"ack"', b'"akc"').replace(b'"control"', b'"contrl"')


def acked(name: str) -> bytes:
    """Return an honest event that asks for an answer."""
    event = {"v": 1, "ack": True, "event_id": name, "session_id": name[:1], "trace_type": "tool"}
    return json.dumps(event | {"name": "Bash"}).encode()


class Cutter(Client):
    """A client that does not send whole lines."""

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)


class Sender:
    """One client: what it sent, and what it was told."""

    def __init__(self, name: str, honest: Sequence[bytes]) -> None:
        self.name = name
        self.sent = 0
        self.asked: list[str] = []
        self.told: list[Row] = []
        self._mutator = Mutator(f"{SEED}:{name}", honest)

    def run(self, daemon: Daemon, lines: int) -> None:
        """Send so many lines, and honest ones among them."""
        with Cutter(daemon.socket) as client:
            for start in range(0, lines, LINES_AT_ONCE):
                self._send(client, range(start, min(start + LINES_AT_ONCE, lines)))
                if len(self.asked) - len(self.told) == ACKS_UNREAD_MAX:
                    self._read(client)
            self._read(client)
            assert client.flush() == self.sent  # and nothing is answered unasked

    def _send(self, client: Cutter, numbers: range) -> None:
        lines = [unanswered(self._mutator.line(number)) for number in numbers]
        self.asked.append(f"{self.name}-{numbers.start}")
        lines.append(acked(self.asked[-1]))
        for chunk in self._mutator.chunks(b"".join(line + b"\n" for line in lines)):
            client.send_bytes(chunk)
        self.sent += sum(not is_blank(line) for line in lines)

    def _read(self, client: Cutter) -> None:
        self.told += [client.receive() for _ in self.asked[len(self.told) :]]


def test_mutated_lines_cost_no_neighbour_and_none_is_lost(short_folder: Path) -> None:
    """Every honest line is stored and answered in its place, and every other one is counted."""
    honest = honest_lines()
    senders = [Sender(name, honest) for name in "abcdefgh"[:CLIENTS]]
    with Daemon(short_folder / "t") as daemon:
        with ThreadPoolExecutor(CLIENTS) as pool:
            run = partial(Sender.run, daemon=daemon, lines=LINES // CLIENTS)
            list(pool.map(run, senders))
        status = daemon.status()
        rejected = daemon.rows("rejected_events")
        code = daemon.stop()

    for sender in senders:
        assert [told["event_id"] for told in sender.told] == sender.asked, f"seed {SEED}"
        assert {told["status"] for told in sender.told} == {"stored"}, f"seed {SEED}"
    assert (status["received"], status["queued"]) == (sum(each.sent for each in senders), 0)
    assert len(rejected) == min(10_000, sum(status["rejected"].values()))
    assert (status["state"], code) == ("ok", 0)
