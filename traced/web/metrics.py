"""
The daemon's figures in the text form of Prometheus.

Law: every figure of `status` is a row of the table below, a test holds both to it; units are in the
names, and what only grows ends in `_total`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

MEDIA_TYPE: Final = "text/plain; version=0.0.4"
STATES: Final = ("ok", "retrying", "stopping")


class Metric(NamedTuple):
    """
    How a figure is told; `figure` is its name, behind that of the table in which it stands.

    One that is a table has its keys as values of `label`; `is_presence` tells only whether it has a
    value.
    """

    figure: str
    name: str
    kind: str
    help: str
    label: str = ""
    is_presence: bool = False


_TAKEN = "since the daemon's start"
METRICS: Final = (
    Metric("running", "traced_up", "gauge", "1 if the daemon answers, else 0."),
    Metric("uptime_seconds", "traced_uptime_seconds", "gauge", "Seconds since the start."),
    Metric("received", "traced_events_received_total", "counter", f"Events read {_TAKEN}."),
    Metric("stored", "traced_events_stored_total", "counter", f"Events stored {_TAKEN}."),
    Metric("duplicate", "traced_events_duplicate_total", "counter", f"Events known {_TAKEN}."),
    Metric("ignored", "traced_events_ignored_total", "counter", f"Events ignored {_TAKEN}."),
    Metric("rejected", "traced_events_rejected_total", "counter", "Events rejected.", "reason"),
    Metric("discarded", "traced_events_discarded_total", "counter", "Events discarded.", "reason"),
    Metric("queued", "traced_events_queued", "gauge", "Events that wait for the writer."),
    Metric("queued_max", "traced_events_queued_max", "gauge", "Most that ever waited."),
    Metric("queued_bytes", "traced_queued_bytes", "gauge", "Size of what waits."),
    Metric("queued_bytes_max", "traced_queued_bytes_max", "gauge", "Size at which senders wait."),
    Metric("batch_events_last", "traced_batch_events", "gauge", "Events of the last batch."),
    Metric("commit_seconds", "traced_commit_seconds", "summary", "A commit's time.", "quantile"),
    Metric("last_commit_at", "traced_last_commit_timestamp_seconds", "gauge", "Unix time of it."),
    Metric(
        "last_commit_age_seconds", "traced_last_commit_age_seconds", "gauge", "Seconds since it."
    ),
    Metric("spool_files", "traced_spool_files", "gauge", "Files in the spool."),
    Metric("spool_bytes", "traced_spool_bytes", "gauge", "Size of the spool."),
    Metric("wal_bytes", "traced_wal_bytes", "gauge", "Size of the write-ahead log."),
    Metric("database_bytes", "traced_database_bytes", "gauge", "Size of the database file."),
    Metric(
        "oldest_reader_seconds", "traced_oldest_reader_seconds", "gauge", "Age of a reader's view."
    ),
    Metric("connections", "traced_connections", "gauge", "Clients on the socket."),
    Metric("state", "traced_state", "gauge", "1 for the state the daemon is in.", "state"),
    Metric("version", "traced_info", "gauge", "Always 1; says the version.", "version"),
    Metric(
        "retention.sessions_removed",
        "traced_retention_sessions_removed_total",
        "counter",
        f"Sessions removed {_TAKEN}.",
    ),
    Metric(
        "retention.steps_removed",
        "traced_retention_steps_removed_total",
        "counter",
        f"Steps removed {_TAKEN}.",
    ),
    Metric(
        "retention.rejected_removed",
        "traced_retention_rejected_removed_total",
        "counter",
        f"Rejected events removed {_TAKEN}.",
    ),
    Metric(
        "retention.unmet",
        "traced_retention_unmet",
        "gauge",
        "1 if a limit cannot be met.",
        is_presence=True,
    ),
    Metric(
        "retention.put_off",
        "traced_retention_put_off",
        "gauge",
        "1 if removal by age waits, as the clock may be wrong.",
        is_presence=True,
    ),
    Metric(
        "retention.failure",
        "traced_retention_failed",
        "gauge",
        "1 if the last run failed.",
        is_presence=True,
    ),
)
# An identity is no measure, nor is who asked for a run or what one run did.
UNTOLD: Final = frozenset({"pid", "retention.requests_done", "retention.last"})
QUANTILES: Final = {"p50": "0.5", "p99": "0.99"}


def metrics_text(figures: Mapping[str, object]) -> str:
    """Return the figures, those that are not known left out; of none, only that nobody answers."""
    told = {"running": False, **figures}
    return "".join(line for metric in METRICS for line in _lines(metric, told))


def _lines(metric: Metric, told: Mapping[str, object]) -> Iterator[str]:
    table, _, figure = metric.figure.rpartition(".")
    within = told.get(table, {}) if table else told
    if not isinstance(within, Mapping) or figure not in within:
        return
    value: object = within[figure]
    samples = list(_samples(metric, int(value is not None) if metric.is_presence else value))
    if not samples:
        return
    yield f"# HELP {metric.name} {metric.help}\n# TYPE {metric.name} {metric.kind}\n"
    for word, number in samples:
        label = f'{{{metric.label}="{_escaped(word)}"}}' if word else ""
        yield f"{metric.name}{label} {number}\n"


def _samples(metric: Metric, value: object) -> Iterator[tuple[str, float]]:
    match value:
        case bool() | int() | float():
            yield "", value if isinstance(value, float) else int(value)
        case dict():
            for key, each in value.items():
                if isinstance(each, int | float):
                    yield QUANTILES.get(str(key), str(key)), each
        case str() if metric.label == "state":
            for state in dict.fromkeys((*STATES, value)):
                yield state, int(state == value)
        case str() if metric.label:
            yield value, 1
        case str():
            yield "", datetime.fromisoformat(value).timestamp()
        case _:
            return


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
