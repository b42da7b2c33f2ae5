"""Which format a file is in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recorded import FIXTURES

from traced.backfill.fields import Record
from traced.backfill.formats import format_of
from traced.backfill.records import records

TRANSCRIPTS = sorted((FIXTURES / "claude-code").glob("*/transcripts/**/*.jsonl"))


def read(path: Path) -> Iterator[Record]:
    """Yield the records of a file."""
    return records(path, lambda _: None, lambda _: None)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_every_recorded_transcript_is_known_by_its_first_record(path: Path) -> None:
    """Sub-agents' files too."""
    found = format_of(next(read(path)))
    assert found is not None
    assert found.name == "Claude Code"


@pytest.mark.parametrize(
    "record",
    [
        {"type": "summary", "summary": "Words", "leafUuid": "u1"},
        {"type": "file-history-snapshot", "messageId": "u1", "snapshot": {}},
    ],
    ids=lambda record: record["type"],
)
def test_what_else_was_seen_to_come_first_is_known(record: dict[str, object]) -> None:
    """Older versions begin with what they remember."""
    assert format_of(record) is not None


def test_an_export_is_known_by_its_head() -> None:
    """Of any version: which it is, is told."""
    found = format_of({"kind": "export", "$schema": "urn:traced:export:9"})
    assert found is not None
    assert (found.name, found.of_one) == ("traced export", False)


@pytest.mark.parametrize(
    "record", [{}, {"type": "user"}, {"sessionId": "s1"}], ids=["empty", "no session", "no type"]
)
def test_any_other_record_is_of_no_format(record: dict[str, object]) -> None:
    """Rather than of one that would read nothing in it."""
    assert format_of(record) is None
