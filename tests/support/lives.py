"""
A daemon's life under faults: it comes up, or says at its start why it does not, and does no harm.

One that waits for its database is killed: strace counts calls for each thread, and the n-th of the
next attempt would fail as well.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from support.daemon import Daemon, wait_until


@contextmanager
def life(daemon: Daemon) -> Iterator[bool]:
    """Start a daemon and kill it at the end; yield whether it came up, else it said why not."""
    told_before = logged(daemon, "database_unavailable")
    over = threading.Event()

    def kill_if_waiting() -> None:
        wait_until(
            lambda: over.is_set() or logged(daemon, "database_unavailable") > told_before,
            "the daemon to come up, or to say why not",
        )
        if not over.is_set() and daemon.process is not None:
            daemon.process.kill()

    watch = threading.Thread(target=kill_if_waiting)
    watch.start()
    try:
        came_up = _comes_up(daemon)
        over.set()
        yield came_up
    finally:
        over.set()
        watch.join()
        daemon.__exit__()


def _comes_up(daemon: Daemon) -> bool:
    try:
        daemon.start()
    except AssertionError:
        assert daemon.process is not None
        told = daemon.log.read_text()
        assert daemon.process.poll() in (1, -9), told
        assert "Traceback" not in told, told
        assert "traced: " in told or "database_unavailable" in told, told
        return False
    return True


def logged(daemon: Daemon, event: str) -> int:
    """Return how often the log tells of this."""
    with suppress(FileNotFoundError):
        return daemon.log.read_text().count(f'"event": "{event}"')
    return 0
