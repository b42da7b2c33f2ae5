import re

import pytest
from support.rows import START, Recording
from support.viewer import Look

from traced.store.viewing import SHARE_MAX
from traced.web.pages.session import ROWS_MAX


def sample(recording: Recording) -> int:
    """Record a session of two prompts with a call that failed; return its key."""
    pk = recording.session("s1", cwd="/home/dev/shop", steps=3, errors=1, started_at=START)
    recording.prompt(pk, 1, summary="Fix the cart")
    recording.prompt(pk, 2, summary="Go on")
    recording.step(pk, 1, input_summary="ls", started_at=START, ended_at=START + 500)
    recording.step(
        pk, 2, prompt_number=2, name="Read", input_summary="/home/dev/shop/a.py", duration_ms=12.0
    )
    recording.step(
        pk,
        3,
        prompt_number=2,
        trace_type="mcp",
        name="get_file",
        source="github",
        status="error",
        error="not found",
    )
    return pk


async def test_a_session_is_its_prompts_and_what_ran(recording: Recording, look: Look) -> None:
    """Type, name, summary, duration and status of each step stand below their prompt."""
    sample(recording)

    page = await look("/sessions/s1")

    assert page.status == 200
    assert page.orders == [1, 2, 3]
    assert "Fix the cart 1 step 500 ms" in page.text
    assert "2 tool Read a.py 12 ms ✓" in page.text
    assert "3 mcp github · get_file not found ✗ error" in page.text


async def test_the_figures_of_a_session(recording: Recording, look: Look) -> None:
    """What was called how often, what was slow and what failed; each leads to its steps."""
    sample(recording)

    page = await look("/sessions/s1", part="head")

    assert "mcp github · get_file 1 · 1 ✗ Slowest" in page.text
    assert "Slowest tool Bash ls 500 ms tool Read a.py 12 ms" in page.text
    assert "Failed mcp github · get_file error" in page.text
    assert "/sessions/s1?agent=claude-code&type=tool&name=Bash" in page.all('href="([^"]*)"')


@pytest.mark.parametrize(
    ("query", "orders"),
    [
        ({"type": "mcp"}, [3]),
        ({"name": "Read"}, [2]),
        ({"status": "error"}, [3]),
        ({"q": "A.PY"}, [2]),
        ({"q": "not found", "type": "mcp"}, [3]),
        ({"q": "", "type": "", "status": "", "name": ""}, [1, 2, 3]),
    ],
    ids=str,
)
async def test_a_filter_stands_in_the_url(
    recording: Recording, look: Look, query: dict[str, str], orders: list[int]
) -> None:
    """Whoever opens the URL sees the same steps."""
    sample(recording)

    assert (await look("/sessions/s1", **query)).orders == orders


async def test_a_filter_says_how_much_it_leaves(recording: Recording, look: Look) -> None:
    """And where all steps are; one that leaves nothing too."""
    sample(recording)

    assert "1 of 3 steps clear" in (await look("/sessions/s1", name="Read")).text
    nothing = await look("/sessions/s1", q="nowhere")
    assert "No step fits Show all 3 steps" in nothing.text


async def test_a_session_without_anything(recording: Recording, look: Look) -> None:
    """It says so."""
    recording.session("s1")

    assert "Nothing has run yet" in (await look("/sessions/s1")).text


async def test_a_long_session_is_bounded(recording: Recording, look: Look) -> None:
    """The page holds the last rows; those of earlier prompts are a link away."""
    pk = recording.session("s1", steps=5 * SHARE_MAX)
    recording.connection.execute("BEGIN")
    for number in range(5 * SHARE_MAX):
        recording.step(pk, number + 1, prompt_number=number // SHARE_MAX + 1)
    recording.connection.execute("COMMIT")

    page = await look("/sessions/s1")
    (later, *_) = page.all(r'class="later"><a href="([^"]*)"')

    assert len(page.orders) == ROWS_MAX
    assert page.orders[-1] == 5 * SHARE_MAX
    assert page.all(r'class="later"><a [^>]*>([^<]*)') == ["Show what ran: 200 steps"] * 3
    assert (await look(later)).orders == list(range(1, SHARE_MAX + 1))


async def test_a_long_prompt_shows_its_end(recording: Recording, look: Look) -> None:
    """How many steps came before is told, and leads to more of them."""
    pk = recording.session("s1", steps=SHARE_MAX + 5)
    for number in range(SHARE_MAX + 5):
        recording.step(pk, number + 1)

    page = await look("/sessions/s1/prompts/1")
    (more,) = page.all(r'data-more data-nav href="([^"]*)"')

    assert page.orders[0] == 6
    assert "5 earlier steps" in page.text
    assert (await look(more)).orders[0] == 1


async def test_a_prompt_alone(recording: Recording, look: Look) -> None:
    """Its page has its steps; a part is the card that a script puts in place."""
    sample(recording)

    page = await look("/sessions/s1/prompts/2")
    part = await look("/sessions/s1/prompts/2", part="card", status="error")

    assert page.orders == [2, 3]
    assert part.orders == [3]
    assert "<html" not in part.html


async def test_what_runs_counts_on(recording: Recording, look: Look) -> None:
    """Since when a step runs stands in the page, for the script that counts."""
    pk = recording.session("s1", steps=1)
    recording.step(pk, 1, status="running", started_at=START)

    page = await look("/sessions/s1")

    assert str(START) in page.all(r'<span class="length" data-since="(\d+)"')
    assert "running · 1 step" in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sessions/none", 404),
        ("/sessions/s1/prompts/7", 404),
        ("/sessions/s1/prompts/x", 400),
        ("/sessions/s1?type=tools", 400),
        ("/sessions/s1?part=card", 400),
        ("/sessions/s1?nonsense=1", 400),
    ],
)
async def test_what_is_not_there_is_told_on_a_page(
    recording: Recording, look: Look, path: str, status: int
) -> None:
    """A person reads what was wrong."""
    sample(recording)

    page = await look(path)

    assert page.status == status
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "expected" in page.text


async def test_two_agents_with_one_id(recording: Recording, look: Look) -> None:
    """A link names the agent, so that it leads to one of them."""
    recording.session("s1", steps=1)
    recording.session("s1", "codex", steps=1)

    assert (await look("/sessions/s1")).status == 409
    assert (await look("/sessions/s1", agent="codex")).status == 200


async def test_hostile_text_is_text(recording: Recording, look: Look) -> None:
    """Whatever an agent was made to say, the page has no tag of it."""
    evil = "<script>alert(1)</script>\"'\u202e\x1b[31m"
    pk = recording.session(evil, cwd=evil, model=evil, steps=1, agent=evil)
    recording.prompt(pk, 1, summary=evil)
    columns = dict.fromkeys(("name", "source", "input_summary", "error", "agent_type"), evil)
    recording.step(pk, 1, trace_type="mcp", agent_id=evil, **columns)

    pages = [await look("/"), await look("/", agent=evil, q="<script>")]
    pages += [await look(path) for path in pages[0].all(r'data-nav href="([^"]*)"')]
    pages += [await look(path) for path in pages[-1].all(r'data-step href="([^"]*)"')]

    assert len(pages) >= 4
    for page in pages:
        assert page.status == 200
        assert not set(page.text) & set("\u202e\x1b")
        assert "<script>" not in page.html
        # A quote that ends an attribute would leave what is none.
        assert not [name for name in page.attributes if not re.fullmatch("[a-zA-Z-]+", name)]


async def test_the_head_tells_the_tokens(recording: Recording, look: Look) -> None:
    """Tokens that an import told of stand above the session; where nobody told there is no word."""
    recording.session("told", steps=1, input_tokens=1200, output_tokens=240)
    recording.session("untold", steps=1)

    assert "1,200 in, 240 out" in (await look("/sessions/told")).text
    assert "tokens" not in (await look("/sessions/untold")).text
