from rich.text import Text

from traced.cli.screen import Screen
from traced.cli.table import Column, table

SCREEN = Screen(width=100, encoding="utf-8", now_ms=0, home="")
COLUMNS = [Column("NAME", cut=SCREEN.cut), Column("COUNT", right=True)]


def lines(width: int, *names: str) -> list[str]:
    """Return a table of names, each with the count 1."""
    rows = [[Text(name), Text("1")] for name in names]
    return [line.plain for line in table(width, COLUMNS, rows)]


def test_columns_are_as_wide_as_they_need() -> None:
    """A column is as wide as its title or widest cell; numbers stand at its right."""
    assert lines(80, "Bash", "日本語") == ["NAME    COUNT", "Bash        1", "日本語      1"]


def test_the_elastic_column_gives_way() -> None:
    """Where the width does not do, the elastic column is cut, down to eight cells."""
    assert lines(17, "a long name") == ["NAME        COUNT", "a long na…      1"]
    assert lines(5, "a long name")[1] == "a long…       1"


def test_of_elastic_columns_the_last_gives_way_first() -> None:
    """It keeps what it has to; then the one before is cut too."""
    columns = [Column("NAME", cut=SCREEN.cut), Column("SAID", cut=SCREEN.cut, cells_min=10)]
    rows = [[Text("a long name"), Text("what somebody said")]]

    assert [line.plain for line in table(25, columns, rows)][1] == "a long name  what somebo…"
    assert [line.plain for line in table(22, columns, rows)][1] == "a long na…  what some…"


def test_a_table_without_rows_has_titles() -> None:
    """Nothing found is a table of titles."""
    assert lines(80) == ["NAME  COUNT"]
