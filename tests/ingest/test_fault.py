import pytest

from traced.ingest.fault import fault


def test_names_the_type_and_the_place() -> None:
    """An error is told by its type and the line that raised it."""
    with pytest.raises(ValueError, match="secret") as caught:
        int("secret")

    assert fault(caught.value) == "ValueError at test_fault.py:9"


def test_never_shows_the_text() -> None:
    """The text of an error can quote what a client sent, so it is not told."""
    assert fault(ValueError("secret")) == "ValueError"
