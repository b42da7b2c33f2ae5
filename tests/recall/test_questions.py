"""What the tools answer about a database written by hand."""

from pathlib import Path

import pytest
from support.index import bring_up_to_date
from support.rows import START, Recording

from traced.core.errors import NothingToFind, SessionAmbiguous, SessionUnknown, TracedError
from traced.recall import parameters as asked
from traced.recall import questions
from traced.recall.answers import ANSWER_CHARS_MAX, SessionSteps, ToldKind
from traced.store.reader import ReadConnection

LONG = "x" * 500


def orders(answer: SessionSteps) -> tuple[list[int], list[int], int | None]:
    """Return the prompts and the steps of a page, and what asks for the next one."""
    numbers = [prompt.prompt_number for prompt in answer.prompts]
    return numbers, [step.step_order for step in answer.steps], answer.next


def long_steps(recording: Recording, count: int) -> int:
    """Record so many steps with texts as long as they can be; return their session's key."""
    pk = recording.session("s1", steps=count)
    for order in range(1, count + 1):
        recording.step(pk, order, input_summary=LONG, output_summary=LONG, error=LONG)
    return pk


def test_recent_is_latest_first(recording: Recording, reader: ReadConnection) -> None:
    """The steps of all sessions come latest first; those that fit where something is asked for."""
    recording.step(recording.session("s1"), 1)
    recording.step(recording.session("s2", "codex"), 1, status="error", error="no such file")

    everything = questions.recent(reader, asked.Recent())
    failed = questions.recent(reader, asked.Recent(status="error"))

    assert [step.session_id for step in everything.steps] == ["s2", "s1"]
    assert [(step.agent, step.error) for step in failed.steps] == [("codex", "no such file")]
    assert everything.next is None


def test_recent_goes_on_where_the_answer_was_full(
    recording: Recording, reader: ReadConnection
) -> None:
    """What does not fit into an answer is on the next page, so that nothing is left out."""
    long_steps(recording, 60)

    found, before = [], None
    for _ in range(9):
        page = questions.recent(reader, asked.Recent(limit=100, before=before))
        assert sum(len(step.input_summary or "") * 3 for step in page.steps) < ANSWER_CHARS_MAX
        found += [step.step_order for step in page.steps]
        before = page.next
        if before is None:
            break

    assert found == list(range(60, 0, -1))


def test_session_tells_the_prompts_around_its_steps(
    recording: Recording, reader: ReadConnection
) -> None:
    """A page has the prompts of its steps, and those without steps that lie between them."""
    pk = recording.session("s1", steps=3)
    for number in range(1, 6):
        recording.prompt(pk, number, summary=f"Do {number}")
    for order, number in enumerate((1, 3, 4), 1):
        recording.step(pk, order, prompt_number=number)

    first = questions.session(reader, asked.Session("last", limit=2))
    then = questions.session(reader, asked.Session("s1", limit=2, after=first.next))

    assert orders(first) == ([1, 2, 3], [1, 2], 2)
    assert orders(then) == ([4, 5], [3], None)
    assert (first.session.prompts, first.session.steps) == (5, 3)
    assert first.prompts[0].summary == "Do 1"


def test_session_tells_the_tokens_that_are_known(
    recording: Recording, reader: ReadConnection
) -> None:
    """Of the session and of each prompt, with the model that answered it; others stay away."""
    pk = recording.session(input_tokens=120, output_tokens=8, cache_read_tokens=60)
    recording.prompt(pk, 1, model="m1", input_tokens=120, output_tokens=8)
    recording.step(pk, 1)

    answer = questions.session(reader, asked.Session())

    assert (answer.session.input_tokens, answer.session.output_tokens) == (120, 8)
    assert (answer.session.cache_read_tokens, answer.session.cache_creation_tokens) == (60, None)
    [prompt] = answer.prompts
    assert (prompt.model, prompt.input_tokens, prompt.output_tokens) == ("m1", 120, 8)


def test_session_of_one_prompt(recording: Recording, reader: ReadConnection) -> None:
    """One prompt comes with its steps alone; what was filtered out brings no prompt along."""
    pk = recording.session()
    recording.prompt(pk, 1)
    recording.prompt(pk, 2)
    recording.step(pk, 1, prompt_number=1, status="error")
    recording.step(pk, 2, prompt_number=2)

    second = questions.session(reader, asked.Session(prompt_number=2))
    failed = questions.session(reader, asked.Session(status="error"))

    assert orders(second) == ([2], [2], None)
    assert orders(failed) == ([1], [1], None)
    with pytest.raises(SessionUnknown, match=r"prompt_number is 3, expected 0 to 2"):
        questions.session(reader, asked.Session(prompt_number=3))


def test_session_with_more_than_fits(recording: Recording, reader: ReadConnection) -> None:
    """Of long prompts as many come as there is room for; the answer says how many do not."""
    pk = long_steps(recording, 40)
    for number in range(1, 41):
        recording.prompt(pk, number, summary=LONG)
    recording.step(pk, 41, prompt_number=40)

    first = questions.session(reader, asked.Session(limit=100))
    last = questions.session(reader, asked.Session(limit=100, after=39))

    assert first.next == len(first.steps) < 40
    assert last.prompts_left_out == 40 - len(last.prompts) > 0


def test_session_that_is_not_there(recording: Recording, reader: ReadConnection) -> None:
    """Who asks for a session by a wrong id is told what to ask for, in words of the tools."""
    recording.session("s1")
    recording.session("s1", "codex")

    with pytest.raises(SessionUnknown, match=r"session is 'x', expected .* the tool recent"):
        questions.session(reader, asked.Session("x"))
    with pytest.raises(SessionAmbiguous, match=r"codex s1.*: give more of the id, or agent$"):
        questions.session(reader, asked.Session("s1"))
    assert questions.session(reader, asked.Session("s1", agent="codex")).session.agent == "codex"


def test_search_finds_words(recording: Recording, reader: ReadConnection, tmp_path: Path) -> None:
    """Steps that hold all words come, latest first, whether they are indexed or not."""
    pk = recording.session()
    for order, text in enumerate(("npm install", "npm test", "npm install err"), 1):
        recording.step(pk, order, input_summary=text)

    for _ in range(2):
        found = questions.search(reader, asked.Search("npm inst", limit=1))
        then = questions.search(reader, asked.Search("npm inst", limit=1, before=found.next))
        assert [step.step_order for step in found.steps + then.steps] == [3, 1]
        assert found.complete
        bring_up_to_date(tmp_path / "traced.db")
    with pytest.raises(NothingToFind, match="holds no word"):
        questions.search(reader, asked.Search("--"))


def test_search_goes_on_where_the_answer_was_full(
    recording: Recording, reader: ReadConnection
) -> None:
    """What does not fit into an answer is found on the next page."""
    long_steps(recording, 40)

    first = questions.search(reader, asked.Search("bash", limit=100))
    then = questions.search(reader, asked.Search("bash", limit=100, before=first.next))

    assert [step.step_order for step in first.steps + then.steps] == list(range(40, 0, -1))


def test_slowest_kinds_and_steps(recording: Recording, reader: ReadConnection) -> None:
    """Kinds come in the order asked for, of a time or of a session; single steps by duration."""
    pk = recording.session("s1", steps=3)
    recording.step(pk, 1, duration_ms=100, started_at=START)
    recording.step(pk, 2, name="Read", duration_ms=5, status="error", started_at=START)
    recording.step(pk, 3, name="Read", duration_ms=7, started_at=START)
    bash = ToldKind("tool", "Bash", 1, 0, 100.0, p50_ms=100.0, p95_ms=100.0)
    read = ToldKind("tool", "Read", 2, 1, 12.0, p50_ms=5.0, p95_ms=7.0)

    by_total = questions.slowest(reader, asked.Slowest(since="2027-01-15T07:00Z", steps=2))
    by_errors = questions.slowest(reader, asked.Slowest(session="s1", by="errors"))

    assert by_total.kinds == [bash, read]
    assert [step.step_order for step in by_total.steps] == [1, 3]
    assert by_errors.kinds == [read, bash]
    assert [step.step_order for step in by_errors.steps] == [1, 3, 2]
    assert (by_errors.looked_at, by_errors.complete) == (3, True)


def test_slowest_of_a_type(recording: Recording, reader: ReadConnection) -> None:
    """A type leaves only its own kinds and steps: sub-agents hide the tools that they ran."""
    pk = recording.session("s1")
    recording.step(pk, 1, trace_type="agent", name="Explore", duration_ms=100)
    recording.step(pk, 2, duration_ms=5)

    found = questions.slowest(reader, asked.Slowest(session="s1", trace_type="tool"))

    assert [kind.name for kind in found.kinds] == ["Bash"]
    assert [step.name for step in found.steps] == ["Bash"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (asked.Slowest(since="soon"), "since is 'soon', expected 90s, 15m"),
        (asked.Slowest(since="1h", session="last"), "since and session are given"),
    ],
    ids=["no-time", "both"],
)
def test_slowest_of_no_time(reader: ReadConnection, wrong: asked.Slowest, message: str) -> None:
    """A time that is none, or one beside a session, is an error that says what was expected."""
    with pytest.raises(TracedError, match=message):
        questions.slowest(reader, wrong)
