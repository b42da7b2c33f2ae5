import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.rows import START, Recording

Traced = Callable[..., subprocess.CompletedProcess[str]]
HANG_SECONDS = 60


def on_terminal(environment: dict[str, str], *arguments: str) -> bytes:
    """Return what `traced` writes to a terminal."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "traced", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
    finally:
        os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # EIO: the last writer has closed the terminal
        pass
    finally:
        os.close(ours)
    process.wait(timeout=HANG_SECONDS)
    return written


@pytest.fixture
def recorded(recording: Recording) -> Recording:
    """A session with a step that failed, and text that would steer a terminal."""
    pk = recording.session(steps=1, errors=1, cwd="/src/日本\x1b[2J", started_at=START)
    recording.step(
        pk,
        1,
        status="error",
        input_summary="a\x9b2J\u202eb",
        error="[red]no[/red]\n\x1b]0;x\x07",
        started_at=START,
        ended_at=START + 1000,
    )
    return recording


@pytest.mark.usefixtures("recorded")
def test_terminals_get_colour(environment: dict[str, str]) -> None:
    """On a terminal an error is red, and nothing of what was recorded steers it."""
    shown = on_terminal(environment | {"TERM": "xterm-256color"}, "show", "last")

    assert b"\x1b[1;31m" in shown
    assert b"\x1b[2J" not in shown
    assert b"\x1b]0" not in shown
    assert b"[red]no[/red]" in shown


@pytest.mark.usefixtures("recorded")
def test_no_color_is_respected(environment: dict[str, str]) -> None:
    """With NO_COLOR a terminal gets no colour."""
    variables = {"TERM": "xterm-256color", "NO_COLOR": "1"}
    shown = on_terminal(environment | variables, "show", "last")

    assert b"\x1b[1;31m" not in shown
    assert b";31m" not in shown


@pytest.mark.usefixtures("recorded")
def test_pipes_get_plain_text(traced: Traced) -> None:
    """What is no terminal gets no escape sequence, even if the environment forces colour."""
    shown = traced("show", "last", FORCE_COLOR="1", TERM="xterm-256color").stdout

    assert "\x1b" not in shown
    assert "✗ error" in shown


@pytest.mark.usefixtures("recorded")
def test_pipes_are_100_columns_wide(traced: Traced) -> None:
    """A pipe has 100 columns, or as many as COLUMNS says; nonsense there is passed over."""
    wide, narrow, nonsense = (
        max(map(len, traced("show", "last", **columns).stdout.splitlines()))
        for columns in ({}, {"COLUMNS": "60"}, {"COLUMNS": "many"})
    )

    assert (wide, narrow, nonsense) == (100, 60, 100)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.usefixtures("recorded")
def test_other_encodings_get_stand_ins(traced: Traced, encoding: str) -> None:
    """Where standard output cannot encode our signs or the recorded text, others stand in."""
    done = traced("show", "last", PYTHONIOENCODING=encoding)

    assert done.returncode == 0
    assert "in /src/\\u65e5\\u672c\\x1b[2J" in done.stdout
    assert "x error" in done.stdout


@pytest.mark.usefixtures("recorded")
def test_json_is_utf8_and_safe(traced: Traced) -> None:
    """JSON is UTF-8 whatever the encoding, means what was recorded, and steers nothing."""
    shown = traced("show", "last", "--json", PYTHONIOENCODING="ascii").stdout
    document = json.loads(shown)

    assert document["session"]["cwd"] == "/src/日本\x1b[2J"
    assert document["prompts"][0]["steps"][0]["input_summary"] == "a\x9b2J\u202eb"
    assert not set(shown) & set("\x1b\x9b\u202e\x07")
    assert "日本" in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("command", [["sessions"], ["tail"], ["stats", "--json"]])
@pytest.mark.usefixtures("recorded")
def test_a_closed_pipe_is_no_failure(
    environment: dict[str, str], tmp_path: Path, command: list[str]
) -> None:
    """A reader who has read enough ends the command quietly, with success."""
    reading, writing = os.pipe()
    os.close(reading)
    errors = tmp_path / "errors"
    with errors.open("wb") as stderr:
        process = subprocess.run(
            [sys.executable, "-m", "traced", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=stderr,
            timeout=HANG_SECONDS,
            check=False,
        )
    os.close(writing)

    assert (process.returncode, errors.read_bytes()) == (0, b"")
