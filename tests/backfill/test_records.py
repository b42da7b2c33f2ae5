"""The lines of a transcript, as records."""

from pathlib import Path

import pytest

from traced.backfill import records as module
from traced.backfill.fields import Record
from traced.backfill.records import records


def read(path: Path) -> tuple[list[Record], list[str], int]:
    """Return the records of a file, what was complained of, and how many bytes were read."""
    complaints: list[str] = []
    advanced: list[int] = []
    found = list(records(path, complaints.append, advanced.append))
    return found, complaints, sum(advanced)


def test_each_line_is_a_record(tmp_path: Path) -> None:
    """Blank lines hold nothing; all bytes are told."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a":1}\n\n{"a":"\\ud800"}\n')

    found, complaints, read_bytes = read(path)

    assert [list(each) for each in found] == [["a"], ["a"]]
    assert complaints == []
    assert read_bytes == path.stat().st_size


def test_a_bad_line_costs_itself_and_is_named(tmp_path: Path) -> None:
    """With its file, its number and what is wrong."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":\n[1]\n\xff\n{"a":2}\n')

    found, complaints, _ = read(path)

    assert found == [{"a": 1}, {"a": 2}]
    assert [complaint.split(": ")[0] for complaint in complaints] == [
        *[f"{path}:2", f"{path}:3", f"{path}:4"]
    ]


def test_a_last_line_that_is_being_written_is_nobodys_fault(tmp_path: Path) -> None:
    """The session may go on while it is imported; a whole one counts without its newline."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":')
    assert read(path)[:2] == ([{"a": 1}], [])

    path.write_bytes(b'{"a":1}\n{"a":2}')
    assert read(path)[:2] == ([{"a": 1}, {"a": 2}], [])


def test_a_last_line_that_no_agent_began_is_told(tmp_path: Path) -> None:
    """Each of theirs begins with a brace; after a power cut a file may end in zeros."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a":1}\n\0\0')

    assert read(path)[:2] == ([{"a": 1}], [f"{path}:2: no JSON at byte 0 of 2, left out"])


def test_a_line_of_something_else_is_told_as_what_it_is(tmp_path: Path) -> None:
    """An object was expected."""
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"[1]\n")

    assert read(path)[1] == [f"{path}:1: it is an array, expected an object, left out"]


def test_a_line_that_is_too_long_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left out and told; the next is read."""
    monkeypatch.setattr(module, "LINE_BYTES_MAX", 16)
    monkeypatch.setattr(module, "SKIPPED_BYTES", 8)
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a":"' + b"x" * 40 + b'"}\n{"a":2}\n')

    found, complaints, read_bytes = read(path)

    assert found == [{"a": 2}]
    assert complaints == [f"{path}:1: the line is longer than 16 bytes, left out"]
    assert read_bytes == path.stat().st_size
