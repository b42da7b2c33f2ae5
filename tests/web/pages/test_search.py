from support.index import bring_up_to_date
from support.rows import Recording
from support.viewer import Look

SESSION = "a/b"


async def test_steps_of_all_sessions_are_found(recording: Recording, look: Look) -> None:
    """By their words, the last one first, each with the way to its page."""
    recording.step(recording.session("s1"), 1, input_summary="make the docs")
    recording.step(recording.session(SESSION, agent="codex"), 3, input_summary="make tests")
    recording.step(recording.session("s3"), 1, input_summary="something else")
    bring_up_to_date(recording.path)

    page = await look("/search", q="make")

    assert page.all(r'href="(/sessions/[^"]*)"') == [
        "/sessions/a%2Fb/steps/3?agent=codex",
        "/sessions/s1/steps/1?agent=claude-code",
    ]
    assert "make tests" in page.text


async def test_a_search_goes_on_where_it_ended(recording: Recording, look: Look) -> None:
    """Fifty a page; the next begins with the one after."""
    pk = recording.session()
    for order in range(1, 61):
        recording.step(pk, order, input_summary="same words")
    bring_up_to_date(recording.path)

    first = await look("/search", q="same words")
    (following,) = first.all(r'href="(/search\?[^"]*)"')
    second = await look(following)

    orders = [path for page in (first, second) for path in page.all(r"/steps/(\d+)")]
    assert orders == [str(order) for order in range(60, 0, -1)]


async def test_an_error_stands_apart_from_what_failed(recording: Recording, look: Look) -> None:
    """Summary and error are two texts, with room between them."""
    pk = recording.session()
    recording.step(pk, 1, status="error", input_summary="make tests", error="no rule")
    bring_up_to_date(recording.path)

    page = await look("/search", q="make")

    assert page.all(r'make tests</bdi>(.*?)<bdi class="why">') == [" "]


async def test_a_step_tells_when_it_ran(recording: Recording, look: Look) -> None:
    """What was imported or spooled is recorded later; only a step without times shows that."""
    pk = recording.session()
    recording.step(pk, 1, started_at=1_000, ended_at=2_000, input_summary="make tests")
    recording.step(pk, 2, started_at=None, ended_at=3_000, input_summary="make tests")
    recording.step(pk, 3, started_at=None, ended_at=None, created_at=4_000, input_summary="make x")
    bring_up_to_date(recording.path)

    page = await look("/search", q="make")

    assert page.all(r'data-ago="(\d+)"') == ["4000", "3000", "1000"]


async def test_nothing_typed_says_what_to_type(look: Look) -> None:
    """Neither an empty search nor one without a word is an error."""
    for query in ({}, {"q": ""}, {"q": "-/-"}):
        page = await look("/search", **query)
        assert page.status == 200
        assert "Type words" in page.text


async def test_what_is_not_there_is_said(recording: Recording, look: Look) -> None:
    """With how words are looked for."""
    recording.step(recording.session(), 1)

    page = await look("/search", q="nowhere")

    assert "No step holds all of that" in page.text


async def test_hostile_words_and_steps_are_text(recording: Recording, look: Look) -> None:
    """Neither what is asked nor what is found is markup."""
    attack = "<script>alert(1)</script>"
    recording.step(recording.session(), 1, name=attack, input_summary=f"{attack} found")
    bring_up_to_date(recording.path)

    page = await look("/search", q="found")
    asked = await look("/search", q=attack)

    assert "<script>alert" not in page.html + asked.html


async def test_the_list_leads_there(recording: Recording, look: Look) -> None:
    """With what was typed to find a session."""
    recording.step(recording.session(), 1)

    page = await look("/", q="make it")

    assert "/search?q=make+it" in page.all(r'href="([^"]*)"')
