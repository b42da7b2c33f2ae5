import json

import pytest

from traced.client.values import VALUE_CHARS_MAX, exception_text, json_text


class Awkward:
    """Raises whatever is asked of it."""

    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


class OwnError(Exception):
    """An exception of a module's own."""


def sent(value: object) -> object:
    """Return what a value becomes on its way."""
    return json.loads(json_text({"value": value}))["value"]


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        ({"a": [1, None, True, "é\ud800"]}, {"a": [1, None, True, "é\ud800"]}),
        ({"when": range(2)}, {"when": "range(0, 2)"}),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        (float("nan"), "nan"),
        (Awkward(), "<Awkward>"),
        ([Awkward()], ["<Awkward>"]),
        ({(1,): Awkward()}, "<dict>"),
    ],
    ids=["json", "within", "key", "nan", "awkward", "awkward-within", "awkward-key"],
)
def test_any_value_is_json(value: object, becomes: object) -> None:
    """JSON stays what it is; anything else is what it prints as, or at least named."""
    assert sent(value) == becomes


def test_circles_and_depths_are_spelled() -> None:
    """What has no end as JSON is told all the same."""
    circle: list[object] = []
    circle.append(circle)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    assert sent(circle) == "[[...]]"
    assert sent(deep) == "<list>"


def test_long_values_are_cut() -> None:
    """A value beyond the bound is the beginning of its JSON."""
    assert sent("x" * VALUE_CHARS_MAX) == '"' + "x" * (VALUE_CHARS_MAX - 1)


def test_exceptions_read_as_in_a_traceback() -> None:
    """Type and message of an exception, with its module unless it is Python's own."""
    assert exception_text(ValueError("no such file")) == "ValueError: no such file"
    assert exception_text(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert exception_text(OwnError("x")) == f"{OwnError.__module__}.OwnError: x"
    assert exception_text(ValueError(Awkward())) == "ValueError: <ValueError>"
