import pytest
from support.rows import START, Recording, entry
from support.viewer import Look, Page

from traced.web.pages.listing import LIMIT, state


def titles(page: Page) -> list[str]:
    """Return the first prompts of the sessions on a page."""
    return page.all(r'<a class="name"[^>]*><bdi>(?:<span class="none">)?([^<]*)')


async def test_nothing_recorded_says_what_to_do(look: Look) -> None:
    """Who opens the viewer too early reads how to begin."""
    page = await look("/")

    assert page.status == 200
    assert "Nothing is recorded yet" in page.text
    assert "traced install claude-code" in page.text


async def test_a_row_tells_what_a_session_was_about(recording: Recording, look: Look) -> None:
    """Its first prompt, folder, agent and counts."""
    pk = recording.session(
        "abc", cwd="/home/dev/shop", steps=3, errors=1, started_at=START - 90_000
    )
    recording.prompt(pk, 1, summary="Fix the cart")

    page = await look("/")

    assert titles(page) == ["Fix the cart"]
    assert "shop abc claude-code 1 3 1 1 min 30 s" in page.text


async def test_the_session_used_last_is_first(recording: Recording, look: Look) -> None:
    """The next page begins where this one ended, and knows the search."""
    for number in range(LIMIT + 2):
        pk = recording.session(f"s{number}", last_event_at=START + number, steps=1)
        recording.prompt(pk, 1, summary=f"prompt {number}")

    first = await look("/", q="prompt")
    (following,) = first.all(r'class="following"><a data-nav href="([^"]*)"')
    second = await look(following)

    assert titles(first)[:2] == ["prompt 51", "prompt 50"]
    assert (len(titles(first)), titles(second)) == (LIMIT, ["prompt 1", "prompt 0"])
    assert "q=prompt" in following


@pytest.mark.parametrize("text", ["CART", "shop", "abc"])
async def test_sessions_are_searched(recording: Recording, look: Look, text: str) -> None:
    """In first prompts, folders and ids, in any case."""
    pk = recording.session("abc", cwd="/home/dev/shop", steps=1)
    recording.prompt(pk, 1, summary="Fix the cart")
    recording.session("other", cwd="/home/dev/x", steps=1)

    assert titles(await look("/", q=text)) == ["Fix the cart"]


async def test_a_search_without_a_hit_leads_back(recording: Recording, look: Look) -> None:
    """It does not look like an empty database."""
    recording.session("abc", steps=1)

    page = await look("/", q="nowhere")

    assert "No session fits" in page.text
    assert page.all(r'<a href="(/)">Show all sessions') == ["/"]


async def test_one_agents_sessions(recording: Recording, look: Look) -> None:
    """An agent's name leads to its sessions alone, and from there back."""
    recording.prompt(recording.session("s1", "codex", steps=1), 1, summary="one")
    recording.prompt(recording.session("s2", steps=1), 1, summary="two")

    page = await look("/", agent="codex", q="n")

    assert titles(page) == ["one"]
    assert page.all(r'<a class="chip" href="([^"]*)"') == ["/?q=n"]


async def test_empty_sessions_are_shown_on_demand(recording: Recording, look: Look) -> None:
    """Those without a prompt and a step only clutter the list."""
    recording.session("s1")

    assert titles(await look("/")) == []
    assert titles(await look("/", all="true")) == ["s1"]


async def test_a_part_is_the_list_alone(recording: Recording, look: Look) -> None:
    """A script that follows the recording fetches no more than it shows."""
    recording.session("s1", steps=1)

    part = await look("/", part="list")

    assert part.html.startswith('<div id="list">')
    assert (await look("/", part="all")).status == 400


def test_a_sessions_state() -> None:
    """It runs, or is over, or waits for the next prompt."""
    assert state(entry(running=1)) == "running"
    assert state(entry()) == "open"
    assert state(entry(ended_at="2027-01-15T08:00:00.000Z")) == "ended"
