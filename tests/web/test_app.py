from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from structlog.testing import capture_logs
from support.web import app_on, asking

from traced.web.app import folder
from traced.web.problem import Problem

SECRET = "what nobody should read in a log"


async def fails(_request: Request) -> Response:
    """Fail as only a fault of ours can."""
    raise ValueError(SECRET)


def error_page(_request: Request, problem: Problem) -> Response:
    """Tell people of a problem."""
    return PlainTextResponse(f"sorry: {problem.document.detail}", problem.document.status)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """What is logged."""
    with capture_logs() as lines:
        yield lines


async def test_a_path_that_is_none(api: httpx.AsyncClient) -> None:
    """What is not there is a problem document too."""
    answer = await api.get("/api/nothing")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"title": "Not Found", "status": 404, "detail": "there is no such path"}


async def test_a_method_that_is_none(api: httpx.AsyncClient) -> None:
    """A wrong method is told with those that there are."""
    answer = await api.delete("/api/traces")

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert answer.json()["status"] == 405


@pytest.mark.parametrize("path", ["/api/traces/", "/api/sessions/", "//api/traces", "/API/traces"])
async def test_nearly_a_path_is_none(api: httpx.AsyncClient, path: str) -> None:
    """Nothing is redirected: where to would be said by a Host that the client chose."""
    answer = await api.get(httpx.URL(f"http://localhost{path}"))

    assert answer.status_code == 404


async def test_without_a_database_it_is_not_ready(tmp_path: Path) -> None:
    """503 says what to do, and when to ask again."""
    async with asking(app_on(tmp_path)) as client:
        answers = [
            await client.get(path)
            for path in ("/api/traces", "/api/sessions/s", "/api/stats", "/api/events")
        ]

    for answer in answers:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "create it with `traced run`" in answer.json()["detail"]


async def test_a_fault_of_ours(tmp_path: Path, logged: list[Any]) -> None:
    """A fault is answered without a traceback, and logged by its place, never by its text."""
    app = app_on(tmp_path, pages=[Route("/api/fails", fails)])
    async with asking(app) as client:
        answer = await client.get("/api/fails")

    assert answer.status_code == 500
    assert answer.json()["detail"] == "a fault of traced; its log has it"
    (line,) = logged
    assert line["event"] == "request_failed"
    assert line["error"].startswith("ValueError at test_app.py:")
    assert SECRET not in str(line)


async def test_people_get_pages(tmp_path: Path) -> None:
    """Below the API's paths problems are documents, elsewhere they are pages."""
    pages = [Route("/fails", fails), Route("/api/fails", fails)]
    async with asking(app_on(tmp_path, pages=pages, error_page=error_page)) as client:
        told = [await client.get(path) for path in ("/fails", "/nowhere", "/api/fails", "/api/no")]

    assert [answer.text[:5] for answer in told] == ["sorry", "sorry", '{"tit', '{"tit']
    assert [answer.status_code for answer in told] == [500, 404, 500, 404]


async def test_an_answer_that_breaks_off(tmp_path: Path) -> None:
    """A fault in the middle of an answer ends the connection: half of it must not look whole."""

    async def half(_scope: object, _receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError(SECRET)

    app = app_on(tmp_path, pages=[Mount("/half", half)])
    async with asking(app) as client:
        with pytest.raises(ConnectionAbortedError):
            await client.get("/half/")


async def test_files_that_come_with_the_program(api: httpx.AsyncClient) -> None:
    """Static files lie beside the code and are served from there, and nothing above them is."""
    icon = await api.get("/static/icon.svg")

    assert icon.headers["content-type"] == "image/svg+xml"
    assert icon.content == (folder("static") / "icon.svg").read_bytes()
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"):
        answer = await api.get(httpx.URL(f"http://localhost{path}"))
        assert answer.status_code == 404
