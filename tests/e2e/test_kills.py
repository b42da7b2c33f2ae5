"""The program killed in the middle of a tool, and the daemon away for as long as it likes."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from e2e.claude import SKIP, Bench, Program
from e2e.play import events_of
from e2e.running import Running
from e2e.scenario import bash, follow
from e2e.scripts import Scripts
from support.daemon import Daemon, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WAIT = "touch {0}.began; until [ -e {0}.go ]; do sleep 0.05; done; echo {0}"
SCRIPTS: Scripts = {
    "waiting": [
        [bash("echo before")],
        [bash(WAIT.format("one"))],
        [bash("echo between")],
        [bash(WAIT.format("two"))],
        [bash("echo after")],
        ["Done."],
    ],
    "again": [[bash("echo again")], ["Done."]],
}
WAITING = [f"waiting_{turn}_0" for turn in range(1, 6)]


@pytest.fixture
def recorder(module_folder: Path) -> Iterator[Daemon]:
    """A daemon of this test's own, running."""
    with Daemon(Path(tempfile.mkdtemp(dir=module_folder))) as daemon:
        yield daemon


@pytest.fixture
def bench(program: Program, recorder: Daemon) -> Iterator[Bench]:
    """A home in which traced is installed beside somebody else's hooks, which count the calls."""
    with Bench(recorder.folder / "bench", program, SCRIPTS) as bench:
        bench.expect_hooks_of_others(events_of(program))
        bench.install(recorder)
        yield bench
        for name in ("one", "two"):  # what outlives a killed program
            release(bench, name)


def begin(bench: Bench) -> AbstractContextManager[Running]:
    """Start the session that waits twice."""
    return bench.running("--session-id", "@session", SKIP, stdin=follow("waiting").encode())


def reach(bench: Bench, name: str) -> None:
    """Wait until the session waits in a tool."""
    wait_until((bench.project / f"{name}.began").exists, f"the tool that waits for {name}.go")


def release(bench: Bench, name: str) -> None:
    """Let the tool go on."""
    (bench.project / f"{name}.go").touch()


def recorded(daemon: Daemon) -> list[tuple[str, int, str]]:
    """Call, prompt and status of each step, by step order, which is 1 to n."""
    steps = daemon.steps()
    assert [step["step_order"] for step in steps] == list(range(1, len(steps) + 1))
    return [(step["call_id"], step["prompt_number"], step["status"]) for step in steps]


def wait_for_all(daemon: Daemon, bench: Bench) -> None:
    """Wait until as many events were stored as hooks were called, and no spool file is left."""
    calls = len(bench.payloads)
    wait_until(
        lambda: daemon.status()["stored"] >= calls and daemon.status()["spool_files"] == 0,
        f"{calls} events",
    )


def test_a_session_ended_by_sigterm_is_over(bench: Bench, recorder: Daemon) -> None:
    """Its SessionEnd comes, so the tool that ran is unknown at once; resumed it goes on."""
    with begin(bench) as running:
        reach(bench, "one")
        assert running.end(signal.SIGTERM).exit_code in {-signal.SIGTERM, 128 + signal.SIGTERM}
    wait_for_all(recorder, bench)
    cut = [(WAITING[0], 1, "ok"), (WAITING[1], 1, "unknown")]
    assert recorded(recorder) == cut
    [session] = recorder.rows("sessions", session_id=bench.session_id)
    assert session["end_reason"] == "other"

    assert bench.run("--continue", SKIP, stdin=follow("again").encode()).exit_code == 0
    wait_for_all(recorder, bench)
    assert recorded(recorder) == [*cut, ("again_1_0", 2, "ok")]


def test_a_session_ended_by_sigkill_is_found_out(bench: Bench, recorder: Daemon) -> None:
    """No hook tells: the daemon sees the process gone, where it knows it, else the resumption."""
    with begin(bench) as running:
        reach(bench, "one")
        assert running.end(signal.SIGKILL).exit_code == -signal.SIGKILL
    wait_for_all(recorder, bench)
    cut = [(WAITING[0], 1, "ok"), (WAITING[1], 1, "unknown")]
    wait_until(lambda: recorded(recorder) == cut, "the daemon to miss the process")

    resumed = bench.run("--resume", "@session", SKIP, stdin=follow("again").encode())
    assert resumed.exit_code == 0
    wait_for_all(recorder, bench)
    assert recorded(recorder) == [*cut, ("again_1_0", 2, "ok")]
    [session] = recorder.rows("sessions", session_id=bench.session_id)
    assert (session["end_reason"], session["steps"]) == ("other", 3)


def test_a_whole_session_without_the_daemon_comes_from_the_spool(
    bench: Bench, recorder: Daemon
) -> None:
    """The agent notices nothing; the daemon has everything once it runs again."""
    assert recorder.stop() == 0
    for name in ("one", "two"):
        release(bench, name)
    with begin(bench) as running:
        outcome = running.end()
    assert (outcome.exit_code, outcome.stderr) == (0, b"")
    assert len(list(recorder.spool.glob("*.ndjson"))) == len(bench.payloads)
    assert recorder.rows("execution_traces") == []

    recorder.start()
    wait_for_all(recorder, bench)
    assert recorded(recorder) == [(call, 1, "ok") for call in WAITING]
    assert all(step["duration_ms"] is not None for step in recorder.steps())
    [session] = recorder.rows("sessions", session_id=bench.session_id)
    assert session["end_reason"] == "other"


def test_a_daemon_killed_in_the_middle_loses_nothing(bench: Bench, recorder: Daemon) -> None:
    """What it had is on disk, what came meanwhile in the spool, what came later over the socket."""
    with begin(bench) as running:
        reach(bench, "one")
        wait_until(lambda: len(recorder.steps()) == 2, "the waiting call to be recorded")
        recorder.kill()
        release(bench, "one")
        reach(bench, "two")
        assert list(recorder.spool.glob("*.ndjson"))
        recorder.start()
        release(bench, "two")
        outcome = running.end()
    assert (outcome.exit_code, outcome.stderr) == (0, b"")
    wait_until(lambda: len(recorder.steps()) == len(WAITING), "all steps")
    wait_until(
        lambda: all(prompt["ended_at"] for prompt in recorder.rows("prompts")), "the prompt's end"
    )
    assert recorded(recorder) == [(call, 1, "ok") for call in WAITING]
    wait_until(lambda: recorder.status()["spool_files"] == 0, "the spool to be taken in")
    assert recorder.rows("rejected_events") == []
