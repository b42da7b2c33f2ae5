import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from support.rows import Recording
from support.web import app_on

from traced.web.operations import OPERATIONS

LIMITED = [each for each in OPERATIONS if any(asked.name == "limit" for asked in each.parameters)]


def test_each_route_has_a_row(tmp_path: Path) -> None:
    """Each route of the API is in the table and each row is a route, with its method."""
    app: Any = app_on(tmp_path)
    routed = {
        (re.sub(":segment}", "}", route.path), method.lower())
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert {(each.path, each.method) for each in OPERATIONS} == routed


def test_what_stands_in_a_path_is_required() -> None:
    """Every part of a path in braces is a required parameter of the path, and no other is one."""
    for each in OPERATIONS:
        in_path = {asked.name for asked in each.parameters if asked.place == "path"}

        assert in_path == set(re.findall(r"{(\w+)}", each.path))
        assert all(asked.is_required for asked in each.parameters if asked.place == "path")


@pytest.mark.parametrize("path", [each.path for each in LIMITED])
async def test_bounds_are_those_that_are_checked(
    recording: Recording, api: httpx.AsyncClient, path: str
) -> None:
    """At each end of the limits in the table a request is taken, and refused beyond."""
    recording.session("s1")
    (operation,) = (each for each in LIMITED if each.path == path)
    schema: Any = next(asked.schema for asked in operation.parameters if asked.name == "limit")
    url = path.format(session_id="s1", prompt_number=1)
    given = {"q": "word"} if any(asked.name == "q" for asked in operation.parameters) else {}

    async def status(limit: int) -> int:
        return (await api.get(url, params={**given, "limit": limit})).status_code

    assert [await status(schema[end]) for end in ("minimum", "maximum")] == [200, 200]
    assert [await status(schema["minimum"] - 1), await status(schema["maximum"] + 1)] == [400, 400]
