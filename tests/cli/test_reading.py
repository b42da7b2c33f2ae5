import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.rows import START, Recording

Traced = Callable[..., subprocess.CompletedProcess[str]]
HANG_SECONDS = 60


class Tail:
    """A running `traced tail -f`, whose lines can be waited for."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "traced", "tail", "-f", *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._read = b""

    def line(self) -> str:
        """Return the next line, once it comes."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + HANG_SECONDS
        while b"\n" not in self._read:
            ready = select.select([self.process.stdout], [], [], deadline - time.monotonic())
            assert ready[0], "no line came"
            chunk = os.read(self.process.stdout.fileno(), 65536)
            assert chunk, "tail has ended"
            self._read += chunk
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()

    def stop(self, number: signal.Signals) -> tuple[int, bytes]:
        """End it with a signal; return its exit status and what it complained of."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=HANG_SECONDS)
        return self.process.returncode, errors


@pytest.fixture
def tail(environment: dict[str, str]) -> Iterator[Callable[..., Tail]]:
    """Start `traced tail -f`; it is gone at the end."""
    started: list[Tail] = []

    def start(*options: str) -> Tail:
        started.append(Tail(environment, *options))
        return started[-1]

    yield start
    for each in started:
        with each.process:
            each.process.kill()


def document(done: subprocess.CompletedProcess[str]) -> Any:
    """Return the one JSON document that a command printed."""
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


# --- sessions ---------------------------------------------------------------------------------


def test_sessions_are_listed(recording: Recording, traced: Traced) -> None:
    """Sessions with something in them are listed, all of them with --all, so many with -n."""
    recording.session("s1", steps=1, last_event_at=START)
    recording.session("s2", "codex", steps=2, last_event_at=START + 1)
    recording.session("s3", last_event_at=START + 2)

    def listed(*options: str) -> list[str]:
        return [line.split()[0] for line in traced("sessions", *options).stdout.splitlines()[1:]]

    assert listed() == ["s2", "s1"]
    assert listed("--all") == ["s3", "s2", "s1"]
    assert listed("-n", "1") == ["s2"]
    assert listed("--agent", "codex") == ["s2"]
    assert traced("sessions", "-n", "0").stderr == ""  # none asked for is not none there


def test_sessions_as_json(recording: Recording, traced: Traced) -> None:
    """Sessions as JSON are the rows of the view, in one document."""
    recording.session("s1", steps=1, cwd="/src")

    assert document(traced("sessions", "--json")) == {"sessions": recording.view("sessions")}


@pytest.mark.usefixtures("recording")
def test_no_sessions_are_no_failure(traced: Traced) -> None:
    """An empty list says what to do on standard error; as JSON it is empty."""
    done = traced("sessions")

    assert (done.returncode, done.stdout) == (0, "")
    assert "`traced install`" in done.stderr
    assert document(traced("sessions", "--json")) == {"sessions": []}


# --- show -------------------------------------------------------------------------------------


@pytest.fixture
def shown(recording: Recording) -> Recording:
    """A session with two prompts, and a step before the first."""
    pk = recording.session("0f3a9c12", steps=3, cwd="/src", started_at=START)
    for number in (1, 2):
        recording.prompt(pk, number, summary=f"prompt {number}", started_at=START + number)
    for number in (0, 1, 2):
        recording.step(
            pk,
            number + 1,
            prompt_number=number,
            name=f"Tool{number}",
            started_at=START + number,
            ended_at=START + number,
            input=f"[{number}]",
            call_id=f"call-{number}",
        )
    return recording


@pytest.mark.usefixtures("shown")
def test_show_draws_prompts_and_steps(traced: Traced) -> None:
    """A session is shown with its prompts in order, each with its steps."""
    words = [line.split()[:2] for line in traced("show", "0f3").stdout.splitlines() if line]

    assert words[-6:] == [
        ["#0", "outside"],
        ["tool", "Tool0"],
        ["#1", "08:00:00"],
        ["tool", "Tool1"],
        ["#2", "08:00:00"],
        ["tool", "Tool2"],
    ]


@pytest.mark.usefixtures("shown")
def test_show_one_prompt(traced: Traced) -> None:
    """One prompt can be shown alone, prompt 0 too; one that is not there is an error."""
    first, before = traced("show", "last", "1"), traced("show", "last", "0")
    missing = traced("show", "last", "9")

    assert ("Tool1" in first.stdout, "Tool2" in first.stdout) == (True, False)
    assert ("Tool0" in before.stdout, "Tool1" in before.stdout) == (True, False)
    assert missing.returncode == 1
    assert missing.stderr == "traced: the session has no prompt 9, its last one is 2\n"


@pytest.mark.usefixtures("shown")
def test_show_whole(traced: Traced) -> None:
    """Ids are shown on request only."""
    assert "call-1" not in traced("show", "last").stdout
    assert "call call-1" in traced("show", "last", "-v").stdout


def test_show_as_json(shown: Recording, traced: Traced) -> None:
    """As JSON a session is one document: its row, its prompts' rows, in each its steps' rows."""
    found = document(traced("show", "last", "--json"))
    (session,) = shown.view("sessions")
    rows = {row["prompt_number"]: row for row in shown.view("prompts")}
    steps = {row["prompt_number"]: row for row in shown.view("execution_traces")}

    assert list(found) == ["session", "prompts"]
    assert found["session"] == session
    assert [prompt["prompt_number"] for prompt in found["prompts"]] == [0, 1, 2]
    for prompt in found["prompts"][1:]:
        number = prompt["prompt_number"]
        assert prompt == rows[number] | {"steps": [steps[number]]}
    assert found["prompts"][0]["steps"] == [steps[0]]


def test_show_needs_the_agent_of_two(recording: Recording, traced: Traced) -> None:
    """An id that two agents have is shown once the agent is named."""
    recording.session("s1", "codex")
    recording.session("s1", "claude-code")

    assert "add --agent" in traced("show", "s1").stderr
    assert traced("show", "s1", "--agent", "codex").stdout.startswith("codex\n")


# --- tail -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shown")
def test_tail_prints_the_latest(traced: Traced) -> None:
    """Without -f the latest steps are printed, and that is all."""
    lines = traced("tail", "-n", "2").stdout.splitlines()

    assert [line.split()[4] for line in lines] == ["Tool1", "Tool2"]


@pytest.mark.usefixtures("recording")
def test_tail_of_nothing_says_what_to_do(traced: Traced) -> None:
    """As other lists do; as JSON, or asked for none, it is silent."""
    assert "`traced install`" in traced("tail").stderr
    assert traced("tail", "--json").stderr == ""
    assert traced("tail", "-n", "0").stderr == ""


def test_tail_of_one_agent(shown: Recording, traced: Traced, tail: Callable[..., Tail]) -> None:
    """With --agent or --uid only steps of their sessions come, now and later."""
    other = shown.session("other", "codex", owner_uid=7)
    shown.step(other, 1, name="Other1")
    shown.step(1, 4, name="Tool4")

    nobodys = traced("tail", "--agent", "nobody")
    assert (nobodys.stdout, nobodys.stderr[:15]) == ("", "no steps match:")
    assert traced("tail", "--uid", "7").stdout.split()[4] == "Other1"
    following = tail("--agent", "codex")
    assert "Other1" in following.line()
    shown.step(1, 5, name="Tool5")
    shown.step(other, 2, name="Other2")
    assert "Other2" in following.line()


def test_tail_follows_starts_and_ends(shown: Recording, tail: Callable[..., Tail]) -> None:
    """A step has a line when it starts and one when it ends, and none when it just changes."""
    following = tail("-n", "1")
    assert "Tool2" in following.line()
    step_id = shown.step(1, 4, name="Bash", status="running", started_at=START)

    assert following.line().endswith("▶ running")
    shown.change(step_id, child_agent_id="a1")
    shown.change(step_id, status="ok", ended_at=START + 2000)
    assert following.line().endswith("2.0 s ✓")


def test_tail_as_json_prints_rows(shown: Recording, tail: Callable[..., Tail]) -> None:
    """As JSON every change of a row is a line, the row as in the view."""
    following = tail("-n", "1", "--json", "--session", "last")
    other = shown.session("other")
    assert json.loads(following.line())["name"] == "Tool2"
    step_id = shown.step(1, 4, name="Bash", status="running", input="[1]")
    shown.step(other, 1)
    line = json.loads(following.line())

    assert line == next(row for row in shown.view("execution_traces") if row["id"] == step_id)


@pytest.mark.usefixtures("shown")
def test_tail_ends_quietly_on_ctrl_c(tail: Callable[..., Tail]) -> None:
    """Ctrl-C ends it without a traceback, with the status that shells give it."""
    following = tail("-n", "1")
    following.line()

    assert following.stop(signal.SIGINT) == (130, b"")


@pytest.mark.usefixtures("shown")
def test_tail_ends_when_nobody_reads(tail: Callable[..., Tail]) -> None:
    """Once its pipe is closed it ends by itself, though nothing happens that it could write."""
    following = tail("-n", "1")
    following.line()
    assert following.process.stdout is not None
    following.process.stdout.close()

    assert following.process.wait(timeout=HANG_SECONDS) == 0


# --- stats ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shown")
def test_stats(traced: Traced) -> None:
    """Figures are a table for people and a document for programs."""
    figures = document(traced("stats", "--json"))["stats"]

    assert figures[0] == {
        "trace_type": "tool",
        "name": "Tool0",
        "source": None,
        "count": 1,
        "errors": 0,
        "p50_ms": 0.0,
        "p95_ms": 0.0,
        "total_ms": 0.0,
    }
    assert "Tool0" in traced("stats").stdout


def test_a_daemon_is_not_needed(recording: Recording, traced: Traced, tmp_path: Path) -> None:
    """What was recorded can be read with no writer alive, from a file named on the line."""
    recording.session("s1", steps=1)
    recording.connection.close()
    moved = recording.path.rename(tmp_path / "a copy?.db")

    with closing(Recording(recording.path).connection):
        assert "s1" in traced("sessions", "--db", str(moved)).stdout
