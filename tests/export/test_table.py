"""Steps as comma-separated values."""

import csv
import io

from msgspec.structs import asdict, replace
from support.rows import STEP

from traced.export import table
from traced.store.exporting import Row


def read_back(rows: list[Row]) -> list[dict[str, str]]:
    """Return what a reader of CSV finds."""
    text = b"".join(table.lines(rows)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_step_is_a_line(rows: list[Row]) -> None:
    """The first line holds the public column names; what is null is empty."""
    found = read_back(rows)

    assert [line["step_order"] for line in found] == ["1", "2", "3"]
    assert set(found[0]) == set(asdict(STEP))
    assert (found[0]["call_id"], found[0]["agent_id"]) == ("c1", "")


def test_line_breaks_and_quotes_stay_within_their_cell() -> None:
    """As RFC 4180 has it."""
    text = 'one "two",\nthree\r\n ä'
    (found,) = read_back([replace(STEP, output_summary=text)])

    assert found["output_summary"] == text


def test_no_cell_is_a_formula() -> None:
    """A tool's output cannot make a spreadsheet run what it likes; numbers stay numbers."""
    for start in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20":
        (found,) = read_back([replace(STEP, output_summary=f"{start}cmd", duration_ms=1.5)])
        assert found["output_summary"] == f"'{start}cmd"
        assert found["duration_ms"] == "1.5"


def test_the_table_of_nothing_has_its_names() -> None:
    """A program that reads it finds the columns it expects."""
    assert read_back([]) == []
    assert b"".join(table.lines([])).startswith(b"id,event_id,agent,session_id,")
