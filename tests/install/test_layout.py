import pytest

from traced.install.jsonc import parse
from traced.install.layout import Edit, Layout, fresh, indent_at, insertion, layout_of, splice


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("{}", Layout("\n", "  ", ", ", ": ")),
        ('{\n    "a": 1\n}', Layout("\n", "    ", ", ", ": ")),
        ('{\r\n\t"a": 1\r\n}', Layout("\r\n", "\t", ", ", ": ")),
        ('  {\r    "a": 1\r  }', Layout("\r", "  ", ", ", ": ")),
        ('{"a":1,"b":2}', Layout("\n", "  ", ",", ":")),
        ('{"a":1}', Layout("\n", "  ", ",", ":")),
        ('{"a": 1}', Layout("\n", "  ", ", ", ": ")),
        ('{"a":1, "b":2}', Layout("\n", "  ", ", ", ":")),
    ],
)
def test_the_habits_of_a_text_are_told_from_its_beginning(text: str, layout: Layout) -> None:
    """Newline, indentation and separators are those of the first line and members."""
    assert layout_of(parse(text)) == layout


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a":1}', '{"a":1,"k":[2]}'),
        ('{"a": 1,}', '{"a": 1, "k": [2],}'),
        ('{"a": 1 // a\n}', '{"a": 1, "k": [2] // a\n}'),
        ('{\n  "a": 1\n}', '{\n  "a": 1,\n  "k": [\n    2\n  ]\n}'),
        ('{\r\n\t"a": 1\r\n}', '{\r\n\t"a": 1,\r\n\t"k": [\r\n\t\t2\r\n\t]\r\n}'),
        ('{\n  "a": 1 // a\n}', '{\n  "a": 1, // a\n  "k": [\n    2\n  ]\n}'),
        ('{\n  "a": 1, /* a */ // b\n}', '{\n  "a": 1, /* a */ // b\n  "k": [\n    2\n  ],\n}'),
        ('{\n  "a": 1\n  // z\n}', '{\n  "a": 1,\n  "k": [\n    2\n  ]\n  // z\n}'),
        ("{}", '{ \n  "k": [\n    2\n  ]\n}'),
        ("{\n}", '{  \n  "k": [\n    2\n  ]\n}'),
        ("{ // z\n}", '{ // z\n  "k": [\n    2\n  ]\n}'),
    ],
)
def test_what_is_added_looks_like_the_rest(before: str, after: str) -> None:
    """A new member stands on a line of its own, or in the line, as its neighbours do."""
    document = parse(before)
    edits = insertion(document, layout_of(document), document.root, [("k", [2])])
    assert splice(before, edits) == after


def test_a_new_text_is_laid_out_as_agents_do() -> None:
    """Two spaces a level and a newline at the end."""
    assert fresh({"k": {"a": []}, "v": 1}) == '{\n  "k": {\n    "a": []\n  },\n  "v": 1\n}\n'


def test_edits_are_made_in_the_order_of_the_text() -> None:
    """Edits come in any order; those at one place are made in the order given."""
    edits = [Edit(3, 3, "x"), Edit(0, 1, ""), Edit(3, 3, "y")]
    assert splice("abcd", edits) == "bcxyd"


def test_the_indentation_of_a_line_is_its_white_space() -> None:
    """It ends where the asked-for character or anything else than space and tab begins."""
    assert indent_at("a\n \tb c", 6) == " \t"
    assert indent_at("  b", 1) == " "
