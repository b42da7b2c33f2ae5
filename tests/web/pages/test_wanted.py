from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from traced.store.viewing import Filter
from traced.web.asked import Asked
from traced.web.pages.wanted import PARAMETERS, filter_asked, filter_query, with_query
from traced.web.problem import WrongField


def asked(query: Mapping[str, str]) -> Asked:
    """Return what a URL with this query asks."""
    scope = {"type": "http", "query_string": urlencode(query).encode(), "headers": []}
    return Asked(Request(scope), PARAMETERS)


def test_a_filter_stands_in_the_url() -> None:
    """Each part has its parameter, and is written as it is read."""
    query = {"type": "mcp", "name": "get_file", "status": "error", "q": "a & b"}
    wanted = Filter("mcp", "get_file", "error", "a & b")

    assert filter_asked(asked(query)) == wanted
    assert filter_query(wanted) == query


def test_an_empty_field_asks_nothing() -> None:
    """A form without a script sends all its fields."""
    assert filter_asked(asked(dict.fromkeys(PARAMETERS, ""))) == Filter()


@pytest.mark.parametrize(
    ("name", "value"), [("type", "tools"), ("status", "OK"), ("q", "x" * 257), ("name", "x" * 257)]
)
def test_what_no_step_can_have_is_refused(name: str, value: str) -> None:
    """A misspelt status would show an empty page as if there were no such step."""
    with pytest.raises(WrongField) as refused:
        filter_asked(asked({name: value}))

    assert refused.value.document.field == name


def test_a_path_without_a_query_has_no_mark() -> None:
    """Links are as short as they can be."""
    assert with_query("/", {}) == "/"
    assert with_query("/", {"q": "a b&c"}) == "/?q=a+b%26c"
