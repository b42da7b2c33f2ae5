"""
Clients that tell one story after the other at a steady rate, and hold each against the database.

Law: what was not settled is sent again, so every story is in the database whole, exactly once,
whatever happened to the daemon; a client forgets a story once it was found to be so.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from soak.stories import Line, Story, Teller
from soak.tally import Tally
from support.daemon import DEADLINE_SECONDS, Client, Daemon, Row

CHUNKS_PER_SECOND = 10
LAG_SECONDS_MAX = 1.0  # what was missed in a longer outage is not caught up with
RETRY_SECONDS = 0.05
Tell = Callable[[Client, Sequence[Line]], list[Row]]


class Rig:
    """
    What every client needs: where the daemon is, and where to count.

    Once it is `abandoned`, nobody waits for a daemon any more that will not come back.
    """

    def __init__(self, daemon: Daemon, tally: Tally) -> None:
        self.daemon = daemon
        self.tally = tally
        self.abandoned = threading.Event()

    def tell(self, story: Story, tell: Tell, parts: Iterator[Sequence[Line]]) -> None:
        """Tell a story part by part, each until it is settled; then hold it against the steps."""
        orders: dict[str, set[int]] = {}
        client: Client | None = None
        try:
            for part in parts:
                while True:
                    try:
                        client = client or self.daemon.connect()
                        answers = tell(client, part)
                    except (OSError, AssertionError) as error:
                        self._cut_off(client, error)
                        client = None
                        continue
                    break
                self.tally.count(sent=len(part), acked=len(answers))
                self._note(story, part, answers, orders)
        finally:
            if client is not None:
                client.close()
        self.hold(story, orders)

    def hold(self, story: Story, orders: dict[str, set[int]]) -> None:
        """Find each step of a story once, in orders 1..n, where its acks said."""
        found = steps_of(self.daemon.db, story)
        name = f"{story.agent} {story.session_id}"
        if [order for _, order in found] != list(range(1, len(found) + 1)):
            self.tally.fail(f"{name}: orders are {[order for _, order in found]}")
        if (steps := sorted(step for step, _ in found)) != story.steps:
            missing, more = set(story.steps) - set(steps), set(steps) - set(story.steps)
            twice = len(steps) - len(set(steps))
            self.tally.fail(f"{name}: without {missing}, with {more}, {twice} of them twice")
        told = {step: {order} for step, order in found if step in orders}
        if told != orders:
            self.tally.fail(f"{name}: was told {orders}, found {told}")
        self.tally.count(sessions=1, steps=len(found))

    def _cut_off(self, client: Client | None, error: Exception) -> None:
        if client is not None:
            client.close()
        if isinstance(error, TimeoutError):
            self.tally.fail(f"a client waited {DEADLINE_SECONDS} s for the daemon")
        self.tally.count(cut_off=1)
        if self.abandoned.wait(RETRY_SECONDS):
            raise error

    def _note(
        self, story: Story, part: Sequence[Line], answers: list[Row], orders: dict[str, set[int]]
    ) -> None:
        for line, answer in zip(part, answers, strict=story.acked):
            settled = {"stored", "duplicate", "ignored"} if line.taken else {"rejected"}
            if answer["status"] not in settled:
                self.tally.fail(f"{line.body[:200]!r} was answered {answer}")
            if line.step is not None:
                orders.setdefault(line.step, set()).add(answer["step_order"])


def steps_of(db: Path, story: Story) -> list[tuple[str, int]]:
    """Return call or event id and order of a session's steps, by order."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
        try:
            return connection.execute(
                "SELECT coalesce(call_id, event_id), step_order FROM execution_traces"
                " WHERE agent = ? AND session_id = ? ORDER BY step_order",
                (story.agent, story.session_id),
            ).fetchall()
        except sqlite3.OperationalError:  # who only reads cannot recover the log after a kill
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
        finally:
            connection.close()


def told_with_acks(client: Client, lines: Sequence[Line]) -> list[Row]:
    """Send lines and wait for the ack of each."""
    client.send(*(line.body for line in lines))
    return [client.receive() for _ in lines]


class Sender:
    """A client that sends `rate` events a second until it is told to stop."""

    def __init__(self, rig: Rig, teller: Teller, rate: float, stop: threading.Event) -> None:
        self._rig = rig
        self._teller = teller
        self._stop = stop
        self._pause = 1 / CHUNKS_PER_SECOND
        self._chunk = max(1, round(rate / CHUNKS_PER_SECOND))
        self._due = time.monotonic()

    def run(self) -> None:
        """Tell stories; end with a whole one."""
        while not self._stop.is_set():
            story = self._teller.story(now=time.time_ns() // 1_000_000)
            if story.acked:
                self._rig.tell(story, self._timed, self._paced(story.lines))
            else:  # nothing of it is known to be stored before its end: all is sent again
                self._rig.tell(story, self._flushed, iter([story.lines]))

    def _flushed(self, client: Client, lines: Sequence[Line]) -> list[Row]:
        for part in self._paced(lines):
            client.send(*(line.body for line in part))
        client.flush()
        return []

    def _paced(self, lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
        for start in range(0, len(lines), self._chunk):
            part = lines[start : start + self._chunk]
            self._due = max(self._due, time.monotonic() - LAG_SECONDS_MAX)
            self._stop.wait(max(0.0, self._due - time.monotonic()))
            self._due += self._pause * len(part) / self._chunk
            yield part

    def _timed(self, client: Client, lines: Sequence[Line]) -> list[Row]:
        began = time.monotonic()
        client.send(*(line.body for line in lines))
        answers, latencies = [], []
        for _ in lines:
            answers.append(client.receive())
            latencies.append(time.monotonic() - began)
        self._rig.tally.latencies(latencies)
        return answers
