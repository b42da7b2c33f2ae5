"""`traced export`, as a process."""

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from support.rows import START, Recording

from traced.cli.exporting import Format, export
from traced.core.errors import TracedError

Traced = Any  # what conftest.py returns


def recorded(recording: Recording) -> None:
    """Record two sessions with a step each."""
    for session in ("s1", "s2"):
        pk = recording.session(session, started_at=START)
        recording.prompt(pk, 1, summary="Fix it", started_at=START)
        recording.step(pk, 1, input_summary="ls \u202e\x9b", started_at=START)


def test_everything_goes_to_standard_output(recording: Recording, traced: Traced) -> None:
    """One line after the other, whole, and safe for a terminal."""
    recorded(recording)

    found = traced("export")

    assert (found.returncode, found.stderr) == (0, "")
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [line["kind"] for line in lines] == [
        *["export", "session", "prompt", "step", "session", "prompt", "step", "end"]
    ]
    assert lines[3]["input_summary"] == "ls \u202e\x9b"
    assert "\u202e" not in found.stdout


@pytest.mark.parametrize("form", list(Format))
def test_each_format_makes_a_file(recording: Recording, tmp_path: Path, form: Format) -> None:
    """For its owner alone, under its name once it is whole; content is in those that hold all."""
    recorded(recording)
    path = tmp_path / "out" / form
    path.parent.mkdir()

    export("s1", form, path, db=recording.path)

    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ("ls" in path.read_text()) == (form in {"jsonl", "csv"})


def test_content_is_told_or_left_out_as_asked(recording: Recording, tmp_path: Path) -> None:
    """Whatever the format does by default."""
    recorded(recording)
    path = tmp_path / "out"

    export(None, Format.OTLP, path, content=True, db=recording.path)

    assert "Fix it" in path.read_text()


def test_a_file_is_not_replaced_unasked(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --force it is, and what was written is told."""
    recorded(recording)
    path = tmp_path / "out"
    path.write_text("mine")

    with pytest.raises(TracedError, match="out already exists: add --force to replace it"):
        export("s1", output=path, db=recording.path)
    assert path.read_text() == "mine"

    export("s1", output=path, force=True, db=recording.path)
    assert path.read_text().startswith('{"kind":"export"')
    assert capsys.readouterr().err == f"{path}: 1 session with 1 step\n"


def test_what_cannot_be_written_is_told(recording: Recording, tmp_path: Path) -> None:
    """With the reason; nothing is left behind."""
    with pytest.raises(TracedError, match="out cannot be written: No such file or directory"):
        export(output=tmp_path / "none" / "out", db=recording.path)


def test_a_time_that_is_none_is_wrong_usage(recording: Recording) -> None:
    """The message says what is one."""
    with pytest.raises(typer.BadParameter, match="expected 90s, 15m, 24h, 7d or a date"):
        export(since="soon", db=recording.path)


def test_the_schema_is_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without a database."""
    export(schema=True)

    assert json.loads(capfdbinary.readouterr().out)["$id"] == "urn:traced:export:1"


def test_a_table_on_a_terminal_steers_nothing(
    recording: Recording, environment: dict[str, str]
) -> None:
    """What agents wrote is spelled out there, as JSON always is."""
    recorded(recording)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "traced", "export", "s1", "-f", "csv"]
    subprocess.run(command, env=environment, stdout=theirs, check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)

    assert r"ls \u202e\x9b" in shown
    assert "\u202e" not in shown


def test_no_device_is_replaced(recording: Recording, tmp_path: Path) -> None:
    """Not even with --force: root could, and every program would miss it."""
    recorded(recording)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(TracedError, match="pipe is not a regular file: name another"):
        export(output=pipe, force=True, db=recording.path)

    assert pipe.is_fifo()


def test_a_link_to_a_file_stays_one(recording: Recording, tmp_path: Path) -> None:
    """What it names is replaced."""
    recorded(recording)
    (tmp_path / "all").touch()
    (tmp_path / "link").symlink_to("all")

    export("s1", output=tmp_path / "link", force=True, db=recording.path)

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "all").stat().st_size > 0


def test_a_time_that_ends_before_it_begins_is_wrong_usage(recording: Recording) -> None:
    """It would be an empty export, and nobody would know why."""
    with pytest.raises(typer.BadParameter, match="'2026-01-01', expected a later time than"):
        export(since="2026-01-02", until="2026-01-01", db=recording.path)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no such device")
def test_a_full_disk_is_told(recording: Recording, environment: dict[str, str]) -> None:
    """In one line, and it is a failure: what was written is not whole."""
    recorded(recording)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "traced", "export"],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )

    assert (done.returncode, done.stderr) == (
        1, b"traced: standard output cannot be written: No space left on device\n"
    )  # fmt: skip
