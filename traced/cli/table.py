"""
A table of lines: columns as wide as they need, the elastic ones as wide as is left.

Law: cells come ready to show; only those of elastic columns are cut, the last of them first.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from rich.text import Text

from traced.cli.screen import pad, pad_left

GAP: Final = "  "
ELASTIC_CELLS_MIN: Final = 8


class Column(NamedTuple):
    """
    A column: its title and side.

    `cut` makes a cell of an elastic one fit so many cells, of which it keeps `cells_min`.
    """

    title: str
    right: bool = False
    cut: Callable[[str, int], str] | None = None
    cells_min: int = ELASTIC_CELLS_MIN


def table(width: int, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> Iterator[Text]:
    """Yield the lines of a table, its titles first."""
    titles = [Text(column.title, "dim") for column in columns]
    widths = [
        max(row[index].cell_len for row in (titles, *rows)) for index, _ in enumerate(columns)
    ]
    excess = sum(widths) + len(GAP) * (len(columns) - 1) - width
    for index, column in reversed(list(enumerate(columns))):
        if column.cut is not None and excess > 0:
            spared = min(excess, max(0, widths[index] - column.cells_min))
            widths[index] -= spared
            excess -= spared
    for row in (titles, *rows):
        line = Text()
        for column, cell, room in zip(columns, row, widths, strict=True):
            line.append(GAP if line else "")
            text = cell.plain
            if column.cut is not None and cell.cell_len > room:
                text = column.cut(text, room)
            line.append((pad_left if column.right else pad)(text, room), cell.style)
        line.rstrip()
        yield line
