import msgspec
import pytest

from traced.cli.figures import told

FRESH = {"running": True, "pid": 42, "version": "1.2.3", "state": "ok", "uptime_seconds": 3.2}


def lines(**figures: object) -> dict[str, str]:
    """Return what a daemon with these figures is told as."""
    return dict(told({**FRESH, **figures}))


def test_a_fresh_daemon_has_a_line_for_each_part() -> None:
    """What an answer lacks is zero."""
    assert lines() == {
        "state": "ok",
        "process": "42, version 1.2.3, for 3.2 s",
        "received": "0 events: 0 stored, 0 duplicate, 0 ignored, 0 rejected, 0 discarded, 0 queued",
        "queue": "0 events, 0 B of 0 B; 0 at most since the start",
        "commits": "none yet",
        "database": "0 B, its log 0 B",
        "spool": "nothing waits",
        "connections": "0",
        "retention": "0 sessions and 0 steps removed since the start",
    }


def test_received_is_the_sum_with_reasons() -> None:
    """Thousands are set apart; what was lost has its reasons."""
    figures = {
        "received": 1_238, "stored": 1_230, "duplicate": 1, "ignored": 2,
        "rejected": {"not_json": 3, "too_long": 1}, "discarded": {"shutdown": 1},
    }  # fmt: skip

    assert lines(**figures)["received"] == (
        "1,238 events: 1,230 stored, 1 duplicate, 2 ignored,"
        " 4 rejected (not_json 3, too_long 1), 1 discarded (shutdown 1), 0 queued"
    )


def test_sizes_and_times_are_those_of_people() -> None:
    """Milliseconds, minutes and mebibytes, each in its largest unit."""
    found = lines(
        batch_events_last=1,
        last_commit_age_seconds=125.0,
        commit_seconds={"p50": 0.0012, "p99": 0.0345},
        database_bytes=5 << 20,
        wal_bytes=1536,
        spool_files=2,
        spool_bytes=2048,
        queued_bytes=1024,
        queued_bytes_max=32 << 20,
        queued_max=7,
    )

    assert found["commits"] == "the last 2 min 05 s ago, 1 event; p50 1.2 ms, p99 34.5 ms"
    assert found["database"] == "5.0 MiB, its log 1.5 KiB"
    assert found["spool"] == "2 files, 2.0 KiB"
    assert found["queue"] == "0 events, 1.0 KiB of 32.0 MiB; 7 at most since the start"


def test_a_reader_that_holds_the_log_back_is_told() -> None:
    """The reason why a log grows stands beside its size."""
    found = lines(wal_bytes=1 << 30, oldest_reader_seconds=60.0)

    assert found["database"].endswith("which a reader has held back for 1 min 00 s")


def test_what_retention_could_not_do_is_told() -> None:
    """A limit that cannot be met, or a failure, stands behind what was removed."""
    found = lines(retention={"sessions_removed": 1, "steps_removed": 20, "unmet": "too little"})

    assert found["retention"] == "1 session and 20 steps removed since the start; too little"

    found = lines(retention={"put_off": "the clock may be wrong"})

    assert found["retention"].endswith(" removed since the start; the clock may be wrong")


def test_what_is_no_answer_is_refused() -> None:
    """Another program's answer is no daemon that is well."""
    with pytest.raises(msgspec.ValidationError):
        lines(received="many")
