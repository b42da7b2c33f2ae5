"""The export for Perfetto, opened in Perfetto itself."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support import perfetto
from support.daemon import Daemon
from support.story import tell

NOW = int(time.time()) * 1000


@pytest.fixture(scope="module")
def exported(daemon: Daemon) -> Path:
    """What traced writes of a session with sub-agents."""
    file = daemon.folder / "session.json"
    told = daemon.traced("export", tell(daemon, NOW), "-f", "perfetto", "-o", str(file))
    assert told.returncode == 0, told.stderr
    return file


@pytest.fixture(scope="module")
def opened(browser: Browser, exported: Path) -> Iterator[Page]:
    """That file, opened."""
    with perfetto.perfetto() as address:
        page = browser.new_page()
        perfetto.open_trace(page, address, exported)
        yield page
        page.close()


def test_perfetto_reads_every_slice(opened: Page, exported: Path) -> None:
    """On the lane that was meant, from when and as long as it was written."""
    events = json.loads(exported.read_text())["traceEvents"]
    named = {each["tid"]: each["args"]["name"] for each in events if each["name"] == "thread_name"}
    written = [
        (named[each["tid"]], each["name"], each["ts"], each["dur"])
        for each in events
        if each["ph"] == "X"
    ]

    found = perfetto.slices(opened)
    assert sorted(each[1:] for each in found) == sorted(written)
    assert {each.process for each in found} == {"claude-code 7c1f0a52 /home/ada/shop"}


def test_perfetto_draws_an_owners_lanes_side_by_side(opened: Page) -> None:
    """The prompts above all, the main thread next, then each sub-agent."""
    shown = [title.rpartition(" ")[0] for title in perfetto.lanes(opened)]

    assert shown == [
        "claude-code 7c1f0a52 /home/ada/shop",
        "prompts",
        "main",
        "main (2)",  # Explore and Review ran at once,
        "main (3)",  # and a Grep beside two Reads
        "Explore a1",
        "Review a2",
    ]
