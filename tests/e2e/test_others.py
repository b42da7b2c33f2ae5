"""What the other real programs did, against what was recorded of it, step by step."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from e2e.conftest import CACHE
from e2e.model import Model, answering
from e2e.npm import NotInstalled, Program, install
from e2e.others import AGENTS, Agent, Step
from e2e.running import Running, run_traced, started
from e2e.scenario import follow
from support.daemon import Daemon, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# `codex@0.160.0 opencode@latest` are these versions of these; else it is all, in those that were
# tried.
WANTED = [each.split("@") for each in os.environ.get("E2E_OTHERS", "").split()]
AGENT_ID = re.compile(r"(?<=targets=\[\")[0-9a-f-]{36}(?=\"\])")


class Place:
    """A home and a project in which one program is set up, and traced installed."""

    def __init__(self, folder: Path, agent: Agent, program: Program, model: Model) -> None:
        self.folder = folder
        self.home, self.project = folder / "home", folder / "project"
        self.project.mkdir(parents=True)
        self.environment = {
            "PATH": f"{program.path.parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "TERM": "dumb",
            **agent.environment(model.url),
        }
        for name, text in agent.files(model.url).items():
            path = self.home / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
        self._command = [str(program.path), *agent.command]

    def traced(self, daemon: Daemon, *arguments: str) -> None:
        """Run a `traced` command as the user of this home."""
        run_traced(daemon, self.environment, *arguments)

    def running(self, script: str) -> AbstractContextManager[Running]:
        """Start the program with a prompt at which its model follows a script."""
        command = [*self._command, follow(script)]
        return started(command, self.folder, self.project, self.environment, stdin=b"")

    def work(self) -> None:
        """Let the program do all its work, to its end."""
        with self.running("work") as running:
            outcome = running.end()
        assert outcome.exit_code == 0, outcome.stderr


def wanted() -> list[Agent]:
    """Return the programs to try."""
    known = {agent.name: agent for agent in AGENTS}
    return [replace(known[name], version=version) for name, version in WANTED] or list(AGENTS)


@pytest.fixture(scope="module", params=wanted(), ids=lambda agent: f"{agent.name}-{agent.version}")
def agent(request: pytest.FixtureRequest) -> Agent:
    """One of the programs."""
    found: Agent = request.param
    return found


@pytest.fixture(scope="module")
def model(agent: Agent) -> Iterator[Model]:
    """What it takes for its model."""
    with answering(agent.dialect, agent.scripts) as model:
        yield model


@pytest.fixture(scope="module")
def recorder(agent: Agent, module_folder: Path) -> Iterator[Daemon]:
    """A daemon that records it."""
    with Daemon(module_folder / f"d-{agent.name}-{agent.version}") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def place(agent: Agent, model: Model, recorder: Daemon, module_folder: Path) -> Place:
    """Where it runs, with traced installed."""
    try:
        program = install(agent.package, agent.binary, agent.version, CACHE)
    except NotInstalled as reason:
        pytest.skip(f"{agent.package} {agent.version} cannot be installed: {reason}")
    place = Place(module_folder / f"{agent.name}-{agent.version}", agent, program, model)
    place.traced(recorder, "install", agent.name)
    return place


def recorded(daemon: Daemon) -> list[Step]:
    """What was recorded in the latest session, as a scenario is written."""
    steps = daemon.steps()
    latest = max((row for row in steps), key=lambda row: row["id"])["session_id"] if steps else None
    return [
        Step(
            row["trace_type"],
            row["name"],
            AGENT_ID.sub("@agent_id", row["input_summary"]) if row["input_summary"] else None,
            row["status"],
            row["source"],
            by_sub_agent=row["agent_id"] is not None,
        )
        for row in steps
        if row["session_id"] == latest
    ]


def wait_for_work(daemon: Daemon, agent: Agent) -> None:
    """Wait until all of it is recorded as written by hand; what ran at once, in any order."""
    expected = Counter(agent.work)
    try:
        wait_until(lambda: Counter(recorded(daemon)) == expected, f"the work of {agent.name}")
    except AssertionError:
        assert sorted(recorded(daemon), key=repr) == sorted(agent.work, key=repr)
        raise


def test_each_call_is_one_step_as_written_by_hand(
    agent: Agent, place: Place, recorder: Daemon
) -> None:
    """Kind, name, source, status and summary of each call; nothing else was recorded."""
    place.work()

    wait_for_work(recorder, agent)
    steps = recorder.steps()
    assert [row["step_order"] for row in steps] == list(range(1, len(steps) + 1))
    assert {(row["agent"], row["prompt_number"]) for row in steps} == {(agent.name, 1)}
    assert [row["source"] for row in recorder.rows("prompts")] == ["user"]
    sub_agents = {row["agent_id"] for row in steps} - {None}
    assert {row["agent_id"] for row in recorder.rows("agents", status="ok")} == sub_agents


def test_what_ran_while_no_daemon_did_is_recorded_later(
    agent: Agent, place: Place, recorder: Daemon
) -> None:
    """The hooks spool, and the next daemon has the same steps."""
    assert recorder.stop() == 0
    place.work()
    assert list(recorder.spool.iterdir())

    recorder.start()
    wait_for_work(recorder, agent)


def test_what_a_killed_program_left_running_is_unknown(place: Place, recorder: Daemon) -> None:
    """The daemon sees that its process is gone; nothing runs for ever."""
    with place.running("sleep") as running:
        wait_until(lambda: bool(recorder.steps(status="running")), "the call that sleeps")
        running.kill()

    wait_until(lambda: not recorder.steps(status="running"), "the end of what ran")
    (lost,) = recorder.steps(status="unknown")
    assert lost["input_summary"] == "sleep 30"


def test_after_uninstalling_nothing_of_traced_is_in_its_files(
    agent: Agent, place: Place, model: Model, recorder: Daemon
) -> None:
    """What the user had is what is left, and what the program itself has added to it."""
    place.traced(recorder, "uninstall", agent.name)

    for name, text in agent.files(model.url).items():
        assert (place.home / name).read_text().startswith(text)
    folders = {place.home / Path(name).parent for name in agent.files(model.url)}
    settings = [
        path
        for folder in folders
        for path in folder.rglob("*.[jt]s*")
        if path.is_file() and "node_modules" not in path.parts and ".traced-backup" not in path.name
    ]
    assert [path for path in settings if b"traced" in path.read_bytes()] == []
