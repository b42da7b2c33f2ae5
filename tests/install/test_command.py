import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.daemon import wait_until

from traced.install.command import (
    PROBE_PAYLOAD,
    HookCommand,
    fastest,
    hook_commands,
    is_ours,
    probe,
    prove,
)
from traced.install.errors import ClientError


@pytest.fixture
def command(tmp_path: Path) -> HookCommand:
    """Return the command that would be installed, with a socket where nobody listens."""
    folder = tmp_path / 'it\'s a "place" $HOME ü'
    return hook_commands("claude-code", folder / "no.sock", folder / "spool")[0]


def spooled(command: HookCommand) -> list[dict[str, object]]:
    return [json.loads(file.read_bytes()) for file in sorted(command.spool.glob("*.ndjson"))]


def script(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def test_the_command_names_everything_by_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interpreter, client, socket and spool; relative ones are those of this folder."""
    monkeypatch.chdir(tmp_path)
    command = hook_commands("claude-code", Path("a.sock"), Path("a b"))[0]
    words = shlex.split(command.shell.removeprefix("trap '' HUP INT TERM; "))
    assert words[0] == sys.executable
    assert words[1] == "-ISE"
    assert words[2].endswith("/traced/client/hook.py")
    assert Path(words[2]).is_file()
    assert words[3:9] == [
        *("--agent", "claude-code"),
        *("--socket", f"{tmp_path}/a.sock"),
        *("--spool", f"{tmp_path}/a b"),
    ]
    assert command.shell.endswith(" >/dev/null 2>&1 || exit 0")


def test_the_interpreter_of_this_installation_is_preferred(tmp_path: Path) -> None:
    """It lives as long as traced itself; where it is a link, its target is the other choice."""
    pythons = [command.python for command in hook_commands("a", tmp_path, tmp_path)]
    assert pythons == list(dict.fromkeys([Path(sys.executable), Path(sys.executable).resolve()]))


def test_a_path_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A settings file can hold only UTF-8."""
    with pytest.raises(ClientError, match=r"path '.*\\udcff' is not UTF-8, expected text"):
        hook_commands("a", tmp_path / os.fsdecode(b"\xff"), tmp_path)


def test_what_a_shell_runs_is_what_was_meant(command: HookCommand) -> None:
    """Quotes, spaces and dollars in paths survive the shell; the payload arrives whole."""
    result = probe(command)
    assert result.silent
    assert result.seconds > 0
    [line] = spooled(command)
    assert line["agent"] == "claude-code"
    assert line["payload"] == json.loads(PROBE_PAYLOAD)


def test_no_environment_of_a_project_redirects_it(
    command: HookCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither Python's variables nor traced's change what runs and where it writes."""
    (tmp_path / "json.py").write_text("raise SystemExit(2)")
    monkeypatch.chdir(tmp_path)
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "TRACED_SOCKET", "TRACED_SPOOL"):
        monkeypatch.setenv(name, str(tmp_path))
    assert probe(command).silent
    assert len(spooled(command)) == 1


@pytest.mark.parametrize("agent", ["claude-code", "codex", "copilot-cli", "gemini-cli", "opencode"])
def test_who_runs_the_hook_is_the_agent_s_process(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For those agents whose hooks are children of their own."""
    monkeypatch.delenv("CLAUDE_PID", raising=False)
    command = hook_commands(agent, tmp_path / "no.sock", tmp_path / "spool")[0]
    assert probe(command).silent
    subprocess.run(["/bin/sh", "-c", command.shell], input=PROBE_PAYLOAD, check=True)
    assert [line["agent_pid"] for line in spooled(command)] == [os.getpid()] * 2


def test_claude_code_may_say_itself_which_process_it_is(
    command: HookCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its later versions; that is believed before the parent is."""
    monkeypatch.setenv("CLAUDE_PID", "4711")
    assert probe(command).silent
    [line] = spooled(command)
    assert line["agent_pid"] == 4711


def test_of_other_agents_nobody_knows_what_runs_their_hooks(tmp_path: Path) -> None:
    """Their process is not told."""
    assert "PPID" not in hook_commands("cursor", tmp_path / "no.sock", tmp_path / "spool")[0].shell


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("missing", ["python", "client", "both"])
def test_a_vanished_installation_neither_blocks_nor_prints(
    command: HookCommand, shell: str, missing: str, tmp_path: Path
) -> None:
    """Without interpreter or client the command exits 0, where Python alone would exit 2."""
    if not Path(shell).exists():
        pytest.skip(f"no {shell} here")
    gone = tmp_path / "gone"
    broken = {
        "python": replace(command, python=gone),
        "client": replace(command, client=gone),
        "both": replace(command, python=gone, client=gone),
    }[missing]
    run = subprocess.run(
        [shell, "-c", broken.shell], input=PROBE_PAYLOAD, capture_output=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def test_an_agent_in_a_hurry_does_not_end_it(command: HookCommand, tmp_path: Path) -> None:
    """Claude Code sends SIGTERM to what it no longer waits for; Python may still be starting."""
    slow = script(tmp_path / "slow", f"touch {tmp_path}/started; cat > {tmp_path}/got\n")
    with subprocess.Popen(
        ["/bin/sh", "-c", replace(command, python=slow).shell],
        stdin=subprocess.PIPE,
        start_new_session=True,
    ) as run:
        wait_until((tmp_path / "started").exists, "the interpreter to start")
        os.killpg(run.pid, signal.SIGTERM)
        run.communicate(PROBE_PAYLOAD)
    assert run.returncode == 0
    assert (tmp_path / "got").read_bytes() == PROBE_PAYLOAD


def test_a_missing_client_would_block_the_agent_without_the_guard(tmp_path: Path) -> None:
    """Python exits 2 for a script that is not there: the reason for the guard."""
    argv = [sys.executable, "-ISE", str(tmp_path / "gone.py")]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 2


def test_proving_leaves_neither_event_nor_file(command: HookCommand) -> None:
    """The proof uses a spool of its own."""
    assert prove(command).silent
    assert not command.spool.exists()


def test_a_client_that_spools_nothing_is_no_client(command: HookCommand, tmp_path: Path) -> None:
    """Silence alone proves nothing: a command whose client is missing is silent too."""
    broken = replace(command, client=tmp_path / "gone.py")
    with pytest.raises(
        ClientError, match=r"left 0 spool files, expected 1 with it; try `.*gone.py`"
    ):
        prove(broken)


def test_a_client_that_does_not_end_is_no_client(
    command: HookCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe is bounded."""
    monkeypatch.setattr("traced.install.command.PROBE_SECONDS_MAX", 0.2)
    hanging = script(tmp_path / "python", "exec sleep 60\n")
    with pytest.raises(ClientError, match=r"still running after 0.2 s, expected an end"):
        probe(replace(command, python=hanging))


def test_the_first_that_works_is_taken_unless_another_is_much_faster(
    command: HookCommand, tmp_path: Path
) -> None:
    """What does not work is passed over; a slow one gives way."""
    broken = replace(command, python=tmp_path / "gone")
    slow = replace(
        command, python=script(tmp_path / "slow", f'sleep 0.1; exec {command.python} "$@"\n')
    )
    assert fastest([broken, command])[0] == command
    assert fastest([slow, command])[0] == command
    assert fastest([command, slow])[0] == command


def test_a_machine_that_is_busy_for_a_while_changes_no_choice(
    command: HookCommand, tmp_path: Path
) -> None:
    """The shortest time counts, not those in which something else ran."""
    runs = tmp_path / "runs"
    busy = f"echo >> {runs}; [ $(wc -l < {runs}) -gt 3 ] || sleep 0.15\n"
    work = f'sleep 0.1; exec {command.python} "$@"\n'  # what else it takes weighs little beside it
    first = replace(command, python=script(tmp_path / "first", busy + work))
    second = replace(command, python=script(tmp_path / "second", work))
    assert fastest([first, second])[0] == first


def test_where_nothing_works_the_first_failure_is_told(
    command: HookCommand, tmp_path: Path
) -> None:
    """Nothing is installed that cannot work."""
    broken = [replace(command, python=tmp_path / name) for name in ("first", "second")]
    with pytest.raises(ClientError, match="/first "):
        fastest(broken)


@pytest.mark.parametrize(
    "theirs",
    [
        "",
        "echo traced",
        "/opt/untraced-hook",
        "traced-hooks",
        "traced hookup",
        "python /opt/other/client/hook.py",
        "mytraced hook",
        "/opt/x-traced/client/hook.py",
        "traced-hook.sh",
    ],
)
def test_commands_of_others_are_not_ours(theirs: str) -> None:
    """A name that only resembles ours is not enough."""
    assert not is_ours(theirs)


@pytest.mark.parametrize(
    "ours",
    [
        "/v/bin/python -ISE /v/lib/traced/client/hook.py --agent claude-code",
        "'/a b/python' -ISE '/a b/traced/client/hook.py' --agent claude-code || exit 0",
        "traced-hook",
        "/usr/bin/traced-hook --agent codex",
        "'/a b/traced-hook' --agent codex",
        "traced hook --agent claude-code",
        "/usr/bin/env traced hook",
        "'/a b/traced' hook",
        "python3 -m traced hook; true",
    ],
)
def test_ours_are_known_by_the_client_whatever_the_paths(ours: str) -> None:
    """Older installations, other places and what the README says by hand are all ours."""
    assert is_ours(ours)


def test_what_is_installed_is_ours(command: HookCommand) -> None:
    """Uninstall finds what install wrote, whatever is in the paths."""
    assert is_ours(command.shell)
