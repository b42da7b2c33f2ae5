"""
The daemon: does it run, does its writer get on, what did it lose.

Law: it is believed in what it says of itself; whether it records is for the probe to prove.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from traced import __version__
from traced.core.errors import NotAnswering, NotRunning, TracedError
from traced.doctor.finding import Finding, ok, warning, wrong
from traced.show.amounts import counted

# Asks the daemon with a control word; raises NotRunning, or TracedError where it refuses.
Ask = Callable[[str], Mapping[str, object]]

# A batch is committed in milliseconds; on a bad disk in a second.
COMMIT_SECONDS_MAX: Final = 10.0
START: Final = "start it with `traced run`, or under systemd with `traced service install`"
WAIT: Final = (
    "it takes in what was spooled before it answers; if that lasts, it hangs: see its log, then"
    " stop it"
)
SEE_LOG: Final = "see its log; docs/operations.md says what each message asks for"


class Retention(msgspec.Struct):
    """How the last removal of old sessions went."""

    unmet: str | None = None
    put_off: str | None = None
    failure: str | None = None


class Status(msgspec.Struct):
    """The figures that are judged; those that an older daemon does not tell have defaults."""

    version: str
    pid: int
    state: str
    uptime_seconds: float
    queued: int
    last_commit_age_seconds: float | None = None
    rejected: dict[str, int] = {}
    discarded: dict[str, int] = {}
    retention: Retention = msgspec.field(default_factory=Retention)


def reached(ask: Ask) -> Status | Finding:
    """Return what the daemon says of itself, or why it says nothing."""
    try:
        return msgspec.convert(ask("status"), Status)
    except NotRunning as error:
        todo = WAIT if isinstance(error, NotAnswering) else START
        return wrong("daemon", str(error), todo)
    except msgspec.ValidationError as error:
        return wrong("daemon", f"its status cannot be read: {error}", "restart the daemon")
    except TracedError as error:
        return wrong("daemon", str(error), "run this as the user whose daemon it is")


def look(status: Status) -> Iterator[Finding]:
    """Yield how a daemon is that answers."""
    told = f"version {status.version}, process {status.pid}"
    if status.version == __version__:
        yield ok("daemon", told)
    else:
        yield warning(
            "daemon",
            f"{told}; this program has version {__version__}",
            "restart the daemon, so that it is the program that is installed",
        )
    yield _writer(status)
    yield from _losses(status)
    yield from _retention(status.retention)


def _writer(status: Status) -> Finding:
    age = status.last_commit_age_seconds
    waits = status.uptime_seconds if age is None else age
    last = "none yet" if age is None else f"the last {age:.0f} s ago"
    told = f"{status.state}, {counted(status.queued, 'event')} waiting, commits: {last}"
    if status.state == "retrying" or (status.queued and waits > COMMIT_SECONDS_MAX):
        return wrong("writer", told, SEE_LOG)
    if status.state != "ok":
        return warning("writer", told, "run this again once it has restarted")
    return ok("writer", told)


def _losses(status: Status) -> Iterator[Finding]:
    for what, counts in (("discarded", status.discarded), ("rejected", status.rejected)):
        if total := sum(counts.values()):
            reasons = ", ".join(f"{reason} {count}" for reason, count in counts.items() if count)
            yield warning(
                "losses",
                f"{counted(total, 'event')} {what} since the daemon started: {reasons}",
                "`traced rejected` lists them, each with what was wrong",
            )


def _retention(retention: Retention) -> Iterator[Finding]:
    if retention.unmet is not None:
        yield warning(
            "retention",
            f"a limit cannot be met: {retention.unmet}",
            "raise retention.bytes_max, keep less with capture, or let it be",
        )
    if retention.put_off is not None:
        yield warning(
            "retention",
            retention.put_off,
            "look at the clock; if it is right, wait, or remove them now with `traced prune`",
        )
    if retention.failure is not None:
        yield warning(
            "retention",
            f"old sessions could not be removed: {retention.failure}",
            "the next run, within the hour, goes on; if not, see the daemon's log",
        )
