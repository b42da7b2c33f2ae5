"""
Steps as a table of comma-separated values, one step a line: for spreadsheets and data frames.

Law: RFC 4180, UTF-8; the first line holds the public column names. A text that a spreadsheet would
take for a formula gets an apostrophe before it: tools and files wrote it, not the user.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import astuple

from traced.store.exporting import Row
from traced.store.rows import Step

# What CSV injection begins with, as OWASP lists it; the last are the first in full width.
FORMULA_STARTS: Final = (*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def lines(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield the lines of the table, each with its line break."""
    page = io.StringIO(newline="")
    writer = csv.writer(page)
    writer.writerow(Step.__struct_fields__)
    for row in rows:
        if isinstance(row, Step):
            yield _taken(page)
            writer.writerow([_cell(value) for value in astuple(row)])
    yield _taken(page)


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _taken(page: io.StringIO) -> bytes:
    text = page.getvalue()
    page.seek(0)
    page.truncate()
    return text.encode()
