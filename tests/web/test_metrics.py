import re
from pathlib import Path

from support.web import running

from traced.web.metrics import METRICS, UNTOLD, metrics_text


async def test_every_figure_of_the_status_is_told(tmp_path: Path) -> None:
    """A figure that the daemon adds to its status needs a row in the table of metrics."""
    async with running(tmp_path) as daemon:
        status = await daemon.status()

    in_tables = {f"retention.{name}" for name in status.pop("retention")}
    told = {metric.figure for metric in METRICS}
    assert set(status) - {"control", "status"} | in_tables == told | UNTOLD


def test_names_follow_the_conventions() -> None:
    """Names are in one name space, counters and only they end in _total, and all differ."""
    names = [metric.name for metric in METRICS]

    assert all(re.fullmatch(r"traced_[a-z_]+[a-z]", name) for name in names)
    assert len(set(names)) == len(names)
    assert {m.kind for m in METRICS if m.name.endswith("_total")} == {"counter"}
    assert all(m.name.endswith("_total") for m in METRICS if m.kind == "counter")


def test_of_nobody_only_that_is_told() -> None:
    """Without figures the one that is known is that nobody answers."""
    assert metrics_text({}) == (
        "# HELP traced_up 1 if the daemon answers, else 0.\n# TYPE traced_up gauge\ntraced_up 0\n"
    )


def test_figures_of_each_kind() -> None:
    """Numbers, tables with a label, quantiles, a time, a state and a word each have their form."""
    text = metrics_text(
        {
            "running": True,
            "rejected": {"not_json": 2, "too_long": 1},
            "commit_seconds": {"p50": 0.001, "p99": 0.25},
            "last_commit_at": "2027-01-15T08:00:00.500Z",
            "state": "retrying",
            "version": 'a"\\\n',
            "wal_bytes": 0,
            "oldest_reader_seconds": None,
            "retention": {"steps_removed": 3, "unmet": "bytes", "put_off": None},
        }
    )

    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        "traced_up 1",
        'traced_events_rejected_total{reason="not_json"} 2',
        'traced_events_rejected_total{reason="too_long"} 1',
        'traced_commit_seconds{quantile="0.5"} 0.001',
        'traced_commit_seconds{quantile="0.99"} 0.25',
        "traced_last_commit_timestamp_seconds 1800000000.5",
        "traced_wal_bytes 0",
        'traced_state{state="ok"} 0',
        'traced_state{state="retrying"} 1',
        'traced_state{state="stopping"} 0',
        'traced_info{version="a\\"\\\\\\n"} 1',
        "traced_retention_steps_removed_total 3",
        "traced_retention_unmet 1",
        "traced_retention_put_off 0",
    ]
