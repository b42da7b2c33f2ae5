"""A real Chromium on a real `traced web`, beside a real daemon; whatever leaves loopback fails."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)
from support.daemon import Daemon
from support.site import Site

CHROMIUM = os.environ.get("TRACED_CHROMIUM") or shutil.which("chromium")
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder need the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium on PATH: make browser"))


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A daemon for all tests of a module; its paths are short, for its socket."""
    with tempfile.TemporaryDirectory(prefix="traced-") as folder, Daemon(Path(folder) / "d") as one:
        yield one


@pytest.fixture(scope="module")
def site(daemon: Daemon) -> Iterator[Site]:
    """The pages of that daemon."""
    one = Site(daemon)
    yield one
    one.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser, without a window."""
    with sync_playwright() as playwright:
        # No sandbox: it needs privileges that containers do not give, and shows our own pages.
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield one
        one.close()


class Watched:
    """What pages did that none may: complaints in the console, requests that leave the machine."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._site = site
        context.on("request", self._note_request)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in {"error", "warning"}
                else None
            ),
        )

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self._site.url}/", "data:")):
            self.strangers.append(request.url)

    def check(self) -> None:
        """Hold them to that."""
        assert self.strangers == []
        assert self.complaints == []


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A profile of its own, at a desk; at its end nothing was complained of or sent away."""
    one = browser.new_context(base_url=site.url, viewport=DESKTOP)
    one.set_default_timeout(15_000)
    watched = Watched(one, site)
    yield one
    one.close()
    watched.check()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab."""
    return context.new_page()
