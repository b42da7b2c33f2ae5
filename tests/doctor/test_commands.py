import os
from pathlib import Path

import pytest

from traced.doctor.commands import Named, failure, gone, named_in
from traced.install.command import hook_commands


def test_what_install_writes_is_taken_apart() -> None:
    """The client in C, the one in Python that takes over, and both places."""
    command = (
        "trap '' HUP INT TERM; set -- --agent claude-code --socket /s/t.sock --spool /s/spool;"
        ' { /s/bin/traced-hook "$@" || /v/python -ISE /v/traced/client/hook.py "$@"; }'
        " >/dev/null 2>&1 || exit 0"
    )

    assert named_in(command) == Named(
        Path("/s/t.sock"),
        Path("/s/spool"),
        [Path("/s/bin/traced-hook"), Path("/v/python"), Path("/v/traced/client/hook.py")],
    )


def test_quoted_paths_are_taken_apart() -> None:
    """Spaces and quotes as shlex writes them, and flags with an equals sign."""
    command = """'/my programs/traced-hook' --socket='/a b' --spool '/it'"'"'s'"""

    assert named_in(command) == Named(
        Path("/a b"), Path("/it's"), [Path("/my programs/traced-hook")]
    )


def test_a_command_without_paths_names_nothing() -> None:
    """People write `traced hook` by hand."""
    assert named_in("traced hook --agent claude-code") == Named(None, None, [])


def test_programs_that_cannot_be_run_are_gone(tmp_path: Path) -> None:
    """A program has to be executable, a script of Python readable."""
    program, script = tmp_path / "hook", tmp_path / "hook.py"
    program.write_text("")
    script.write_text("")
    program.chmod(0o600)

    assert gone([program, script, tmp_path / "none"]) == [program, tmp_path / "none"]


@pytest.fixture
def installed(tmp_path: Path) -> str:
    """The command that `install` writes, for places that hold a space."""
    socket, spool = tmp_path / "a b/t.sock", tmp_path / "a b/spool"
    return hook_commands("claude-code", socket, spool)[0].shell


def test_a_command_that_works_is_told_so_and_leaves_nothing(installed: str, tmp_path: Path) -> None:
    """The trial event goes into a spool of its own, never into the one that is named."""
    assert failure(installed, os.environ) is None
    assert list(tmp_path.iterdir()) == []


def test_places_that_only_the_environment_names_are_redirected(tmp_path: Path) -> None:
    """A command written by hand is tried too, without a trace in the user's spool."""
    command = hook_commands("x", Path("/s"), Path("/p"))[0].first
    environ = {"HOME": str(tmp_path), "TRACED_SPOOL": str(tmp_path / "spool")}

    assert failure(command, environ) is None
    assert failure(f"{command} --spool={tmp_path / 'spool'}", environ) is None
    assert list(tmp_path.iterdir()) == []


def test_a_command_whose_interpreter_is_gone_does_not_work(installed: str) -> None:
    """It ends with 0 and prints nothing, as it has to; but no event comes out of it."""
    python = str(hook_commands("x", Path("/s"), Path("/p"))[0].python)
    why = failure(installed.replace(python, "/nowhere/python"), os.environ)

    assert why == "a trial event left 0 spool files, expected 1 with it"


def test_a_command_that_prints_does_not_work(installed: str) -> None:
    """An agent would take it for the hook's word."""
    why = failure(f"echo hello; {installed}", os.environ)

    assert why == r"exit code 0, output b'hello\n', expected 0 and none"
