import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.install.errors import SettingsError
from traced.install.jsonc import DEPTH_MAX, parse, position


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: read the end of the file, expected a value"),
        ("{", "line 1, column 2: read the end of the file, expected a key in double quotes or '}'"),
        ('{"a"}', "line 1, column 5: read '}', expected ':'"),
        ('{"a"', "line 1, column 5: read the end of the file, expected ':'"),
        ('{"a":}', "line 1, column 6: read '}', expected a value"),
        ('{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: read '\"b\"', expected ',' or '}'"),
        ("{'a': 1}", "line 1, column 2: read \"'a'\", expected JSON"),
        ('{"a": 1,,}', "line 1, column 9: read ',', expected a key in double quotes or '}'"),
        ("[,]", "line 1, column 2: read ',', expected a value"),
        ("[1}", "line 1, column 3: read '}', expected ',' or ']'"),
        ("{} {}", "line 1, column 4: read '{', expected the end of the file"),
        ("[01]", "line 1, column 3: read '1', expected ',' or ']'"),
        ("[NaN]", "line 1, column 2: read 'NaN', expected JSON"),
        ("[nullx]", "line 1, column 6: read 'x', expected JSON"),
        ('["a\nb"]', "line 1, column 2: read '\"a', expected a whole string"),
        (r'["\x"]', "line 1, column 2: read '\"\\\\x\"', expected a whole string"),
        ("/* a", "line 1, column 1: read '/*', expected JSON"),
        ("\r\n\r[\x1b]", "line 3, column 2: read '\\x1b', expected JSON"),
        ("\ufeff{;", "line 1, column 2: read ';', expected JSON"),
    ],
)
def test_what_is_not_json_is_refused_by_its_place(text: str, message: str) -> None:
    """The error names line, column, what was read and what was expected."""
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_nesting_is_bounded() -> None:
    """A text of brackets alone is refused before it exhausts the stack."""
    parse("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    with pytest.raises(SettingsError, match="nested deeper than 200, expected less"):
        parse("[" * 100_000)


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        ('{"a": [1, {}]}', True),
        ('\ufeff{"a": 1}', True),
        ('{"a": 1} // b', False),
        ('{"a": [1, ]}', False),
        ('{"a": "// no, /* no */ ,}"}', True),
    ],
)
def test_extensions_of_json_are_told_from_json(text: str, *, strict: bool) -> None:
    """A text is strict if it has neither comments nor trailing commas."""
    assert parse(text).strict is strict


def test_a_key_is_found_however_it_is_written() -> None:
    """Keys are compared by what they mean, escapes resolved."""
    document = parse(r'{"\u0068ooks": 1}')
    assert document.find(document.root, "hooks") is not None
    assert document.find(document.root, "hook") is None


def test_a_key_that_is_there_twice_is_refused() -> None:
    """Readers differ in which of two equal keys they take, so neither is edited."""
    document = parse('{"hooks": 1,\n "hooks": 2}')
    with pytest.raises(
        SettingsError, match='line 2, column 2: read a second "hooks", expected one'
    ):
        document.find(document.root, "hooks")


def test_the_compact_text_is_that_without_anything_but_values() -> None:
    """White space, comments and trailing commas do not count in a comparison."""
    document = parse('{ "a" : [ 1.0 , "ü" , ] , // c\n "b" : { } , }')
    assert document.compact(document.root) == '{"a":[1.0,"ü"],"b":{}}'


def test_positions_count_any_newline_once() -> None:
    """CR LF, LF and CR each end one line."""
    assert position("a\r\nb\rc\nde", 8) == "line 4, column 2"


@given(st.text(alphabet='{}[]:,"\\/* \n\r1-.eE+tfalsenurx\ufeff\u2028', max_size=40))
def test_what_python_reads_is_read_and_nothing_else_raised(text: str) -> None:
    """Any text is read or refused with the one error; what is strict is what Python reads too."""
    try:
        strict = parse(text).strict
    except SettingsError:
        strict = False
    try:
        json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        assert not strict
    else:
        assert strict
