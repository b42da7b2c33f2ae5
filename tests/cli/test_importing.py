"""`traced import`: what transcripts add to what hooks told."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from support.daemon import PYTHON, Daemon, Row
from support.recorded import FIXTURES, scenarios

TRANSCRIPTS = tuple(
    str(FIXTURES / "claude-code" / version / "transcripts") for version in ("2.1.330", "2.0.76")
)
Rows = dict[tuple[object, ...], Row]
RELATIONS = {
    "sessions": ("session_id",),
    "prompts": ("session_id", "prompt_number"),
    "agents": ("session_id", "agent_id"),
    "execution_traces": ("session_id", "call_id", "step_order"),
}
# What a hook cannot know, what follows from it, and what says that a row was changed.
TOKENS = {"input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens"}
FILLED = {*TOKENS, "model", "started_at", "ended_at", "duration_ms", "error"}
KILLED = "0442a30c-6bbd-47ce-beef-c9316cb45d19"
OLD = "ff8cecb0-84c5-4857-9f30-aafaff66f090"


class Imported(NamedTuple):
    """A daemon, what it had of hooks before an import, and how that ended."""

    daemon: Daemon
    live: Rows
    done: subprocess.CompletedProcess[bytes]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """Record what the hooks of each session told, then import the sessions' transcripts."""
    daemon = Daemon(tmp_path_factory.mktemp("import") / "d")
    daemon.settings["TRACED_RETENTION_DAYS_MAX"] = "0"
    with daemon:
        for scenario in scenarios("claude-code"):
            if scenario.path.parent.name != "constructed":
                daemon.send(*scenario.envelopes())
        live = rows(daemon)
        yield Imported(daemon, live, daemon.traced("import", *TRANSCRIPTS))


def rows(daemon: Daemon) -> Rows:
    """Return all that was recorded."""
    return {
        (relation, *(row[key] for key in keys)): row
        for relation, keys in RELATIONS.items()
        for row in daemon.rows(relation)
    }


def test_an_import_adds_only_what_hooks_could_not_know(imported: Imported) -> None:
    """
    Models, tokens, how a killed call ended, when a refused one began: nulls and unknowns.

    Version 2.0 told no hook of the calls that it refused: its two come at the end of the session.
    """
    assert (imported.done.returncode, imported.done.stderr) == (0, b"")
    found = rows(imported.daemon)
    new = [key for key in found if key not in imported.live]
    assert [(key[1], found[key]["name"], found[key]["status"]) for key in new] == [
        (OLD, "TaskCreate", "error"),
        (OLD, "TaskUpdate", "error"),
    ]
    for key, row in imported.live.items():
        for column, value in row.items():
            if found[key][column] != value and column != "revision":
                _check_change(key, column, value)
    assert imported.daemon.rows("rejected_events") == []


def _check_change(key: tuple[object, ...], column: str, before: object) -> None:
    if key[0] == "sessions" and column in {"steps", "errors"}:
        assert key[1] in {KILLED, OLD}
    elif column == "status":
        assert (key[1], before) == (KILLED, "unknown")
    else:
        assert (column in FILLED, before) == (True, None), (key, column)


def test_an_import_twice_is_once(imported: Imported) -> None:
    """What has not changed is not read again."""
    before = rows(imported.daemon)

    done = imported.daemon.traced("import", "--json", *TRANSCRIPTS)

    tally = json.loads(done.stdout)["import"]
    assert (tally["read"]["sessions"], tally["unchanged"], tally["taken"]["added"]) == (0, 17, 0)
    assert rows(imported.daemon) == before


def test_what_is_read_again_adds_nothing_and_a_terminal_sees_a_bar(imported: Imported) -> None:
    """The bar is on standard error; what was done is told on standard output."""
    before = rows(imported.daemon)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PYTHON, "-m", "traced", "import", "--again", *TRANSCRIPTS],
        env={**imported.daemon.environment, "TERM": "xterm", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    told, _ = process.communicate(timeout=30)
    drawn = os.read(ours, 65536)
    os.close(ours)

    assert b"importing" in drawn
    assert told.startswith(b"17 sessions with 69 calls read: 0 events new")
    assert rows(imported.daemon) == before


def test_a_sessions_tokens_are_those_of_its_prompts(imported: Imported) -> None:
    """Three prompts of two, three and one answers, each of 100 tokens in and 20 out."""
    session = "10d5cb00-a9a4-413d-af32-b881bf09396a"
    prompts = imported.daemon.rows("prompts", session_id=session)
    assert [(each["input_tokens"], each["output_tokens"]) for each in prompts] == [
        *[(200, 40), (300, 60), (100, 20)]
    ]
    (row,) = imported.daemon.rows("sessions", session_id=session)
    assert (row["input_tokens"], row["output_tokens"]) == (600, 120)
    assert row["model"] == "claude-opus-5-5"


def test_a_bad_line_is_told_with_its_place(imported: Imported, tmp_path: Path) -> None:
    """And costs itself alone."""
    path = tmp_path / "s.jsonl"
    path.write_text('{"type":"user","uuid":"u"}\n{\n', encoding="utf-8")

    done = imported.daemon.traced("import", str(path))

    assert done.returncode == 0
    assert f"{path}:2: ".encode() in done.stderr


def test_what_is_no_file_costs_itself(imported: Imported, tmp_path: Path) -> None:
    """A pipe in a folder holds nobody up, and a name need not be text."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / os.fsdecode(b"\xff.jsonl")).touch()

    done = imported.daemon.traced("import", str(tmp_path))

    assert done.returncode == 1
    told = done.stderr.decode().splitlines()
    assert told == [
        f"{tmp_path}/pipe.jsonl: it is a pipe, socket or device, expected a regular file",
        "traced: files that were not read: 1",
    ]
    assert done.stdout.startswith(b"1 session ")


def test_a_journal_that_cannot_be_read_is_told(imported: Imported, tmp_path: Path) -> None:
    """Before anything is sent."""
    daemon = Daemon(tmp_path / "d")
    daemon.folder.mkdir(mode=0o700, exist_ok=True)
    journal = daemon.folder / "traced-imported.ndjson"
    journal.mkdir()
    daemon.db.touch(mode=0o600)
    daemon.socket = imported.daemon.socket

    done = daemon.traced("import", TRANSCRIPTS[0])

    assert (done.returncode, done.stderr) == (
        1, f"traced: {journal} cannot be used (Is a directory): move it away\n".encode()
    )  # fmt: skip


def test_without_a_daemon_nothing_is_imported(tmp_path: Path) -> None:
    """The message says what to do."""
    done = Daemon(tmp_path).traced("import", TRANSCRIPTS[0])

    assert done.returncode == 1
    assert b"start it with `traced run`" in done.stderr


def exported(daemon: Daemon) -> list[Row]:
    """Return the lines of an export, without what each database numbers for itself."""
    done = daemon.traced("export")
    assert done.returncode == 0, done.stderr
    own = ("id", "revision", "exported_at")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [{key: value for key, value in line.items() if key not in own} for line in lines]


def test_an_export_comes_back_into_an_empty_database(imported: Imported, tmp_path: Path) -> None:
    """Line by line, as its own daemon and this one take it; where it came from nothing changes."""
    file = tmp_path / "all.export"
    assert imported.daemon.traced("export", "-o", str(file)).returncode == 0
    other = Daemon(tmp_path / "other")
    other.settings["TRACED_RETENTION_DAYS_MAX"] = "0"
    with other:
        done = other.traced("import", str(file))
        assert (done.returncode, done.stderr) == (0, b"")
        assert exported(other) == exported(imported.daemon)
        assert other.rows("rejected_events") == []
        again = other.traced("import", "-", stdin=file.read_bytes())
        assert (again.returncode, again.stderr) == (0, b"")
        assert b": 0 events new" in again.stdout
    before = rows(imported.daemon)
    back = imported.daemon.traced("import", str(file))
    assert b": 0 events new" in back.stdout
    assert rows(imported.daemon) == before


def test_what_is_refused_is_told_with_its_file(imported: Imported, tmp_path: Path) -> None:
    """And why, and how to see the others."""
    path = tmp_path / "s.jsonl"
    line = {
        "type": "user", "sessionId": "a\nb", "timestamp": "2026-11-22T14:16:07.000Z",
        "message": {"content": "Do it"},
    }  # fmt: skip
    path.write_text(json.dumps(line) + "\n")

    done = imported.daemon.traced("import", str(path))

    assert done.returncode == 1
    refusal = "session_id has U+000A at character 1, expected no control characters"
    assert done.stderr.decode().splitlines() == [
        f"{path}: 1 refused, the first: {refusal}",
        "traced: events that were refused (see `traced rejected`): 1",
    ]
