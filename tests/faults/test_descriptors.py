import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from support.daemon import Daemon, Row, wait_until
from support.form import long_form
from support.lives import logged
from support.proc import needs_proc
from support.settled import opened_by, settle
from support.stall import daemon_in, run_hook, spooled
from support.streams import Stream, check_steps

SELDOM_SECONDS = 3600.0
HOOKS = 3  # each waits for its deadline, a quarter of a second, and then not
# How often "nobody more can be accepted" may be told in a minute, though it is tried each 0.1 s.
TOLD_MAX = 10
GAPS_MAX = 20

pytestmark = needs_proc


def fill_gaps(stack: ExitStack, daemon: Daemon) -> None:
    """Connect until no number is free between others: each connection takes the lowest."""
    assert daemon.process is not None
    pid = daemon.process.pid
    settle(pid)
    for number in range(GAPS_MAX):
        if opened_by(pid) == set(range(len(opened_by(pid)))):
            return
        stream = Stream(daemon, f"filler{number}")
        stack.callback(stream.close)
        stream.send(1)
        stream.receive()
    raise AssertionError(f"still gaps between {sorted(opened_by(pid))}")


@contextmanager
def exhausted(pid: int) -> Iterator[None]:
    """Let a process open nothing unless it closes something, if it has no gaps."""
    opened = opened_by(pid)
    first_free = next(number for number in count() if number not in opened)
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (first_free, hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@long_form
def test_a_low_limit_is_shared_by_who_speaks(tmp_path: Path) -> None:
    """Under `ulimit -n 80` sixteen are connected: one more ends the longest idle, and is served."""
    with ExitStack() as stack:
        around = ["prlimit", "--nofile=80:80", "--"]
        daemon = stack.enter_context(Daemon(tmp_path / "d", around=around))
        told: list[Row] = []
        for number in range(60):
            stream = Stream(daemon, f"c{number}")
            stack.callback(stream.close)
            stream.send(2)
            stream.receive()
            told += stream.told.values()

        assert daemon.status()["connections"] <= 16
        check_steps(daemon.steps(), told)
        assert len(told) == 120
        assert logged(daemon, "accept_failed") == 0


def test_without_descriptors_the_idle_make_room(tmp_path: Path) -> None:
    """Where nothing more can be opened, who is idle longest is closed for who comes."""
    with ExitStack() as stack:
        folder = tmp_path / "d"
        daemon = stack.enter_context(daemon_in(folder, folder / "traced.db", SELDOM_SECONDS))
        fill_gaps(stack, daemon)
        streams = [Stream(daemon, f"c{number}") for number in range(6)]
        for stream in [*streams, streams[0]]:
            stack.callback(stream.close)
            stream.send(1)
            stream.receive()
        assert daemon.process is not None
        with exhausted(daemon.process.pid):
            late = Stream(daemon, "late")
            stack.callback(late.close)
            late.send(3)
            late.receive()
            streams[0].send(3)
            streams[0].receive()

        told = [answer for each in (late, *streams) for answer in each.told.values()]
        check_steps(daemon.steps(), told)
        assert len(told) == 3 + 5 + 5


@long_form
def test_without_any_descriptor_the_newcomers_wait(tmp_path: Path) -> None:
    """Where nobody can be closed they wait in the kernel, hooks spool, and it is told seldom."""
    with ExitStack() as stack:
        folder = tmp_path / "d"
        daemon = stack.enter_context(daemon_in(folder, folder / "traced.db"))
        assert daemon.process is not None
        settle(daemon.process.pid)
        with exhausted(daemon.process.pid):
            late = Stream(daemon, "late")
            stack.callback(late.close)
            late.send(3)
            wait_until(lambda: logged(daemon, "accept_failed") > 0, "the daemon to tell")
            for number in range(HOOKS):
                run_hook(daemon, f"hook-{number}")
            assert len(spooled(daemon)) == HOOKS
            assert not late.hears()
        late.receive()
        wait_until(lambda: not spooled(daemon), "the spool to be taken in")

        assert len(daemon.steps()) == 3 + HOOKS
        assert logged(daemon, "accept_failed") <= TOLD_MAX
        assert daemon.stop() == 0
