"""The faults that leave the daemon alive: what other programs and bad clients do to it."""

import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from soak.schedule import Fault
from soak.senders import Rig, told_with_acks
from soak.stories import Line, Teller
from support.daemon import PYTHON, Client, Row

ASKED = (("sessions", "-n", "20"), ("show", "last"), ("stats",))
ANSWER_SECONDS_MAX = 300.0  # `traced stats` counts all steps, of an hour some millions
TRICKLED_LINES = 3
DEAF_STEPS = 4000  # whose acks are more than a socket holds, so that the daemon stops reading


class Mischief:
    """Does one fault after the other; `reading` tells how many readers may hold a transaction."""

    def __init__(self, rig: Rig, teller: Teller, stop: threading.Event) -> None:
        self._rig = rig
        self._teller = teller
        self._stop = stop
        self.reading = 0
        self._counting = threading.Lock()
        self._kinds: dict[str, Callable[[float], None]] = {
            "lock": self._lock,
            "read": self._read,
            "ask": self._ask,
            "deaf": self._deaf,
            "trickle": self._trickle,
        }

    def do(self, fault: Fault) -> None:
        """Do a fault from its beginning to its end."""
        self._kinds[fault.kind](fault.seconds)

    def _lock(self, seconds: float) -> None:
        connection = sqlite3.connect(self._rig.daemon.db, isolation_level=None, timeout=10)
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._stop.wait(seconds)
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def _read(self, seconds: float) -> None:
        connection = sqlite3.connect(f"file:{self._rig.daemon.db}?mode=ro", uri=True, timeout=10)
        connection.isolation_level = None
        try:
            with self._reading():
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sessions").fetchone()
                self._stop.wait(seconds)
        finally:
            connection.close()

    def _ask(self, _: float) -> None:
        for command in ASKED:
            with self._reading():
                ran = subprocess.run(
                    [PYTHON, "-m", "traced", *command],
                    env=self._rig.daemon.environment,
                    capture_output=True,
                    timeout=ANSWER_SECONDS_MAX,
                    check=False,
                )
            if ran.returncode:
                self._rig.tally.fail(f"traced {' '.join(command)}: {ran.stderr.decode()}")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._counting:
            self.reading += 1
        try:
            yield
        finally:
            with self._counting:
                self.reading -= 1

    def _deaf(self, seconds: float) -> None:
        """Send more than the daemon keeps answers for, and read none of them for a while."""

        def tell(client: Client, lines: Sequence[Line]) -> list[Row]:
            bodies = [line.body for line in lines]
            sending = threading.Thread(target=_send, args=(client, bodies))
            sending.start()
            self._stop.wait(seconds)
            try:
                return [client.receive() for _ in lines]
            finally:
                sending.join()

        story = self._teller.story(acked=True, now=_now(), steps=DEAF_STEPS)
        self._rig.tell(story, tell, iter([story.lines]))

    def _trickle(self, seconds: float) -> None:
        """Send the first lines of a story a byte now and then."""
        story = self._teller.story(acked=True, now=_now())
        first = [story.lines[:TRICKLED_LINES]]
        pause = seconds / sum(len(line.body) + 1 for line in first[0])

        def tell(client: Client, lines: Sequence[Line]) -> list[Row]:
            if lines != first[0]:
                return told_with_acks(client, lines)
            for byte in b"".join(line.body + b"\n" for line in lines):
                client._socket.sendall(bytes([byte]))
                self._stop.wait(pause)
            return [client.receive() for _ in lines]

        self._rig.tell(story, tell, iter([*first, story.lines[TRICKLED_LINES:]]))


def _send(client: Client, lines: Sequence[bytes]) -> None:
    with suppress(OSError):  # the daemon died: who reads the answers sees it too
        client.send(*lines)


def _now() -> int:
    return time.time_ns() // 1_000_000
