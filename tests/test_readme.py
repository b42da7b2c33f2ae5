import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.daemon import Daemon, wait_until

README = Path(__file__).parent.parent / "README.md"
# A recorded session is shown in local time; the README shows it in UTC, 100 columns wide.
FIXED = {"TZ": "UTC", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}


def blocks() -> list[str]:
    """The console blocks of the README."""
    return re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> list[str]:
    """The commands in them, without their comments."""
    lines = [line for block in blocks() for line in block.splitlines() if line.startswith("$ ")]
    return [line.removeprefix("$ ").split("  #")[0].strip() for line in lines]


def run(daemon: Daemon, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the README as a user's shell would, in a home folder of its own."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", command],
        env=daemon.environment | FIXED | more | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_demo_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The README's first screen is the true output of `traced demo`."""
    command, output = blocks()[0].removeprefix("$ ").split("\n", 1)

    found = run(Daemon(tmp_path / "d"), command)

    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == output


def test_make_targets_of_the_readme_exist() -> None:
    """`make run` and `make test` are targets, and the first two commands after the demo."""
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")

    assert commands()[1:3] == ["make run", "make test"]
    for command in commands()[1:3]:
        assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE)


def test_install_commands_of_the_readme_work(tmp_path: Path) -> None:
    """The dry run shows a diff and changes nothing; the installation changes the settings."""
    dry, real = [each for each in commands() if each.startswith("traced install")]
    daemon = Daemon(tmp_path / "d")
    settings = daemon.folder / "home/.claude/settings.json"
    version = " --agent-version 2.1.330"  # no agent is installed where tests run

    shown = run(daemon, dry + version)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "+++" in shown.stdout
    assert not settings.exists()

    done = run(daemon, real + version)
    assert (done.returncode, done.stderr) == (0, "")
    assert "traced/client/hook.py" in settings.read_text()

    assert run(daemon, "traced uninstall claude-code").returncode == 0
    assert not settings.exists()


@pytest.mark.skipif(shutil.which("nc") is None, reason="nc is not installed")
def test_first_event_of_the_readme_is_recorded(tmp_path: Path) -> None:
    """The line for nc makes a step, and every command of the table of commands shows something."""
    (send,) = [each for each in commands() if each.startswith("echo ")]
    with Daemon(tmp_path / "d") as daemon:
        assert run(daemon, send, sock=str(daemon.socket)).returncode == 0
        wait_until(lambda: bool(daemon.steps()), "the step")
        (step,) = daemon.steps()
        assert (step["session_id"], step["name"]) == ("try", "hello")

        for command in ("sessions", "show last", "stats", "status", "rejected"):
            found = run(daemon, f"traced {command}")
            assert found.returncode == 0, found.stderr
            assert found.stdout or command == "rejected"


def test_commands_of_the_table_are_commands() -> None:
    """Each `traced …` that the README names is one that `traced --help` lists."""
    named = set(re.findall(r"`traced ([a-z]+)", README.read_text(encoding="utf-8")))
    listed = subprocess.run(
        [sys.executable, "-m", "traced", "--help"], capture_output=True, text=True, check=True
    ).stdout

    assert named
    for name in named:
        assert re.search(rf"^  {name} ", listed, re.MULTILINE), name
