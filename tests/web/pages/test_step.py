from support.rows import START, Recording
from support.viewer import Look

from traced.web.pages.step import readable
from traced.web.pages.visible import BLOCK_CHARS_MAX


async def test_a_step_has_all_that_is_known(recording: Recording, look: Look) -> None:
    """Its content over several lines, its times and its ids."""
    pk = recording.session("s1", steps=1)
    recording.step(
        pk,
        1,
        input='{"command":"ls"}',
        output='"a\\nb"',
        error="exit 1",
        status="error",
        duration_ms=1500.0,
        started_at=START,
        call_id="toolu_1",
    )

    page = await look("/sessions/s1/steps/1")

    contents = page.all(r'(?s)<pre class="content[^>]*>(.*?)</pre>')
    assert contents == ["exit 1", '{\n  "command": "ls"\n}', "a\nb"]
    assert "call id toolu_1" in page.text
    assert "✗ error 1.5 s" in page.text


async def test_summaries_stand_in_for_content(recording: Recording, look: Look) -> None:
    """Where content is not captured, what is known of it is shown."""
    pk = recording.session("s1", steps=2)
    recording.step(pk, 1, input_summary="ls", output_summary="a, b")
    recording.step(pk, 2)

    assert "Input ls Output a, b" in (await look("/sessions/s1/steps/1")).text
    assert "Neither input nor output" in (await look("/sessions/s1/steps/2")).text


async def test_huge_content_is_cut_and_said(recording: Recording, look: Look) -> None:
    """A page has a bound; what is missing is counted."""
    pk = recording.session("s1", steps=1)
    recording.step(pk, 1, output=f'"{"x" * BLOCK_CHARS_MAX}"')

    page = await look("/sessions/s1/steps/1")

    assert "2 more characters are not shown here" in page.text


async def test_a_part_is_the_step_alone(recording: Recording, look: Look) -> None:
    """The panel beside a list holds the same as the page."""
    recording.step(recording.session("s1", steps=1), 1)

    part = await look("/sessions/s1/steps/1", part="step")

    assert "<html" not in part.html
    assert 'class="detail"' in part.html
    assert (await look("/sessions/s1/steps/1", part="x")).status == 400


async def test_a_step_that_is_not_there(recording: Recording, look: Look) -> None:
    """The next one is not shown in its place."""
    recording.step(recording.session("s1", steps=1), 3)

    assert (await look("/sessions/s1/steps/2")).status == 404
    assert (await look("/sessions/s1/steps/x")).status == 404
    assert (await look("/sessions/s1/steps/2", part="step")).html.startswith('<p class="failed">')


def test_a_document_is_readable() -> None:
    """JSON is laid out, a text is shown as itself, and what is neither stands as it is."""
    assert readable('{"a":[1,"é"]}') == '{\n  "a": [\n    1,\n    "é"\n  ]\n}'
    assert readable('"two\\nlines"') == "two\nlines"
    assert readable("{cut") == "{cut"
    assert readable("[" * 100_000) == "[" * 100_000
