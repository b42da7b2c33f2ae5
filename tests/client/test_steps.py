import asyncio
import contextvars
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from traced.client import Step, step
from traced.client.steps import SESSION_ID

Begin = Callable[..., Step]
Event = dict[str, Any]

# The soft limit alone, so that what is printed afterwards can be as long as before.
FULL_DISK = """
import os, resource, sys
from traced.client import step

no_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
before = set(os.listdir("/dev/fd"))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, no_limit[1]))
with step("work", socket=sys.argv[1], spool=sys.argv[2]):
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, no_limit)
print(set(os.listdir("/dev/fd")) - before)
"""

LEAVING: list[tuple[BaseException, str, str | None]] = [
    (ValueError("no such page"), "error", "ValueError: no such page"),
    (KeyboardInterrupt(), "cancelled", "KeyboardInterrupt"),
    (asyncio.CancelledError(), "cancelled", "asyncio.exceptions.CancelledError"),
    (SystemExit(3), "error", "SystemExit: 3"),
    (SystemExit(0), "ok", None),
]


@pytest.fixture
def begin(folder: Path, spool: Path) -> Begin:
    """Give `step` with the places of this test, and time enough for a busy machine."""
    return partial(step, socket=folder / "sock", spool=spool, deadline_ms=30_000)


@pytest.fixture
def events(listen: Callable[..., list[bytes]]) -> Callable[[], list[Event]]:
    """Listen as a daemon does; give a function that returns the events that came."""
    received = listen("sock")
    return lambda: [json.loads(line) for line in received]


def test_a_step_is_its_start_and_its_end(begin: Begin, events: Callable[[], list[Event]]) -> None:
    """Two events with one call id: what it was about, then what came of it and how long it took."""
    with begin("fetch", input={"url": "a"}, session_id="s1", agent="crawler") as fetch:
        fetch.output = ["page"]

    start, end = events()
    shared = {"v": 1, "ack": True, "session_id": "s1", "agent": "crawler", "trace_type": "tool"}
    shared |= {"name": "fetch", "call_id": fetch.call_id, "agent_pid": os.getpid()}
    assert shared.items() <= start.items()
    assert shared.items() <= end.items()
    assert (start["phase"], start["input"], start["cwd"]) == (
        "start",
        {"url": "a"},
        str(Path.cwd()),
    )
    assert (end["phase"], end["status"], end["output"]) == ("end", "ok", ["page"])
    assert end["started_at"] == start["started_at"]
    assert 0 <= end["duration_ms"] < 60_000
    assert start["event_id"] != end["event_id"]


@pytest.mark.parametrize(("leaves", "status", "error"), LEAVING, ids=lambda each: repr(each)[:12])
def test_exceptions_are_told_and_go_on(
    begin: Begin,
    events: Callable[[], list[Event]],
    leaves: BaseException,
    status: str,
    error: str | None,
) -> None:
    """What leaves the block is the caller's, unchanged, and the outcome of the step."""
    with pytest.raises(type(leaves)) as raised, begin("work"):
        raise leaves

    assert raised.value is leaves
    assert (events()[1]["status"], events()[1].get("error")) == (status, error)


def test_the_outcome_can_be_set(begin: Begin, events: Callable[[], list[Event]]) -> None:
    """A program can say itself how a step ended."""
    with begin("ask") as asked:
        asked.status, asked.error = "denied", "the user said no"

    assert (events()[1]["status"], events()[1]["error"]) == ("denied", "the user said no")


def test_inner_steps_belong_to_the_outer(begin: Begin, events: Callable[[], list[Event]]) -> None:
    """Session, agent and places come from the step around; from an agent, who runs it too."""
    with (
        begin("plan", trace_type="agent", session_id="s1", agent="mine", call_id="c1"),
        step("search", trace_type="agent", call_id="c2"),
        step("fetch"),
        step("parse"),
    ):
        pass
    with begin("next"):
        pass

    plan, search, fetch, parse = events()[:4]
    named = ("session_id", "agent", "child_agent_id", "agent_id", "agent_type", "parent_agent_id")
    assert [[each.get(key) for key in named] for each in (plan, search, fetch, parse)] == [
        ["s1", "mine", "c1", None, None, None],
        ["s1", "mine", "c2", "c1", "plan", None],
        ["s1", "mine", None, "c2", "search", "c1"],
        ["s1", "mine", None, "c2", "search", "c1"],
    ]
    assert [events()[8].get(key) for key in named] == [SESSION_ID, *[None] * 5]


def test_tasks_have_the_step_they_began_in(begin: Begin, events: Callable[[], list[Event]]) -> None:
    """Coroutines that run at once do not take each other's steps for their own."""

    async def work(name: str, other: asyncio.Event, own: asyncio.Event) -> None:
        with begin(name, trace_type="agent", call_id=name):
            own.set()
            await other.wait()
            with step(f"in {name}"):
                await asyncio.sleep(0)

    async def both() -> None:
        one, two = asyncio.Event(), asyncio.Event()
        await asyncio.gather(work("one", one, two), work("two", two, one))

    asyncio.run(both())

    inner = {each["name"]: each["agent_id"] for each in events() if "agent_id" in each}
    assert inner == {"in one": "one", "in two": "two"}


def test_threads_share_a_step_when_told(begin: Begin, events: Callable[[], list[Event]]) -> None:
    """A new thread begins on its own; run in a copy of the context, it works for the step there."""

    def work(name: str) -> None:
        with begin(name):
            pass

    with ThreadPoolExecutor(1) as pool, begin("outer", trace_type="agent", call_id="c"):
        pool.submit(work, "alone").result()
        pool.submit(contextvars.copy_context().run, work, "within").result()

    starts = {each["name"]: each.get("agent_id") for each in events()}
    assert starts == {"outer": None, "alone": None, "within": "c"}


def test_many_threads_lose_nothing(begin: Begin, events: Callable[[], list[Event]]) -> None:
    """Steps of many threads at once are all there, each start with its end."""

    def work(number: int) -> None:
        for turn in range(5):
            with begin(f"{number}.{turn}"):
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    pairs = {(each["call_id"], each["phase"]) for each in events()}
    assert len(pairs) == len(events()) == 80


def test_a_generator_left_elsewhere_does_no_harm(begin: Begin) -> None:
    """A block that is left in another context than it was entered in raises nothing."""

    def numbers() -> Generator[int, None, None]:
        with begin("numbers"):
            yield 1

    generator = numbers()
    assert contextvars.copy_context().run(next, generator) == 1
    generator.close()


def test_without_a_daemon_steps_are_spooled(
    begin: Begin, spooled: Callable[[], list[bytes]]
) -> None:
    """Start and end lie in the spool, in the form of the hook client's files and in their order."""
    with begin("work"):
        pass

    phases = [json.loads(line)["phase"] for line in spooled()]
    assert phases == ["start", "end"]


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("mask", [0, 0o077, 0o777])
def test_the_programs_umask_stays(folder: Path, spool: Path, mask: int) -> None:
    """What the program makes after a step is as open as before; what was spooled is its own."""
    before = os.umask(mask)
    try:
        with step("work", socket=folder / "sock", spool=spool, deadline_ms=1):
            pass
        after = os.umask(mask)
    finally:
        os.umask(before)

    made = (spool, spool.with_name("spool.stuck"), *spool.iterdir())
    assert after == mask
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700, 0o600, 0o600, 0o600]


@pytest.mark.usefixtures("silent")
def test_a_stuck_daemon_is_waited_for_once(
    begin: Begin, spooled: Callable[[], list[bytes]], spool: Path
) -> None:
    """After a missed deadline the next events go to the spool at once, as those of hooks do."""
    with begin("work", deadline_ms=1):
        assert spool.with_name("spool.stuck").exists()
    with begin("more"):  # which would wait 30 s
        pass

    assert len(spooled()) == 4


def test_nothing_is_raised_whatever_fails(folder: Path) -> None:
    """Without daemon, spool or syslog, with values that are none, the program goes on."""
    (folder / "file").touch()
    odd = partial(step, socket=folder / "sock", spool=folder / "file" / "spool")

    with odd("", session_id="\ud800", trace_type="tool", input=object(), deadline_ms=-1) as each:
        each.output = {object(): object()}
    with suppress(ZeroDivisionError), odd("x" * 10_000_000, socket="\0"):
        _ = 1 / 0


def test_a_full_disk_costs_no_descriptors(folder: Path, spool: Path) -> None:
    """A program goes on for days: what could not be spooled is noted, and its file is closed."""
    command = [sys.executable, "-c", FULL_DISK, str(folder / "sock"), str(spool)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("set()\n", "")
    assert [path.suffix for path in spool.iterdir()] == [".lost", ".lost"]


def test_ctrl_c_while_waiting_keeps_the_event(
    begin: Begin, spooled: Callable[[], list[bytes]], silent: socket.socket
) -> None:
    """The interruption is the program's; the event that was on its way is in the spool."""

    def interrupt() -> None:
        select.select([silent], [], [])
        connection, _ = silent.accept()
        with connection:
            connection.setblocking(True)
            connection.recv(1)
            os.kill(os.getpid(), signal.SIGINT)
            raised.wait()  # its end is open: what is awaited here is the answer

    raised = threading.Event()
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt), begin("work"):
        pass
    raised.set()
    thread.join()
    assert [json.loads(line)["phase"] for line in spooled()] == ["start"]


def test_the_hook_client_does_not_wait_for_it() -> None:
    """The package alone, through which `traced hook` comes, loads nothing of this."""
    code = "import sys, traced.client.hook; print('traced.client.steps' in sys.modules)"
    code += "; from traced.client import step; print(step.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "traced.client.steps"]


def test_other_names_are_not_there() -> None:
    """The package has no more names than it says."""
    with pytest.raises(ImportError, match="cannot import name 'stop'"):
        exec("from traced.client import stop")
