"""The viewer's pages, asked in this process about a database written by hand."""

from collections.abc import AsyncIterator

import pytest
from support.rows import Recording
from support.viewer import Look, Page
from support.web import app_on, asking

from traced.web.pages.routes import error_page, routes
from traced.web.reading import Reading


@pytest.fixture
async def look(recording: Recording) -> AsyncIterator[Look]:
    """Who opens pages about the recording."""
    reading = Reading(recording.path)
    app = app_on(recording.path.parent, pages=routes(reading), error_page=error_page)
    async with asking(app) as client:

        async def opened(path: str, **query: str) -> Page:
            return Page(await client.get(path, params=query or None))

        yield opened
