"""
The soak: one real daemon under a steady rate of events, with faults by a seeded schedule.

Law: the clock and the deadly faults belong to one thread, so a daemon that does not answer it when
nobody killed it is a failure, not a race.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from soak.gauge import Gauge, Sample
from soak.hooks import Hooks
from soak.mischief import Mischief
from soak.schedule import DEADLY, Fault, faults, told
from soak.senders import Rig, Sender
from soak.stories import Teller
from soak.tally import Tally
from soak.verdict import Finding, judge
from support.daemon import DEADLINE_SECONDS, Daemon, wait_until

SENDERS = 8
HOOKS_PER_SECOND = 3.0
SAMPLE_SECONDS = 1.0
ROW_SECONDS = 60.0
ROWS_MIN = 5  # of a short run
MIB = 1 << 20
COLUMNS = (
    "elapsed", "sent", "acked", "steps", "sessions", "RSS MiB", "fds", "WAL MiB", "db MiB",
    "age s", "queued", "CPU s", "p50 ms", "p99 ms", "lives", "cut off",
)  # fmt: skip


class Soak:
    """A run of `seconds` at `rate` events a second, all of it drawn from `seed`."""

    def __init__(
        self, folder: Path, seconds: float, rate: float, seed: int, say: Callable[[str], None]
    ) -> None:
        self._seconds = seconds
        self._say = say
        self._schedule = faults(seconds, Random(seed))
        self._daemon = Daemon(folder)
        self._tally = Tally()
        self._rig = Rig(self._daemon, self._tally)
        self._gauge = Gauge(self._daemon)
        self._stop = threading.Event()
        self._mischief = Mischief(self._rig, self._teller("m", seed), self._stop)
        self._hooks = Hooks(self._rig, self._teller("h", seed), HOOKS_PER_SECOND, self._stop)
        self._senders = [
            Sender(self._rig, self._teller(f"s{n}", seed), rate / SENDERS, self._stop)
            for n in range(SENDERS)
        ]
        self._lives = 1
        say(f"seed {seed}, {rate:g} events/s from {SENDERS} clients for {seconds:g} s; faults:")
        for line in told(self._schedule):
            say(line)

    def run(self) -> list[Finding]:
        """Run it to the end, printing a row a minute; return what was found."""
        with self._daemon:
            self._say("  ".join(f"{column:>8}" for column in COLUMNS))
            self._row(self._sample(0.0))
            threads = [
                threading.Thread(target=self._guarded, args=(work,))
                for work in (self._hooks.run, *(sender.run for sender in self._senders))
            ]
            for thread in threads:
                thread.start()
            try:
                threads += self._conduct()
            except BaseException:
                self._rig.abandoned.set()
                raise
            finally:
                self._stop.set()
                self._join(threads)
            wait_until(self._spool_empty, "an empty spool")
            self._hooks.hold(until=time.monotonic())
            self._row(self._sample(self._seconds))
            code = self._daemon.stop()
            return judge(self._daemon, self._tally, self._gauge.samples, code)

    def _conduct(self) -> list[threading.Thread]:
        """Do the faults when they are due, and look each second; return the threads of faults."""
        began = time.monotonic()
        waiting = list(self._schedule)
        mischief: list[threading.Thread] = []
        every = min(ROW_SECONDS, self._seconds / ROWS_MIN)
        next_row = every
        while (elapsed := time.monotonic() - began) < self._seconds:
            while waiting and waiting[0].at <= elapsed:
                mischief += self._do(waiting.pop(0))
            mischief = [thread for thread in mischief if thread.is_alive()]
            sample = self._sample(time.monotonic() - began)
            if sample.elapsed >= next_row:
                self._row(sample)
                next_row += every
            soon = min(
                elapsed + SAMPLE_SECONDS, *(fault.at for fault in waiting[:1]), self._seconds
            )
            time.sleep(max(0.0, soon - (time.monotonic() - began)))
        return mischief

    def _join(self, threads: list[threading.Thread]) -> None:
        """Wait for the clients' last stories, but not for a daemon that stores nothing any more."""
        deadline = time.monotonic() + 2 * DEADLINE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            self._rig.abandoned.set()
        for thread in threads:
            thread.join()

    def _do(self, fault: Fault) -> list[threading.Thread]:
        self._tally.count(faults=1)
        if fault.kind not in DEADLY:
            thread = threading.Thread(
                target=self._guarded, args=(lambda: self._mischief.do(fault),)
            )
            thread.start()
            return [thread]
        self._gauge.life_ended()
        if fault.kind == "kill":
            self._daemon.kill()
        elif code := self._daemon.stop():
            self._tally.fail(f"after SIGTERM the daemon ended with {code}")
        self._daemon.start()
        self._lives += 1
        return []

    def _sample(self, elapsed: float) -> Sample:
        try:
            return self._gauge.take(elapsed, read_held=self._mischief.reading > 0)
        except AssertionError as error:  # the run goes on: what else is wrong helps to find out why
            self._tally.fail(f"the daemon's status does not add up: {error}")
            return self._gauge.samples[-1]

    def _row(self, sample: Sample) -> None:
        counts = self._tally.counts
        median, slowest = self._tally.latency_ms()
        values = (
            f"{sample.elapsed:.0f}", counts["sent"], counts["acked"], counts["steps"],
            counts["sessions"], f"{sample.rss_bytes / MIB:.1f}", sample.descriptors,
            f"{sample.wal_bytes / MIB:.1f}", f"{sample.database_bytes / MIB:.1f}",
            f"{sample.last_commit_age:.2f}", sample.queued, f"{self._gauge.cpu_seconds:.1f}",
            f"{median:.1f}", f"{slowest:.1f}", self._lives, counts["cut_off"],
        )  # fmt: skip
        self._say("  ".join(f"{value:>8}" for value in values))

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # a thread's death would be told to nobody
            self._tally.fail(f"a client ended with {error!r}")

    def _spool_empty(self) -> bool:
        spool = self._daemon.spool
        return not any(spool.glob("*.ndjson")) if spool.exists() else True

    def _teller(self, name: str, seed: int) -> Teller:
        return Teller(f"{seed}-{name}", Random(f"{seed}-{name}"))
