"""What people do with the viewer: open prompts, filter, search, look at a step."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from support.daemon import Daemon
from support.gallery import hostile, huge, line, play, running, step
from support.recorded import FIXTURES, Scenario

SUB_AGENTS = Scenario(FIXTURES / "claude-code" / "2.1.330" / "subagent.jsonl")
MULTI_PROMPT = Scenario(FIXTURES / "claude-code" / "2.1.330" / "multi-prompt.jsonl")
NOW = 1_795_356_000_000
TYPES = ("tool", "mcp", "skill")


@pytest.fixture(scope="module", autouse=True)
def recorded(daemon: Daemon) -> None:
    """Sessions to look at."""
    play(daemon, SUB_AGENTS)
    play(daemon, MULTI_PROMPT)
    lines = [line("mixed", lifecycle="prompt", prompt="Mix it up", sent_at=NOW)]
    for number, trace_type in enumerate(TYPES):
        source = "github" if trace_type == "mcp" else None
        status = "error" if number == 1 else "ok"
        began = NOW + 100 * number
        said = {"trace_type": trace_type, "source": source, "status": status}
        lines.append(step("mixed", f"name{number}", began, 50, input_summary=f"in{number}", **said))
    daemon.send(*lines)


def opened(page: Page, session_id: str, query: str = "") -> Page:
    """Open a session's page; its scripts run."""
    page.goto(f"/sessions/{quote(session_id, safe='')}{query}")
    expect(page.locator("#live")).to_have_text("live")
    return page


def shown(page: Page) -> list[str]:
    """Return the names of the steps that can be seen, in their order."""
    rows = page.locator(".step .name")
    return [text.strip() for text in rows.all_inner_texts() if text.strip()]


def test_a_prompt_opens_and_lists_what_ran(page: Page, daemon: Daemon) -> None:
    """Its rows are those of the database, in the order in which they ran."""
    ((session_id, _),) = MULTI_PROMPT.expected.items()
    opened(page, session_id)
    cards = page.locator(".card")
    wanted = {row["prompt_number"] for row in daemon.steps(session_id=session_id)}
    assert cards.count() >= len(wanted)

    for number in sorted(wanted):
        card = page.locator(f"#prompt-{number}")
        if not card.locator("details").evaluate("each => each.open"):
            card.locator("summary").click()
        rows = daemon.steps(session_id=session_id, prompt_number=number)
        expect(card.locator(".step")).to_have_count(len(rows))
        ids = card.locator(".step").evaluate_all("all => all.map((each) => each.id)")
        assert sorted(ids) == sorted(f"step-{row['step_order']}" for row in rows)

        card.locator("summary").click()
        expect(card.locator("ol.rows")).to_be_hidden()


def test_sub_agents_are_told_apart(page: Page) -> None:
    """The steps of a sub-agent stand below the call that launched it, each type with its badge."""
    ((session_id, _),) = SUB_AGENTS.expected.items()
    opened(page, session_id)

    expect(page.locator(".badge", has_text="agent").first).to_be_visible()
    expect(page.locator(".badge", has_text="tool").first).to_be_visible()


def test_a_filter_narrows_and_stands_in_the_address(page: Page) -> None:
    """Who opens the same address sees the same; taken back, all is there again."""
    opened(page, "mixed")
    page.locator("select[name=type]").select_option("mcp")
    expect(page.locator(".step")).to_have_count(1)
    expect(page).to_have_url(re.compile("type=mcp"))

    page.reload()
    expect(page.locator(".step")).to_have_count(1)
    page.locator("select[name=type]").select_option("")
    expect(page.locator(".step")).to_have_count(len(TYPES))


def test_a_search_finds_within_the_session(page: Page) -> None:
    """While it is typed, in summaries too."""
    opened(page, "mixed")
    page.locator("input[type=search]").fill("in2")

    expect(page.locator(".step")).to_have_count(1)
    expect(page.locator(".step")).to_contain_text("name2")


def test_a_step_opens_beside_the_list(page: Page) -> None:
    """With its input, times and ids; Escape closes it, and the focus is where it was."""
    opened(page, "mixed")
    page.locator(".card a[data-step]").first.click()
    panel = page.locator("#panel")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("in0")
    expect(page).to_have_url(re.compile("#step-1$"))

    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert page.evaluate("document.activeElement.matches('a[data-step]')")


def test_the_keyboard_is_enough(page: Page) -> None:
    """J and k move, Enter opens, / searches, ? tells the keys, u goes up, t changes the theme."""
    opened(page, "mixed")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_contain_text("name0")
    page.keyboard.press("j")
    expect(page.locator("#panel")).to_contain_text("name1")
    page.keyboard.press("k")
    expect(page.locator("#panel")).to_contain_text("name0")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", re.compile("dark|light"))
    page.keyboard.press("u")
    expect(page).to_have_title("Sessions · traced")


def test_the_list_of_sessions(page: Page) -> None:
    """Each with agent, prompts, steps and errors; a search narrows it; Enter opens the first."""
    page.goto("/")
    expect(page.locator("#live")).to_have_text("live")
    row = page.locator("tr", has_text="Mix it up")
    assert [row.locator(f".{name}").inner_text() for name in ("agent", "steps", "errors")] == [
        "custom",
        str(len(TYPES)),
        "1",
    ]

    page.locator("input[type=search]").fill("Mix it")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(1)


def test_what_runs_ticks_and_ends(page: Page, daemon: Daemon) -> None:
    """A running call counts on; its end comes by itself."""
    opened(page, running(daemon))
    call = page.locator(".step", has_text="pytest tests/checkout")
    ticking = call.locator("[data-since]")
    before = ticking.inner_text()
    expect(ticking).not_to_have_text(before)

    daemon.send(
        line("running", trace_type="tool", name="Bash", phase="end", call_id="c2", status="error")
    )
    expect(call.locator("[data-since]")).to_have_count(0)
    expect(call.get_by_text("✗")).to_be_visible()


def test_a_session_grows_while_it_is_played(page: Page, daemon: Daemon) -> None:
    """Prompts and steps appear as they are recorded, without a reload."""
    daemon.send(line("live", lifecycle="prompt", prompt="First"))
    opened(page, "live")
    page.evaluate("window.isTheSamePage = true")
    for number in range(3):
        daemon.send(line("live", trace_type="tool", name=f"played{number}"))
        expect(page.locator(".step", has_text=f"played{number}")).to_be_visible()
    daemon.send(
        line("live", lifecycle="prompt", prompt="Second"),
        line("live", trace_type="tool", name="after"),
    )
    expect(page.locator("#prompt-2")).to_contain_text("Second")

    assert page.evaluate("window.isTheSamePage")


def test_hostile_texts_are_inert(page: Page, daemon: Daemon) -> None:
    """No script of a payload runs, on the list, the session, a step and its panel."""
    session_id = hostile(daemon)
    opened(page, session_id)
    expect(page.locator(".step").first).to_be_visible()
    page.locator(".card a[data-step]").first.click()
    expect(page.locator("#panel")).to_be_visible()
    assert page.evaluate("window.broken") is None
    for path in ("/", f"/sessions/{quote(session_id, safe='')}/steps/1"):
        page.goto(path)
        assert page.evaluate("window.broken") is None
    assert page.locator("main script, main img, main iframe").count() == 0


def test_five_thousand_steps_are_interactive_within_two_seconds(page: Page, daemon: Daemon) -> None:
    """From the click to a page whose keys answer; and the last step can be reached."""
    session_id = huge(daemon)
    page.goto("/")
    began = page.evaluate("Date.now()")
    page.goto(f"/sessions/{session_id}", wait_until="load")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    seconds = (page.evaluate("Date.now()") - began) / 1000
    page.keyboard.press("Escape")
    assert seconds < 2

    page.keyboard.press("G")
    expect(page.locator("[data-nav]:visible").last).to_be_in_viewport()
