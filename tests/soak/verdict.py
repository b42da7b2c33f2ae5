"""What a run must have been like, each with its bound; one that does not hold fails the soak."""

import sqlite3
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from soak.gauge import Sample
from soak.tally import Tally
from support.daemon import Daemon

MIB = 1 << 20
# Of the longest life: its first fifth fills the caches; the third after that is held against the
# last. A life shorter than this is not judged.
WARM_UP_SHARE = 1 / 5
JUDGED_SECONDS_MIN = 240.0
RSS_GROWTH_MAX = 8 * MIB
DESCRIPTORS_GROWTH_MAX = 8
WAL_BYTES_MAX = 64 * MIB  # traced/store/database.py
# A reader's end lets the next checkpoint but one take the log back.
READER_SECONDS = 15.0
# Two seconds of a foreign lock, and the writer's patience after it.
COMMIT_AGE_MAX = 10.0
REASONS_SENT = {"bad_field", "not_json", "incomplete"}


class Finding(NamedTuple):
    """One thing that has to hold, whether it did, and what was measured."""

    what: str
    holds: bool
    measured: str

    def __str__(self) -> str:
        """Return it as a line of the report."""
        return f"{'holds' if self.holds else 'FAILS'}  {self.what}: {self.measured}"


def judge(daemon: Daemon, tally: Tally, samples: Sequence[Sample], exit_code: int) -> list[Finding]:
    """Return all findings about a run that is over, its daemon stopped."""
    return [
        Finding(
            "every story was stored whole, once, in order, as it was acked",
            not tally.failures,
            f"{tally.counts['sessions']} sessions, {tally.counts['failures']} failures"
            + "".join(f"\n       {failure[:500]}" for failure in tally.failures),
        ),
        *_of_database(daemon, tally),
        *of_samples(samples),
        Finding("SIGTERM at the end exits 0", exit_code == 0, f"exit code {exit_code}"),
        Finding(
            "the log has no traceback", b"Traceback" not in daemon.log.read_bytes(), "searched"
        ),
    ]


def _of_database(daemon: Daemon, tally: Tally) -> Iterable[Finding]:
    connection = sqlite3.connect(f"file:{daemon.db}?mode=ro", uri=True)
    try:
        (steps,) = connection.execute("SELECT count(*) FROM execution_traces").fetchone()
        (broken,) = connection.execute(
            "SELECT count(*) FROM (SELECT count(*) AS steps, min(step_order) AS low,"
            " max(step_order) AS high FROM execution_traces GROUP BY agent, session_id)"
            " WHERE low <> 1 OR high <> steps"
        ).fetchone()
        whole = connection.execute("PRAGMA integrity_check").fetchall()
        foreign = connection.execute("PRAGMA foreign_key_check").fetchall()
        reasons = dict(
            connection.execute(
                "SELECT reason, sum(count) FROM rejected_events GROUP BY reason"
            ).fetchall()
        )
    finally:
        connection.close()
    expected = tally.counts["steps"]
    yield Finding("no step but those of the stories", steps == expected, f"{steps} of {expected}")
    yield Finding("orders are 1..n at the end, too", broken == 0, f"{broken} sessions broken")
    yield Finding("the file is whole", whole == [("ok",)] and not foreign, f"{whole[0]}")
    yield Finding(
        "only what was meant to be was rejected", reasons.keys() <= REASONS_SENT, f"{reasons}"
    )


def of_samples(samples: Sequence[Sample]) -> Iterable[Finding]:
    """Return the findings about what the daemon used, and said of itself, over time."""
    oldest = max(sample.last_commit_age for sample in samples[1:])
    yield Finding(
        f"a commit at least every {COMMIT_AGE_MAX:g} s", oldest <= COMMIT_AGE_MAX, f"{oldest:.1f} s"
    )
    wal = max((s.wal_bytes for s in _calm(samples)), default=0)
    yield Finding(
        "WAL within 64 MiB when no reader holds it", wal <= WAL_BYTES_MAX, f"{wal / MIB:.1f} MiB"
    )
    last = samples[-1]
    yield Finding("nothing waits at the end", last.queued == 0, f"{last.queued} queued")
    yield from _flatness(_longest_life(samples))


def _flatness(life: Sequence[Sample]) -> Iterable[Finding]:
    seconds = life[-1].elapsed - life[0].elapsed
    if seconds < JUDGED_SECONDS_MIN:
        yield Finding("memory and descriptors", True, f"not judged, a life of {seconds:.0f} s")
        return
    warm = life[int(len(life) * WARM_UP_SHARE) :]
    first, last = warm[: len(warm) // 3], warm[-len(warm) // 3 :]
    rss = median(s.rss_bytes for s in last) - median(s.rss_bytes for s in first)
    fds = median(s.descriptors for s in last) - median(s.descriptors for s in first)
    yield Finding(
        f"memory grows by at most {RSS_GROWTH_MAX // MIB} MiB in a life of {seconds:.0f} s",
        rss <= RSS_GROWTH_MAX,
        f"{rss / MIB:+.1f} MiB",
    )
    yield Finding(
        f"descriptors grow by at most {DESCRIPTORS_GROWTH_MAX}",
        fds <= DESCRIPTORS_GROWTH_MAX,
        f"{fds:+.0f}",
    )


def _longest_life(samples: Sequence[Sample]) -> list[Sample]:
    lives: dict[int, list[Sample]] = {}
    for sample in samples:
        lives.setdefault(sample.pid, []).append(sample)
    return max(lives.values(), key=len)


def _calm(samples: Sequence[Sample]) -> Iterable[Sample]:
    held_at = float("-inf")
    for sample in samples:
        held_at = sample.elapsed if sample.read_held else held_at
        if sample.elapsed - held_at > READER_SECONDS:
            yield sample
