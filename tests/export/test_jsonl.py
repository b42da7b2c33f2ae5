"""JSON lines that can be taken back."""

import json
from pathlib import Path

import msgspec
from msgspec.structs import asdict
from support.rows import AGENT, PROMPT, SESSION, STEP

from traced.export import jsonl
from traced.store.exporting import Row

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "export-1.schema.json"


def exported(rows: list[Row]) -> list[dict[str, object]]:
    """Return the lines of an export as objects."""
    lines = b"".join(jsonl.lines(rows, "1.0", "2027-01-15T08:00:00.000Z"))
    assert lines.endswith(b"\n")
    return [json.loads(line) for line in lines.splitlines()]


def test_the_first_line_names_the_schema_and_the_last_counts(rows: list[Row]) -> None:
    """A file cut short is known as one. A prompt that is no row is not invented."""
    first, *between, last = exported(rows)

    assert first == {
        "kind": "export",
        "$schema": "urn:traced:export:1",
        "version": "1.0",
        "exported_at": "2027-01-15T08:00:00.000Z",
    }
    assert [line["kind"] for line in between] == [
        *["session", "agent", "prompt", "step", "step", "step"],
        "session",
    ]
    assert last == {"kind": "end", "sessions": 2, "agents": 1, "prompts": 1, "steps": 3}


def test_lines_hold_every_public_column(rows: list[Row]) -> None:
    """Under its own name, as the database shows it."""
    by_kind = {str(line["kind"]): line for line in exported(rows)}

    for kind, row in {"agent": AGENT, "prompt": PROMPT, "step": STEP}.items():
        assert by_kind[kind].keys() == asdict(row).keys() | {"kind"}
    assert by_kind["session"].keys() == asdict(SESSION).keys() | {"kind", "owner_uid"}
    assert by_kind["step"]["input_summary"] == "=1+1"


def test_lines_are_read_back_as_they_were_written(rows: list[Row]) -> None:
    """Decoding by the types that the schema is made of loses nothing."""
    lines = list(jsonl.lines(rows, "1.0", "2027-01-15T08:00:00.000Z"))

    decoded = [msgspec.json.decode(line, type=jsonl.Line) for line in lines]

    assert [msgspec.json.encode(line) + b"\n" for line in decoded] == lines


def test_the_schema_is_published() -> None:
    """docs/export-1.schema.json is what `traced export --schema` prints."""
    assert SCHEMA_FILE.read_bytes() == jsonl.schema()


def test_a_form_once_published_is_never_another() -> None:
    """A new column is another number, or old importers would read it wrongly."""
    described = json.loads(jsonl.schema())

    assert described["$id"] == "urn:traced:export:1"
    assert set(described["$defs"]["StepLine"]["required"]) == set(asdict(STEP)) | {"kind"}
