import errno

import pytest

from traced.core.fault import fault


def test_names_the_type_and_the_place() -> None:
    """An error is told by its type and the line that raised it."""
    with pytest.raises(ValueError, match="secret") as caught:
        int("secret")

    assert fault(caught.value) == "ValueError at test_fault.py:11"


def test_the_place_is_where_it_was_raised() -> None:
    """It is the last one of the way that it came, not the first."""
    with pytest.raises(ZeroDivisionError) as caught:
        _divide()

    assert fault(caught.value) == "ZeroDivisionError at test_fault.py:36"


def test_never_shows_the_text() -> None:
    """The text of an error can quote what a client sent, so it is not told."""
    assert fault(ValueError("secret")) == "ValueError"


def test_an_error_of_the_system_tells_its_reason() -> None:
    """By the name of its number; file names and texts of others are not told."""
    assert fault(OSError(errno.EMFILE, "secret", "secret")) == "OSError (EMFILE)"
    assert fault(TimeoutError("secret")) == "TimeoutError"


def _divide() -> float:
    return 1 / 0
