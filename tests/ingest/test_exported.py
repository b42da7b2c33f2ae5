"""Rows of an export, as far as this daemon keeps what they say."""

from pathlib import Path

import pytest
from support.exporting import Recorded, row
from support.fake_secrets import PASSWORD
from support.store import Row, rows

from traced.core.capture import CaptureMode

CONTENT: dict[str, object] = {
    "input": {"command": "make", "password": PASSWORD},
    "output": "done",
}


def kept(path: Path, mode: CaptureMode, line: bytes) -> Row:
    """Return what becomes of the row of a step."""
    room = Recorded(path / "t.db", mode)
    room.take([line])
    (found,) = rows(room.connection, "SELECT * FROM step")
    room.close()
    return found


def test_content_is_kept_whole_where_all_is(tmp_path: Path) -> None:
    """Redacted again, for whoever wrote it; no summary is invented."""
    found = kept(tmp_path, "full", row("step", content=CONTENT))

    assert found["input"] == '{"command":"make","password":"[redacted]"}'
    assert found["output"] == '"done"'
    assert (found["input_summary"], found["output_summary"]) == (None, None)


def test_else_it_is_summarised_where_no_summary_is(tmp_path: Path) -> None:
    """What its own adapter made of it is better."""
    found = kept(tmp_path, "summary", row("step", content=CONTENT, output_summary="own"))

    assert (found["input"], found["output"]) == (None, None)
    assert (found["input_summary"], found["output_summary"]) == ("make", "own")


def test_where_no_content_is_kept_none_comes_in(tmp_path: Path) -> None:
    """What it was called and how long it took does."""
    line = row("step", content=CONTENT, error="no", input_summary="i", duration_ms=5)
    found = kept(tmp_path, "metadata", line)

    assert (found["name"], found["duration_ms"]) == ("Bash", 5)
    names = ("input", "output", "input_summary", "output_summary", "error")
    assert [found[name] for name in names] == [None] * 5


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        *[("session", name) for name in ("cwd", "model", "end_reason")],
        *[("agent", "agent_type"), ("prompt", "summary"), ("prompt", "model")],
        *[("step", name) for name in ("name", "source", "agent_type", "error")],
        *[("step", name) for name in ("input_summary", "output_summary")],
    ],
)
def test_secrets_reach_no_column(tmp_path: Path, kind: str, column: str) -> None:
    """Whoever wrote the file."""
    room = Recorded(tmp_path / "t.db")
    room.take([row(kind, **{column: f"password={PASSWORD}"})])
    table = {"agent": "sub_agent"}.get(kind, kind)
    (found,) = rows(room.connection, f"SELECT * FROM {table}")
    room.close()

    assert found[column] == "password=[redacted]"
