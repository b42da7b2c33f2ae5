import httpx
import pytest
from support.index import bring_up_to_date
from support.rows import START, Recording


async def search(api: httpx.AsyncClient, **asked: object) -> httpx.Response:
    """Search for what is asked."""
    return await api.get("/api/search", params=asked)  # type: ignore[arg-type]


def orders(answer: httpx.Response) -> list[int]:
    """Return the orders of the steps that were found."""
    return [step["step_order"] for step in answer.json()["results"]]


async def test_figures_of_every_kind_of_step(recording: Recording, api: httpx.AsyncClient) -> None:
    """What took longest in total is first; a kind has its count, its errors and its times."""
    session = recording.session()
    recording.step(session, 1, name="Read", duration_ms=2.0)
    recording.step(session, 2, name="Bash", duration_ms=10.0)
    recording.step(session, 3, name="Bash", duration_ms=30.0, status="error")

    told = (await api.get("/api/stats")).json()

    assert told["count"] == 2
    assert [row["name"] for row in told["stats"]] == ["Bash", "Read"]
    first = told["stats"][0]
    assert (first["count"], first["errors"], first["total_ms"]) == (2, 1, 40.0)


async def test_figures_of_some(recording: Recording, api: httpx.AsyncClient) -> None:
    """Figures can be of the steps since a time, or of one agent."""
    mine, other = recording.session("s1"), recording.session("s2", "codex")
    recording.step(mine, 1, name="old", started_at=START)
    recording.step(mine, 2, name="new", started_at=START + 1)
    recording.step(other, 1, name="codex'", started_at=START + 1)

    async def names(**asked: object) -> list[str]:
        answer = await api.get("/api/stats", params=asked)  # type: ignore[arg-type]
        return sorted(row["name"] for row in answer.json()["stats"])

    assert await names(since_ms=START + 1) == ["codex'", "new"]
    assert await names(agent="codex") == ["codex'"]
    assert await names(since_ms=START + 2) == []


@pytest.mark.parametrize("is_indexed", [True, False])
async def test_steps_are_found_page_by_page(
    recording: Recording, api: httpx.AsyncClient, is_indexed: bool
) -> None:
    """The step that changed last is first, with the index and without it."""
    session = recording.session()
    for order in range(1, 6):
        recording.step(session, order, input_summary=f"npm install {order}")
    recording.step(session, 6, input_summary="cargo build")
    if is_indexed:
        bring_up_to_date(recording.path)

    first = await search(api, q="install npm", limit=3)
    second = await search(api, q="install npm", limit=3, before=first.json()["next"])

    assert (orders(first), orders(second)) == ([5, 4, 3], [2, 1])
    assert (first.json()["count"], second.json()["next"]) == (3, None)
    assert second.json()["complete"] is True
    assert set(first.json()["results"][0]) == set(recording.view("execution_traces")[0])


async def test_steps_of_a_kind_are_found(recording: Recording, api: httpx.AsyncClient) -> None:
    """Type and agent narrow a search down."""
    mine, other = recording.session("s1"), recording.session("s2", "codex")
    recording.step(mine, 1, name="deploy", trace_type="skill")
    recording.step(mine, 2, name="deploy")
    recording.step(other, 3, name="deploy")

    assert orders(await search(api, q="deploy", type="skill")) == [1]
    assert orders(await search(api, q="deploy", agent="codex")) == [3]


@pytest.mark.parametrize("q", ["", "...", "\u202e", "w " * 33, "x" * 1001])
async def test_nothing_to_search_for(recording: Recording, api: httpx.AsyncClient, q: str) -> None:
    """A text without a word, or with too many, is refused by its name."""
    assert recording.view("sessions") == []
    answer = await search(api, q=q)

    assert answer.status_code == 400
    assert answer.json()["field"] == "q"


async def test_a_search_without_words(api: httpx.AsyncClient) -> None:
    """Words are required; a type is one of the known."""
    assert (await search(api)).json()["field"] == "q"
    assert (await search(api, q="a", type="tools")).json()["field"] == "type"


@pytest.mark.parametrize("q", ['"', "a AND", "NEAR(", "a*", "col:x", "'; --", "(a"])
async def test_no_word_is_syntax(recording: Recording, api: httpx.AsyncClient, q: str) -> None:
    """What means something in the index's own language is text here."""
    recording.step(recording.session(), 1, name="a")

    assert (await search(api, q=q)).status_code in {200, 400}
