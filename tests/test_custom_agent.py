"""The examples of docs/custom-agent.md, run as they stand there."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import PYTHON, Daemon, wait_until

from traced.core.wire import NativeEvent

PAGE = (Path(__file__).parent.parent / "docs/custom-agent.md").read_text(encoding="utf-8")
HANG_SECONDS = 60


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon for all examples, each of which has a session of its own."""
    with Daemon(tmp_path_factory.mktemp("custom") / "d") as running:
        yield running


def examples(language: str) -> list[str]:
    """Return the page's examples in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run(folder: Path, environment: dict[str, str], *command: str) -> tuple[int, bytes, bytes]:
    """Run a command; return its exit status and what it printed."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=HANG_SECONDS, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_python(daemon: Daemon) -> None:
    """The steps stand under the one that is their agent, each with its outcome; all has ended."""
    (code,) = examples("python")
    assert run(daemon.folder, daemon.environment, PYTHON, "-c", code) == (0, b"", b"")

    answer, fetch, search = daemon.steps(agent="my-agent")
    kept = ("trace_type", "name", "status", "input_summary", "output_summary")
    assert [answer[key] for key in kept] == ["agent", "answer", "ok", "What is new?", "Nothing."]
    assert [fetch[key] for key in kept[1:3]] == ["fetch", "ok"]
    assert fetch["output_summary"] == "200, 1256 bytes"
    assert [search[key] for key in (*kept[:2], "source")] == ["mcp", "search", "library"]
    assert {each["agent_id"] for each in (fetch, search)} == {answer["child_agent_id"]}
    (agent,) = daemon.rows("agents", agent="my-agent")
    told = [agent[key] for key in ("agent_type", "call_id", "status")]
    assert told == ["answer", answer["call_id"], "ok"]


def test_python_is_drawn_as_a_tree(daemon: Daemon) -> None:
    """What the page shows of it: the sub-agent's steps stand under the step that launched it."""
    (code,) = examples("python")
    run(daemon.folder, daemon.environment, PYTHON, "-c", code)
    drawn = daemon.traced("show", "last", "--agent", "my-agent").stdout.decode()

    assert [line.split()[:2] for line in drawn.splitlines()[-3:]] == [
        ["agent", "answer"],
        ["tool", "fetch"],
        ["mcp", "library·search"],
    ]


@pytest.mark.skipif(shutil.which("nc") is None, reason="nc sends it: install netcat-openbsd")
@pytest.mark.parametrize(("command", "status"), [("true", "ok"), ("false", "error")])
def test_shell(daemon: Daemon, tmp_path: Path, command: str, status: str) -> None:
    """The command runs as it would alone, and is one step, with its outcome."""
    (script,) = examples("sh")
    (tmp_path / "step").write_text(script, encoding="utf-8")
    words = ("sh", "step", f"shell-{command}", "try", command)
    code, output, errors = run(tmp_path, daemon.environment, *words)
    assert (code == 0, output, errors) == (command == "true", b"", b"")

    wait_until(
        lambda: (
            [step["status"] for step in daemon.steps(session_id=f"shell-{command}")] == [status]
        ),
        "the step to end",
    )
    (step,) = daemon.steps(session_id=f"shell-{command}")
    told = [step[key] for key in ("name", "input_summary", "output_summary", "step_order")]
    assert told == ["try", command, f"exit status {code}", 1]


def test_shell_without_a_daemon(tmp_path: Path) -> None:
    """Its files are those of the spool: a daemon that starts takes them in."""
    (script,) = examples("sh")
    (tmp_path / "step").write_text(script, encoding="utf-8")
    daemon = Daemon(tmp_path / "d")
    code, output, _ = run(tmp_path, daemon.environment, "sh", "step", "away", "try", "echo", "hi")
    assert (code, output) == (0, b"hi\n")
    assert [path.stat().st_mode & 0o777 for path in daemon.spool.iterdir()] == [0o600, 0o600]

    with daemon:
        assert [step["status"] for step in daemon.steps(session_id="away")] == ["ok"]


def test_json(daemon: Daemon) -> None:
    """Every line of the page is taken."""
    lines = [line.encode() for block in examples("json") for line in block.splitlines()]
    with daemon.connect() as client:
        answers = [client.ask(json.loads(line) | {"ack": True}) for line in lines]

    assert [answer["status"] for answer in answers] == ["stored"] * 4
    (step,) = daemon.steps(session_id="s1")
    assert (step["name"], step["duration_ms"], step["output_summary"]) == ("compile", 812, "done")


def test_the_table_names_every_key() -> None:
    """The page's table leaves out no key of a native event that a program has a use for."""
    rows = re.findall(r"^\| (`.*) \|$", PAGE, re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", " ".join(rows)))

    assert {*NativeEvent.__struct_fields__} - named == {"v", "sdk_session_id", "step_order"}
