"""The pages under other conditions: nothing recorded, wrong addresses, a phone, no scripts."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.daemon import Daemon
from support.gallery import hostile, huge, line, step
from support.site import Site

PHONE = {"width": 390, "height": 844}
PATHS = ("/", "/sessions/wide", "/sessions/wide/steps/1")


@pytest.fixture(scope="module")
def wide(daemon: Daemon) -> None:
    """A session whose texts are long."""
    long = "a_long_name_without_any_space/" * 12
    daemon.send(
        line("wide", lifecycle="prompt", prompt=f"Please {long}", cwd=f"/home/dev/{long}"),
        step("wide", "W" * 200, 1_795_356_000_000, 1234, input_summary=long, input=long),
    )


def test_nothing_recorded_says_how_to_begin(page: Page) -> None:
    """The first thing that a new user sees helps."""
    page.goto("/")

    expect(page.get_by_role("heading", name="Nothing is recorded yet")).to_be_visible()
    expect(page.locator("pre")).to_contain_text("traced install")


def test_a_page_says_that_nothing_is_recorded(browser: Browser, tmp_path: Path) -> None:
    """It is not live where no daemon runs; it is again when one does."""
    with Daemon(tmp_path / "d") as daemon:
        site = Site(daemon)
        context = browser.new_context(base_url=site.url)
        page = context.new_page()
        page.goto("/")
        expect(page.get_by_role("status")).to_have_text("live")

        daemon.stop()
        expect(page.get_by_role("status")).to_have_text("no daemon is running", timeout=15_000)
        daemon.start()
        expect(page.get_by_role("status")).to_have_text("live", timeout=15_000)
        context.close()
        site.close()


@pytest.mark.parametrize("path", ["/sessions/nobody", "/nowhere", "/?limit=no"])
def test_errors_are_pages(browser: Browser, site: Site, path: str) -> None:
    """They say what is wrong and lead back; a browser's console has the status alone."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    answer = page.goto(path)
    assert answer is not None
    assert answer.status in {400, 404}

    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator("a[href='/']").first).to_be_visible()
    context.close()


@pytest.mark.usefixtures("wide")
@pytest.mark.parametrize("path", PATHS)
def test_a_phone_scrolls_in_one_direction(context: BrowserContext, path: str) -> None:
    """Nothing is wider than the screen, whatever is long."""
    page = context.new_page()
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.usefixtures("wide")
def test_without_scripts_all_is_there(browser: Browser, site: Site) -> None:
    """Prompts open, a filter has its button, a step is a page."""
    context = browser.new_context(
        base_url=site.url,
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto("/sessions/wide")
    expect(page.locator(".step")).to_have_count(1)
    expect(page.locator("#filter button")).to_be_visible()
    page.locator("a[data-step]").first.click()
    expect(page.locator("main")).to_contain_text("a_long_name_without_any_space")
    context.close()


@pytest.mark.usefixtures("wide")
def test_everything_has_a_name(page: Page) -> None:
    """Whoever does not see the page hears what its parts are."""
    page.goto("/sessions/wide")

    expect(page.get_by_role("navigation", name="Breadcrumb")).to_be_visible()
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("list", name="What ran in prompt 1")).to_be_visible()
    expect(page.get_by_role("button", name="Switch between dark and light")).to_be_visible()
    nameless = page.locator("button, a, input:not([type=hidden]), select").evaluate_all(
        "all => all.filter((each) => !(each.innerText || each.getAttribute('aria-label')"
        " || each.labels?.length || each.querySelector('img[alt], [aria-label]'))"
        ").map((each) => each.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_systems_colours_are_taken(browser: Browser, site: Site, scheme: str) -> None:
    """Dark where the system is dark; a choice of one's own outlives the page."""
    context = browser.new_context(
        base_url=site.url,
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto("/")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(background.removeprefix("rgb(").split(",")[0])
    assert (red < 128) == (scheme == "dark")
    page.locator("#theme").click()
    page.reload()
    switched = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert switched != background
    context.close()


def test_huge_and_hostile_fit_a_phone(context: BrowserContext, daemon: Daemon) -> None:
    """Thousands of steps and texts that attack are as narrow as the screen too."""
    page = context.new_page()
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    hostile(daemon)
    huge(daemon, steps=1000, prompts=4)
    for path in ("/", "/sessions/huge"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    orders = page.locator(".step .order")
    expect(orders.last).to_have_text("1000")
    wide = orders.evaluate_all("all => all.filter((each) => each.scrollWidth > each.clientWidth)")
    assert len(wide) == 0


def test_what_steers_is_spelled_from_left_to_right(page: Page, daemon: Daemon) -> None:
    r"""In a line of Hebrew too the backslash of \u202e stands before its letters."""
    daemon.send(line("hebrew", lifecycle="prompt", prompt="שלום \u202e שלום"))
    page.goto("/sessions/hebrew")

    left = page.locator(".card .esc").first.evaluate(
        "(spelled) => [0, 1, 2].map((at) => {"
        "  const range = document.createRange();"
        "  range.setStart(spelled.firstChild, at);"
        "  range.setEnd(spelled.firstChild, at + 1);"
        "  return range.getBoundingClientRect().left;"
        "})"
    )
    assert left == sorted(left)
