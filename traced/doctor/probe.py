"""
An event sent the whole way: hook client, socket, writer, database.

Law: it makes one session without prompt or step, which `traced sessions` does not list; and of the
spool it takes back its own event alone.
"""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

from traced.client.spool import parse_name, parse_note_name
from traced.core.errors import StoreError
from traced.core.times import parse_time
from traced.doctor.finding import Finding, failed, ok, warning, wrong
from traced.install.command import hook_commands, probe
from traced.install.errors import ClientError
from traced.store.queries import sessions
from traced.store.reader import open_reader, snapshot

CHECK: Final = "probe"
NAME: Final = "traced-doctor"
PAYLOAD: Final = (
    b'{"hook_event_name":"SessionStart","session_id":"traced-doctor","source":"startup"}\n'
)
MARK: Final = b'"agent":"traced-doctor"'
LOOK_SECONDS: Final = 0.02
# An ack comes after the commit, so that the first look finds it; the rest is for a busy machine.
ACKED_SECONDS_MAX: Final = 0.5
# Beyond the daemon's pause between two looks into the spool; and a longer pause is not awaited.
TAKEN_IN_SECONDS_MAX: Final = 1.0
PAUSE_SECONDS_MAX: Final = 10.0
SESSIONS_MAX: Final = 100  # of that agent: one for each user of a shared daemon
AGAIN: Final = "run `traced install` and this again; if that does not help, reinstall traced"


class Way(NamedTuple):
    """Where the probe goes."""

    db: Path
    socket: Path
    spool: Path


def send(way: Way, scan_seconds: float, *, daemon_runs: bool) -> Finding:
    """Send the probe and wait until it is in the database."""
    sent_ns = time.time_ns()
    try:
        result = probe(hook_commands(NAME, way.socket, way.spool)[0], PAYLOAD)
    except ClientError as error:
        return failed(CHECK, error, AGAIN)
    if not result.silent:
        told = f"the hook client ended with {result.exit_code} and printed {result.output[:200]!r}"
        return wrong(CHECK, told, AGAIN)
    spooled = _spooled(way.spool, sent_ns)
    if spooled is not None and not daemon_runs:
        spooled.unlink(missing_ok=True)
        told = "the test event came no further than the spool; it was removed again"
        return wrong(CHECK, told, "start the daemon: traced run")
    return _awaited(way, sent_ns, spooled, scan_seconds)


def _awaited(way: Way, sent_ns: int, spooled: Path | None, scan_seconds: float) -> Finding:
    patience = ACKED_SECONDS_MAX
    if spooled is not None:
        patience = TAKEN_IN_SECONDS_MAX + min(scan_seconds, PAUSE_SECONDS_MAX)
    try:
        came = _until(lambda: _is_recorded(way.db, sent_ns), patience)
    except StoreError as error:
        return failed(CHECK, error, "see the daemon's log")
    seconds = (time.time_ns() - sent_ns) / 1e9
    if came and spooled is None:
        return ok(CHECK, f"hook client, socket, writer, database: found in {seconds:.2f} s")
    if spooled is None and _left_note(way.spool, sent_ns):
        return wrong(
            CHECK,
            "the daemon did not answer in time, and the spool had no room for it",
            "make room on the disk, and see in the daemon's log why it stores nothing",
        )
    if spooled is None:
        return wrong(
            CHECK,
            f"the daemon at {way.socket} took it, and it is not in {way.db}",
            "let the daemon and this have the same settings: `traced config`, and the command line"
            " or unit that the daemon was started with",
        )
    if not came:
        with suppress(OSError):
            spooled.unlink()
        told = f"it waited in the spool for {seconds:.0f} s, and was taken back"
        return wrong(CHECK, told, "see in the daemon's log why it takes nothing in")
    return warning(
        CHECK,
        f"it came into the database in {seconds:.1f} s, by the spool",
        "the daemon did not answer in time, to this or within the 10 s before: see whether its"
        " writer gets on",
    )


def _is_recorded(db: Path, sent_ns: int) -> bool:
    with closing(open_reader(db)) as connection, snapshot(connection):
        entries = sessions(connection, SESSIONS_MAX, empty_too=True, agent=NAME)
    used = [parse_time(entry.session.last_event_at) or 0 for entry in entries]
    return max(used, default=0) >= sent_ns // 1_000_000


def _spooled(spool: Path, sent_ns: int) -> Path | None:
    """Return the file in which the probe waits, if it does."""
    with suppress(OSError):
        for path in spool.iterdir():
            name = parse_name(path.name)
            if name is not None and name.unix_ns >= sent_ns:
                with suppress(OSError):  # it was taken in
                    if MARK in path.read_bytes():
                        return path
    return None


def _left_note(spool: Path, sent_ns: int) -> bool:
    """Tell whether a client has said since that it could leave its event nowhere."""
    with suppress(OSError):
        names = [parse_note_name(path.name) for path in spool.iterdir()]
        return any(name is not None and name.unix_ns >= sent_ns for name in names)
    return False


def _until(condition: Callable[[], bool], seconds_max: float) -> bool:
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True
