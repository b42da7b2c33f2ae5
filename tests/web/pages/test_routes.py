from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from support.rows import Recording
from support.viewer import Look, Page
from support.web import app_on, asking

from traced.web.pages.routes import error_page, routes
from traced.web.problem import Problem, not_ready
from traced.web.reading import Reading


def asked(query: bytes = b"") -> Request:
    """Return a request with this query."""
    return Request({"type": "http", "query_string": query, "headers": []})


async def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """The page says that it is not ready, and tries again by itself."""
    reading = Reading(tmp_path / "traced.db")
    async with asking(app_on(tmp_path, pages=routes(reading), error_page=error_page)) as client:
        page = Page(await client.get("/"))

    assert page.status == 503
    assert page.headers["retry-after"] == "2"
    assert 'http-equiv="refresh"' in page.html
    assert "Not ready" in page.text


async def test_an_unknown_path_is_told_to_whom_it_concerns(
    recording: Recording, look: Look
) -> None:
    """A person gets a page, a program a problem document."""
    assert recording.path.exists()

    page, problem = await look("/nowhere"), await look("/api/nowhere")

    assert (page.status, problem.status) == (404, 404)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert problem.headers["content-type"] == "application/problem+json"


async def test_pages_hold_no_inline_script_or_style(recording: Recording, look: Look) -> None:
    """The content security policy would refuse it; and nothing is fetched from elsewhere."""
    pk = recording.session("s1", steps=1)
    recording.step(pk, 1)

    for path in ("/", "/sessions/s1", "/sessions/s1/prompts/1", "/sessions/s1/steps/1", "/x"):
        page = await look(path)
        assert not page.all(r"(<script(?![^>]* src=\"/)|<style|\sstyle=|\son\w+=|https?://)"), path


async def test_what_a_page_needs_is_served(recording: Recording, look: Look) -> None:
    """Every script, style and picture that it names is there."""
    assert recording.path.exists()
    page = await look("/")

    found = {
        path: (await look(path)).status for path in page.all(r'(?:src|href)="(/static/[^"]*)"')
    }

    assert len(found) == 4
    assert set(found.values()) == {200}


def test_an_error_keeps_its_headers() -> None:
    """A client that asks again knows when; where time mends nothing the page stands still."""
    waits, stands = (
        error_page(asked(), problem)
        for problem in (not_ready("locked"), Problem(HTTPStatus.FORBIDDEN, "no"))
    )

    assert waits.headers["retry-after"] == "2"
    assert b"refresh" not in stands.body


def test_an_error_in_a_part_is_a_line() -> None:
    """A script shows it where the part would stand."""
    page = error_page(asked(b"part=card"), Problem(HTTPStatus.NOT_FOUND, "no <b>"))

    assert page.body == b'<p class="failed">no &lt;b&gt;</p>'
