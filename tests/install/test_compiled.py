import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from support.hook_clients import hook_client

from traced.install import compiled
from traced.install.command import PROBE_PAYLOAD, HookCommand, hook_commands, is_ours
from traced.install.compiled import Choice, choose, compile_client
from traced.install.errors import ClientError

WRITES_A_PROGRAM = """
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\nexit 0\\n' > "$2"
"""

needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None, reason="a client in C needs a C compiler, and cc is not on PATH"
)


def chosen(folder: Path, *, dry_run: bool = False) -> Choice:
    return choose("codex", folder / "no.sock", folder / "sp ool", folder / "bin", dry_run=dry_run)


def run(command: str, shell: str = "/bin/sh") -> None:
    """Run what an agent would, and hold it to what an agent is owed."""
    done = subprocess.run(
        [shell, "-c", command], input=PROBE_PAYLOAD, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a compiler of the test's own on PATH, before all others."""
    folder.mkdir()
    (folder / "cc").write_text("#!/bin/sh\n" + text)
    (folder / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@needs_compiler
def test_the_client_in_c_is_chosen_where_it_can_be_had(tmp_path: Path) -> None:
    """It is faster by far; it lies whole and alone in a folder of this user, who alone may run."""
    choice = chosen(tmp_path / "a b")
    program = tmp_path / "a b/bin/traced-hook"
    assert (choice.command.compiled, choice.why_python) == (program, None)
    assert list(program.parent.iterdir()) == [program]
    assert program.stat().st_mode & 0o777 == 0o700
    assert [program.parents[up].stat().st_mode & 0o777 for up in (0, 1)] == [0o700, 0o700]
    assert is_ours(choice.command.shell)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HookCommand:
    """Return a command that runs the client in C, at a place of its own; nothing else is there."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'it\'s a "place" $HOME'
    folder.mkdir()
    program = Path(shutil.copy(hook_client("c")[0], folder / "traced-hook"))
    python = hook_commands("codex", folder / "no.sock", folder / "spool")[0]
    return replace(python, compiled=program)


def test_the_client_in_c_hands_over(command: HookCommand) -> None:
    """Alone, as a shell runs it, it leaves the event in the spool, whatever is in the paths."""
    run(command.alone)
    (file,) = command.spool.iterdir()
    read = json.loads(file.read_bytes())
    assert (read["agent"], read["payload"]) == ("codex", json.loads(PROBE_PAYLOAD))


def test_two_clients_hand_over_once(command: HookCommand) -> None:
    """Where the client in C works, the one in Python has nothing to do."""
    run(command.shell)
    assert len(list(command.spool.iterdir())) == 1


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("harm", ["gone", "not executable", "of another machine"])
def test_python_takes_over_from_a_program_that_cannot_start(
    command: HookCommand, harm: str, shell: str
) -> None:
    """Whatever became of the program, the event is handed over, once."""
    if not Path(shell).exists():
        pytest.skip(f"no {shell} here")
    program = command.compiled
    assert program is not None
    if harm == "gone":
        program.unlink()
    elif harm == "not executable":
        program.chmod(0o600)
    else:
        binary = bytearray(program.read_bytes())
        binary[18:20] = b"\xff\xff"  # e_machine, where it is ELF
        program.write_bytes(binary)
    run(command.shell, shell)
    assert len(list(command.spool.iterdir())) == 1
    assert list(Path.cwd().iterdir()) == [program.parent]


@needs_compiler
def test_choosing_again_replaces_the_program(tmp_path: Path) -> None:
    """The new program has the old one's name, and the command is the same to the letter."""
    first = chosen(tmp_path)
    program = tmp_path / "bin/traced-hook"
    before = program.stat().st_ino
    with program.open("rb"):  # its number cannot be given to the new one
        second = chosen(tmp_path)
        assert program.stat().st_ino != before
    assert second.command == first.command


def test_what_compiles_is_taken_however_long_it_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a busy machine measures never takes the client in C away again."""
    client = hook_commands("codex", tmp_path, tmp_path)[0]
    slow = f'#!/bin/sh\nsleep 0.1\nexec {client.python} -ISE {client.client} "$@"\n'
    (tmp_path / "slow").write_text(slow)
    compiler = f'while [ "$1" != -o ]; do shift; done\ncp {tmp_path}/slow "$2"\n'
    stand_in(tmp_path / "path", monkeypatch, compiler)
    choice = chosen(tmp_path)
    assert (choice.command.compiled, choice.why_python) == (tmp_path / "bin/traced-hook", None)


@needs_compiler
def test_a_dry_run_leaves_nothing(tmp_path: Path) -> None:
    """It says what would be installed, and puts nothing there."""
    choice = chosen(tmp_path, dry_run=True)
    assert choice.command.compiled == tmp_path / "bin/traced-hook"
    assert list(tmp_path.iterdir()) == []


def test_without_a_compiler_it_is_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no compiler the client in Python is taken, and the reason is told."""
    monkeypatch.setenv("PATH", str(tmp_path))
    choice = chosen(tmp_path)
    assert choice.command.compiled is None
    assert choice.why_python == "cc is not on PATH, expected a C compiler"


@pytest.mark.parametrize(
    ("compiler", "why"),
    [
        ("echo 'hook.c:1: no such thing'; exit 3", "exit code 3, expected 0: hook.c:1: no such"),
        (WRITES_A_PROGRAM, "a probe event left 0 spool files, expected 1"),
        ("exit 0", "No such file"),
    ],
    ids=["fails", "makes a program that loses events", "makes nothing"],
)
def test_a_program_that_does_not_work_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, why: str
) -> None:
    """What does not compile, or does not keep the probe event, never comes to its place."""
    stand_in(tmp_path / "path", monkeypatch, compiler)
    choice = chosen(tmp_path)
    assert choice.command.compiled is None
    assert choice.why_python is not None
    assert why in choice.why_python
    assert list((tmp_path / "bin").iterdir()) == []


def test_a_compiler_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever."""
    monkeypatch.setattr(compiled, "COMPILE_SECONDS_MAX", 0.2)
    stand_in(tmp_path / "path", monkeypatch, "exec sleep 60\n")
    with pytest.raises(ClientError, match=r"cc: still running after 0.2 s, expected an end"):
        compile_client(tmp_path / "program")


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    """Where others could put a program of theirs, none of ours is put."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin").chmod(0o777)
    choice = chosen(tmp_path)
    assert choice.command.compiled is None
    assert choice.why_python is not None
    assert "bin has mode 0777" in choice.why_python


@needs_compiler
def test_sources_compile_without_a_warning(tmp_path: Path) -> None:
    """Of C11 and POSIX alone, with every warning an error."""
    compile_client(tmp_path / "program", "-Werror", "-Wconversion", "-Wshadow", "-Wvla")
    assert (tmp_path / "program").stat().st_mode & 0o777 == 0o700
