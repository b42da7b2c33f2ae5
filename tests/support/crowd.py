"""Everybody at once at one daemon: streams, one-shot hooks, replays of real agents, a reader."""

import random
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

from support.daemon import PYTHON, Daemon, wait_until
from support.mixed_traffic import Alone, Replay, explicit, shared
from support.recorded import scenarios
from support.resending import Line, Resender
from support.snapshot import look_into
from traced.client import hook

EXPLICIT = "explicit"  # the client, and its session
HOOK_DEADLINE_MS = 2000


class Crowd:
    """
    The clients of one daemon, each in a thread of its own.

    `senders` know what they sent and were told, `alone` and `replays` what must come of it.
    `call_of` is the call id that an event names whose step must be told in its ack.
    """

    def __init__(self, daemon: Daemon, seed: int) -> None:
        self.call_of: dict[str, str | None] = {}
        self.alone = [Alone("alone-1", self.call_of), Alone("alone-2", self.call_of)]
        self.replays: list[Replay] = []
        self.looks = 0
        self._daemon = daemon
        self._seed = seed
        streams: list[tuple[Iterator[Line], int]] = [
            (self.alone[0].lines(), 20),
            (self.alone[1].lines(), 1),
            (shared("shared-a", self.call_of), 40),
            (shared("shared-b", self.call_of), 40),
            (shared("shared-c", self.call_of), 3),
            (explicit(EXPLICIT, seed, self.call_of), 10),
            (self._replayed("replay-a"), 7),
            (self._replayed("replay-b"), 1),
        ]
        self.senders = [Resender(daemon.socket, lines, window) for lines, window in streams]

    def run(self, pool: ThreadPoolExecutor, stop: threading.Event) -> list[Future[None]]:
        """Start them; each ends after `stop`, when all that it sent is settled."""
        work: list[Callable[[threading.Event], None]] = [each.run for each in self.senders]
        return [pool.submit(each, stop) for each in (*work, self._run_hooks, self._read)]

    def acked(self) -> int:
        """How many events were acked."""
        return sum(len(sender.told) for sender in self.senders)

    def whole_replays(self) -> list[Replay]:
        """Return the replays of which all was sent."""
        sent = {event_id for sender in self.senders for event_id in sender.sent}
        return [
            replay
            for replay in self.replays
            if replay.name.startswith("hook") or sent.issuperset(replay.event_ids)
        ]

    def explicit_orders(self) -> list[int]:
        """Return the orders of all steps that were sent with one, and of those between them."""
        (sender,) = (each for each in self.senders if each.sent[0].startswith(EXPLICIT))
        return [int(event_id.removeprefix(f"{EXPLICIT}-")) for event_id in sender.sent]

    def _replayed(self, name: str) -> Iterator[Line]:
        chance = random.Random(f"{self._seed} {name}")
        for number in count():
            yield from self._new_replay(chance, f"{name}-{number}").lines()

    def _new_replay(self, chance: random.Random, name: str) -> Replay:
        replay = Replay(chance.choice(list(scenarios())), name)
        self.replays.append(replay)
        return replay

    def _run_hooks(self, stop: threading.Event) -> None:
        """Run one hook after the other; what it spools is to be taken in before the next."""
        chance = random.Random(f"{self._seed} hooks")
        while not stop.is_set():
            replay = self._new_replay(chance, f"hook-{len(self.replays)}")
            for payload in replay.scenario.payloads:
                self._run_hook(replay.renamed(payload))

    def _run_hook(self, payload: bytes) -> None:
        with subprocess.Popen(
            [
                PYTHON, "-ISE", hook.__file__, "--agent", "claude-code",
                "--socket", str(self._daemon.socket), "--spool", str(self._daemon.spool),
                "--deadline-ms", str(HOOK_DEADLINE_MS),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            said, _ = process.communicate(payload)
            assert said == b""
        assert process.returncode == 0
        spooled = f"*-{process.pid}-*.ndjson"
        wait_until(
            lambda: not list(self._daemon.spool.glob(spooled)), "a spooled event to be taken in"
        )

    def _read(self, stop: threading.Event) -> None:
        """Look again and again: what was acked before is there, also while the daemon is dead."""
        while not stop.is_set():
            latest = [sender.latest for sender in self.senders]
            wanted = {
                (answer["session_id"], answer["step_order"])
                for answer in latest
                if answer is not None and answer["step_order"] is not None
            }
            missing = wanted - self._present(wanted)
            assert not missing, f"acked, but not there: {missing}"
            self.looks += 1
            time.sleep(0.01)

    def _present(self, wanted: set[tuple[str, int]]) -> set[tuple[str, int]]:
        if not wanted:
            return set()
        connection = look_into(self._daemon.db)
        try:
            return {row for key in wanted for row in self._row(connection, key)}
        finally:
            connection.close()

    @staticmethod
    def _row(connection: sqlite3.Connection, key: tuple[str, int]) -> list[tuple[str, int]]:
        return connection.execute(
            "SELECT session_id, step_order FROM execution_traces"
            " WHERE session_id = ? AND step_order = ?",
            key,
        ).fetchall()
