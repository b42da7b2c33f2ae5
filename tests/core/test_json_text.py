import contextlib
import json
import math
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from traced.core import json_text
from traced.core.errors import Malformed
from traced.core.json_text import (
    check_json,
    check_utf8,
    decode_json,
    decode_outline,
    encode_json,
    is_utf8,
    replace_lone_surrogates,
    replace_nul,
)


def malformed(data: bytes) -> tuple[str, str]:
    """Return the reason and the detail for which these bytes are refused."""
    with pytest.raises(Malformed) as caught:
        decode_json(data)
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        (rb"\ud800", rb"\ufffd"),
        (rb"\uD800", rb"\ufffd"),
        (rb"\udfff", rb"\ufffd"),
        (rb"a\ud800b", rb"a\ufffdb"),
        (rb"\ud800\ud800", rb"\ufffd\ufffd"),
        (rb"\udc00\ud800", rb"\ufffd\ufffd"),
        (rb"\ud83d\ude00", rb"\ud83d\ude00"),
        (rb"\ud800\ud83d\ude00", rb"\ufffd\ud83d\ude00"),
        (rb"\ud83d\ude00\ude00", rb"\ud83d\ude00\ufffd"),
        (rb"\ud83d\n\ude00", rb"\ufffd\n\ufffd"),
        (rb"\\ud800", rb"\\ud800"),
        (rb"\\\ud800", rb"\\\ufffd"),
        (rb"\\\\ud800", rb"\\\\ud800"),
        (rb"\\ud83d\ude00", rb"\\ud83d\ufffd"),
        (rb"\ud83d\\ude00", rb"\ufffd\\ude00"),
        (rb"\ud7ff\ue000", rb"\ud7ff\ue000"),
        (rb"\u00e9\n\"\/", rb"\u00e9\n\"\/"),
        (rb"\ud80", rb"\ud80"),
    ],
)
def test_only_lone_surrogates_are_replaced(escaped: bytes, expected: bytes) -> None:
    """Pairs, escaped backslashes and other escapes stay as they are."""
    assert replace_lone_surrogates(escaped) == expected


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        (rb"a\u0000b", rb"a\ufffdb"),
        (rb"\\u0000", rb"\\u0000"),
        (rb"\\\u0000\u0000", rb"\\\ufffd\ufffd"),
        (rb"\u00001", rb"\ufffd1"),
        (rb"\u0001", rb"\u0001"),
    ],
)
def test_only_escapes_of_nul_are_replaced(escaped: bytes, expected: bytes) -> None:
    """A text about the escape of U+0000 holds an escaped backslash, and stays."""
    assert replace_nul(escaped) == expected


@given(st.text(st.characters(exclude_categories=[])))
def test_any_python_text_survives_but_for_half_characters(text: str) -> None:
    """What the standard library writes is read back, with U+FFFD where it had to be."""
    written = json.dumps(text).encode()
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert decode_json(written) == whole.replace("\0", "\ufffd")


@pytest.mark.parametrize("unit", [b"\\", rb"\ud800", rb"\ud83d\ude00", rb"\\ud800", rb"\u0000"])
def test_megabytes_of_escapes_take_linear_time(unit: bytes) -> None:
    """Quadratic time would take hours here, and the test's own limit would end it."""
    data = unit * (2**22 // len(unit))
    assert len(replace_nul(replace_lone_surrogates(data))) == len(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"null", None),
        (b' {"a" : [1, 2.5, true, "x"]} ', {"a": [1, 2.5, True, "x"]}),
        (b"12345678901234567890123", 12345678901234567890123),
        (b"1e999", math.inf),
        (b"[-1e999]", [-math.inf]),
        (b"9" * 4300, int("9" * 4300)),
        (b"9" * 4301, math.inf),
        (rb'"a\ud800b"', "a\ufffdb"),
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'{"\ud800":1e999}', {"\ufffd": math.inf}),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_valid_json_is_read_whatever_it_holds(data: bytes, expected: object) -> None:
    """Numbers of any size, half characters and U+0000 do not make an event unreadable."""
    assert decode_json(data) == expected


def test_a_raw_is_read_too() -> None:
    """`Raw` only claims to be bytes: it lacks most of what bytes can do."""
    assert decode_json(Raw(rb'["\u0000"]')) == ["\ufffd"]


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "ends at byte 0, before its JSON does"),
        (b'{"a":1', "ends at byte 6, before its JSON does"),
        (b'{"\xc3\xa9":"b', "ends at byte 8, before its JSON does"),
        (b'{"a":1]', "no JSON at byte 6 of 7"),
        (b'{"a":1} x', "no JSON at byte 8 of 9"),
        (b'{"\xc3\xa9":x}', "no JSON at byte 6 of 8"),
        (b'["\x01"]', "no JSON at byte 2 of 5"),
        (b"nul", "no JSON at byte 0 of 3"),
        (b"01", "no JSON at byte 1 of 2"),
        (b"NaN", "NaN is not a JSON number"),
        (b'{"a":-Infinity}', "-Infinity is not a JSON number"),
        (b"[" * 100_000 + b"]" * 100_000, "200000 bytes of JSON nested too deep to be read"),
        (b'{"a":' * 100_000 + b"1e999", "500005 bytes of JSON nested too deep to be read"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(data: bytes, detail: str) -> None:
    """Places are counted in bytes, from 0."""
    assert malformed(data) == ("not_json", detail)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "ends at byte 0, before its JSON does"),
        (b'{"a":1', "ends at byte 6, before its JSON does"),
        (b"nul", "ends at byte 3, before its JSON does"),
        (b'{"a":1]', "no JSON at byte 6 of 7"),
        (b'{"a":1}, {}', "no JSON at byte 7 of 11"),
        (b'{"a":1,}', "no JSON at byte 7 of 8"),
        (b"{'a':1}", "no JSON at byte 1 of 7"),
        (b"[1 2]", "no JSON at byte 3 of 5"),
        (b'["\x01"]', "no JSON at byte 2 of 5"),
        (b'{"a":NaN}', "NaN is not a JSON number"),
        (b'{"a":-Infinity}', "-Infinity is not a JSON number"),
        (b"[" * 100_000 + b"]" * 100_000, "200000 bytes of JSON nested too deep to be read"),
    ],
)
def test_json_is_checked_without_making_objects(data: bytes, detail: str) -> None:
    """The place is the first byte that msgspec cannot go on with."""
    with pytest.raises(Malformed, match=f"^{re.escape(detail)}$"):
        check_json(data)


@pytest.mark.parametrize("data", [b"[[],1e400]", b"9" * 5000, b'{"a":"\\u0000"}', b" null "])
def test_any_json_passes_the_check(data: bytes) -> None:
    """Numbers of any size are JSON."""
    check_json(data)


@pytest.mark.parametrize(
    ("data", "outline"),
    [(b'[1,"a"]', []), (b'{"a":1}', {}), (b'"a"', "a"), (b"1.5", 1.5), (b"null", None)],
)
def test_an_outline_has_the_type_of_its_value(data: bytes, outline: object) -> None:
    """Only what is in arrays and objects is left out."""
    assert decode_outline(data) == outline


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b'"\xff"', "byte 1 is 0xFF, expected UTF-8"),
        (b'"a\xed\xa0\x80"', "byte 2 is 0xED, expected UTF-8"),
        (b'"\xc0\x80"', "byte 1 is 0xC0, expected UTF-8"),
        (b'"\xe2\x82', "byte 1 is 0xE2, expected UTF-8"),
    ],
)
def test_what_is_no_utf8_is_refused_with_its_place(data: bytes, detail: str) -> None:
    """Surrogates that were written as bytes are no UTF-8 either."""
    assert malformed(data) == ("not_utf8", detail)
    with pytest.raises(Malformed, match=f"^{detail}$"):
        check_utf8(data)


@given(st.binary())
def test_utf8_is_what_python_decodes(data: bytes) -> None:
    """The quick look at ASCII bytes changes no answer."""
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not is_utf8(data)
    else:
        assert is_utf8(data)


@given(st.text(alphabet='[]{}",:\\ud8009e+-.nulltrue \t\0é', max_size=40))
def test_garbage_is_read_or_malformed_and_never_another_error(text: str) -> None:
    """The caller needs to catch one error only."""
    with contextlib.suppress(Malformed):
        decode_json(text.encode())


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda values: st.lists(values) | st.dictionaries(st.text(st.characters(codec=None)), values),
)


@given(any_json, st.booleans())
def test_any_value_is_written_as_json(value: object, sort_keys: bool) -> None:
    """Integers of any size, infinite floats and half characters are no reason to fail."""
    decode_json(encode_json(value, sort_keys=sort_keys).encode())


@given(any_json)
def test_how_deep_the_caller_stands_does_not_matter(value: object) -> None:
    """What is written piece by piece, near the end of the stack, is the same text."""
    try:
        at_once = msgspec.json.encode(value, order="sorted").decode()
    except ValueError:
        return

    assert json_text._encode_piecewise(value, sort_keys=True) == at_once


def test_the_deepest_value_that_was_read_is_written() -> None:
    """The stack may have been shorter where it was read."""
    value: list[object] = []
    for _ in range(50_000):
        value = [value]

    assert encode_json(value) == "[" * 50_001 + "]" * 50_001


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": [2.5, None, True, "é"]}, '{"b":1,"a":[2.5,null,true,"é"]}'),
        (2**70, "1180591620717411303424"),
        pytest.param(10**5000, "null", id="5001 digits"),
        (math.inf, "null"),
        (["\ud800", "\ud83d!"], '["\ufffd","\ufffd!"]'),
        ({"\udfff": {}}, '{"\ufffd":{}}'),
        ((1, ()), "[1,[]]"),
    ],
)
def test_value_is_written(value: object, written: str) -> None:
    """Compact, without what JSON or a database cannot hold."""
    assert encode_json(value) == written


def test_keys_are_sorted_where_asked() -> None:
    """Two objects that differ in the order of their keys are then the same text."""
    assert encode_json({"b": "\ud800", "a": 1}, sort_keys=True) == '{"a":1,"b":"\ufffd"}'
