import pytest
from starlette.requests import Request

from traced.web.asked import Asked, path_value, whole_number
from traced.web.problem import WrongField


def request(query: str, **path: str) -> Request:
    """Return a request with a query and parts of a path."""
    scope = {"type": "http", "query_string": query.encode(), "headers": [], "path_params": path}
    return Request(scope)


def refused(query: str, *known: str) -> str:
    """Return why a query is refused."""
    with pytest.raises(WrongField) as caught:
        Asked(request(query), known).limit()
    return caught.value.document.detail


def test_what_is_not_asked_is_none() -> None:
    """Parameters that were not given are None, false, or their default."""
    asked = Asked(request(""), ("limit", "agent", "uid", "all"))

    assert (asked.limit(), asked.agent(), asked.uid(), asked.flag("all")) == (
        100,
        None,
        None,
        False,
    )


def test_what_is_asked_is_read() -> None:
    """Parameters come decoded and as their type."""
    asked = Asked(request("limit=7&agent=a%2Fb&uid=0&all=true"), ("limit", "agent", "uid", "all"))

    assert (asked.limit(), asked.agent(), asked.uid(), asked.flag("all")) == (7, "a/b", 0, True)


def test_a_misspelt_parameter_is_refused() -> None:
    """Who misspells a parameter hears which there are."""
    told = refused("limt=7", "limit", "before")

    assert told == "limt is '7', expected no such parameter, but one of limit, before"
    assert refused("x=1") == "x is '1', expected no such parameter, but none"


def test_the_token_is_no_concern_here() -> None:
    """The door has read ?token=, and no route minds it."""
    assert Asked(request("token=t"), ()).value("x") is None


def test_a_parameter_is_given_once() -> None:
    """Of two values nobody knows which was meant."""
    assert refused("limit=1&limit=2", "limit") == "limit is '2', expected to be given once"


@pytest.mark.parametrize("name", ["agent", "event"])
def test_texts_have_a_length(name: str) -> None:
    """An empty text is no name, nor is a book."""
    for value in ("", "x" * 257):
        with pytest.raises(WrongField, match="expected 1 to 256 characters"):
            Asked(request(f"{name}={value}"), (name,)).text(name, 256)


@pytest.mark.parametrize("value", ["", "-1", "+1", "1_0", "0x1", "9" * 21, "²", "1\n"])
def test_numbers_are_ascii_digits(value: str) -> None:
    """What Python would take for a number beside digits is none."""
    with pytest.raises(WrongField, match="expected a whole number from 0 to 9"):
        whole_number("n", value, 0, 9)


def test_a_part_of_the_path() -> None:
    """A part of the path comes as its route has decoded it."""
    assert path_value(request("", session_id="a/b"), "session_id") == "a/b"
