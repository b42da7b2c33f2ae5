"""What is to be sent next."""

from contextlib import closing
from pathlib import Path

import pytest
from support.forwarding import HERE, ROOT, SOON, Reader, reading
from support.rows import START, Recording

from traced.forward import cursor
from traced.forward import gather as gathering
from traced.forward.cursor import Cursor
from traced.forward.family import SETTLE_MS
from traced.forward.gather import IDLE_MS_MAX, from_now_on
from traced.store import forwarding
from traced.telemetry.ids import call_span_id


def test_a_prompt_comes_once_it_is_over(recording: Recording, reader: Reader) -> None:
    """Its steps come as they end, and nothing comes twice."""
    pk = recording.session()
    recording.prompt(pk, 1, prompt_id="p1", started_at=START)
    recording.step(pk, 1, name="Read")
    assert reader.names() == ["execute_tool Read"]

    recording.connection.execute("UPDATE prompt SET ended_at = ?", (START + 500,))
    (root,) = reader.spans()
    assert (root.name, root.parent_span_id, root.end_ns) == (ROOT, None, (START + 500) * 1_000_000)
    assert reader.names() == []


def test_what_runs_waits_for_its_end(recording: Recording, reader: Reader) -> None:
    """However often it changes meanwhile, and whatever comes after it."""
    pk = recording.session()
    slow = recording.step(pk, 1, name="Slow", status="running")
    recording.step(pk, 2, name="Fast")
    assert reader.names() == ["execute_tool Fast"]

    recording.change(slow, input_summary="more")
    assert reader.names() == []
    recording.change(slow, status="error")
    assert reader.names() == ["execute_tool Slow"]
    recording.change(slow, error="why")
    assert reader.names() == []


def test_an_end_that_was_unknown_is_sent_when_it_comes(
    recording: Recording, reader: Reader
) -> None:
    """Under the same id, for backends in which the last word counts."""
    step = recording.step(recording.session(), 1, status="unknown", call_id="c1")
    (first,) = reader.spans()
    recording.change(step, input_summary="more")
    assert reader.spans() == []

    recording.change(step, status="ok")
    (second,) = reader.spans()
    assert first.span_id == second.span_id == call_span_id(HERE, "c1")
    assert second.attributes["traced.step.status"] == "ok"


@pytest.mark.parametrize("over", ["later prompt", "later step", "session", "idle"])
def test_a_prompt_without_an_end_is_over_all_the_same(
    recording: Recording, reader: Reader, over: str
) -> None:
    """When something newer came, its session ended, or nothing was heard for long."""
    pk = recording.session()
    recording.prompt(pk, 1, started_at=START)
    assert reader.names() == []

    match over:
        case "later prompt":
            recording.prompt(pk, 2, started_at=START)
        case "later step":
            recording.step(pk, 1, prompt_number=2, status="running")
        case "session":
            recording.connection.execute("UPDATE session SET ended_at = 1")
    assert reader.names(START + IDLE_MS_MAX if over == "idle" else SOON) == [ROOT]


def test_a_session_in_which_something_runs_is_not_idle(
    recording: Recording, reader: Reader
) -> None:
    """A command may take hours."""
    pk = recording.session()
    recording.prompt(pk, 1)
    recording.step(pk, 1, status="running")

    assert reader.names(START + 10 * IDLE_MS_MAX) == []


def test_what_came_before_any_prompt_has_a_root_too(recording: Recording, reader: Reader) -> None:
    """Of number 0; its times are its steps'."""
    pk = recording.session(ended_at=START)
    recording.step(pk, 1, prompt_number=0, started_at=START + 5, ended_at=START + 9)

    root, step = reader.spans()
    assert (root.start_ns, root.end_ns) == (step.start_ns, step.end_ns)
    assert step.parent_span_id == root.span_id
    assert root.attributes["traced.prompt.number"] == 0


def test_a_late_step_brings_no_second_root(recording: Recording, reader: Reader) -> None:
    """The root was sent when its prompt was over."""
    pk = recording.session(ended_at=START)
    recording.prompt(pk, 1)
    assert reader.names() == [ROOT]

    recording.step(pk, 1, name="Late")
    assert reader.names() == ["execute_tool Late"]


def test_a_prompt_that_gets_its_number_later_is_sent(recording: Recording, reader: Reader) -> None:
    """An id may be heard of before it is submitted."""
    pk = recording.session(ended_at=START)
    recording.prompt(pk, None, prompt_id="p1")
    assert reader.names() == []

    recording.connection.execute("UPDATE prompt SET prompt_number = 1")
    assert reader.names() == [ROOT]
    assert reader.cursor.unnumbered == ()


def test_prompts_that_never_get_a_number_are_no_work(
    recording: Recording, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Local commands have none: however many wait for one, who has got to the end rests."""
    monkeypatch.setattr(forwarding, "PROMPTS_MAX", 2)
    pk = recording.session()
    for _ in range(5):
        recording.prompt(pk, None)

    assert [reader.slice().has_more for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize("ended_at", [START, START + 100_000_000], ids=["now", "a clock ahead"])
def test_an_end_is_believed_a_moment_later(
    recording: Recording, reader: Reader, ended_at: int
) -> None:
    """Another hook may tell more of it; but a clock that is ahead holds nothing back."""
    pk = recording.session()
    recording.prompt(pk, 1, started_at=START, ended_at=ended_at)
    recording.step(pk, 1, ended_at=ended_at)

    early = reader.names(START + SETTLE_MS - 1)
    late = reader.names(START + SETTLE_MS)
    assert [len(early), len(late)] == ([0, 2] if ended_at == START else [2, 0])


def test_a_long_past_is_sent_once(
    recording: Recording, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many prompts there were: a root comes with its steps, while it is remembered."""
    monkeypatch.setattr(forwarding, "STEPS_MAX", 4)
    monkeypatch.setattr(forwarding, "PROMPTS_MAX", 3)
    monkeypatch.setattr(cursor, "TOLD_MAX", 12)
    pk = recording.session(ended_at=START)
    for number in range(1, 41):
        recording.prompt(pk, number, ended_at=START)
        if not 10 < number < 15:
            recording.step(pk, number, prompt_number=number)

    spans = reader.spans()
    assert len(spans) == len({span.span_id for span in spans}) == 40 + 36


def test_removed_sessions_are_forgotten(recording: Recording, reader: Reader) -> None:
    """Nothing of them waits for ever."""
    pk = recording.session()
    recording.prompt(pk, 1)
    recording.step(pk, 1, status="running")
    recording.agent(pk, "a1", status="running")
    recording.step(pk, 2, agent_id="a1")
    reader.spans()
    assert reader.cursor.running
    assert reader.cursor.held
    assert reader.cursor.owed

    recording.remove(pk)
    assert reader.spans() == []
    cursor = reader.cursor
    assert (cursor.running, cursor.held, cursor.owed) == ((), (), ())


def test_slices_are_bounded(
    recording: Recording, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together they are everything, once."""
    monkeypatch.setattr("traced.store.forwarding.STEPS_MAX", 3)
    pk = recording.session(ended_at=START)
    for number in range(1, 11):
        recording.step(pk, number, name=f"T{number}", prompt_number=number)
    first = reader.slice()
    names = [span.name for span in first.spans] + reader.names()

    assert len(first.spans) == 6  # three steps, and their roots
    assert sorted(names) == sorted(10 * [ROOT] + [f"execute_tool T{n}" for n in range(1, 11)])


@pytest.mark.parametrize("agent_id", [None, "a1"])
def test_content_is_told_where_asked_for_and_bounded(
    recording: Recording, monkeypatch: pytest.MonkeyPatch, agent_id: str | None
) -> None:
    """A slice ends where it would hold too much; what was held back comes piece by piece too."""
    monkeypatch.setattr(gathering, "CONTENT_BYTES_MAX", 10)
    pk = recording.session()
    recording.agent(pk, "a1")
    for number in range(1, 4):
        recording.step(pk, number, agent_id=agent_id, input='"123456"', input_summary="short")
    with reading(recording) as bare, reading(recording, content=True) as full:
        if agent_id is not None:
            assert full.spans() == []
            recording.connection.execute("UPDATE sub_agent SET call_id = 'c1'")
        slices = [full.slice() for _ in range(4)]

        assert "input.value" not in bare.spans()[0].attributes
    assert [len(each.spans) for each in slices] == [1, 1, 1, 0]
    assert slices[0].spans[0].attributes["input.value"] == '"123456"'


def test_another_database_that_has_overtaken_is_begun_anew(
    recording: Recording, reader: Reader, tmp_path: Path
) -> None:
    """Its steps are younger than those that had their numbers, so none of them counts as sent."""
    recording.step(recording.session(), 1)
    reader.spans()
    other = Recording(tmp_path / "other.db")
    pk = other.session()
    for number in range(1, 4):
        other.step(pk, number, created_at=START + 1)

    with closing(other.connection), reading(other) as later:
        later.cursor = reader.cursor
        found = later.slice()
        assert (found.is_anew, len(found.spans)) == (True, 3)
        assert not later.slice().is_anew


def test_what_was_removed_makes_no_database_another(recording: Recording, reader: Reader) -> None:
    """Older steps are left, or none; what comes next is sent, and nothing else again."""
    first, second = recording.session("s1"), recording.session("s2")
    recording.step(first, 1)
    recording.step(second, 1, created_at=START + 1)
    reader.spans()
    for pk in (second, first):
        recording.remove(pk)
        recording.step(recording.session(f"after {pk}"), 1, created_at=START + 2, name="New")

        found = reader.slice()
        assert (found.is_anew, [span.name for span in found.spans]) == (False, ["execute_tool New"])


def test_another_database_is_begun_anew(recording: Recording, reader: Reader) -> None:
    """One that has not got as far as the cursor cannot be the one that was read."""
    recording.step(recording.session(), 1)
    reader.cursor = Cursor(revision=1000, prompt_pk=5)

    found = reader.slice()
    assert found.is_anew
    assert [span.name for span in found.spans] == ["execute_tool Bash"]
    assert found.cursor.revision == 1


def test_what_was_recorded_can_be_skipped(recording: Recording, reader: Reader) -> None:
    """What runs at that moment is sent with its end."""
    pk = recording.session(ended_at=START)
    recording.prompt(pk, 1)
    recording.step(pk, 1, name="Old")
    running = recording.step(pk, 2, name="Now", status="running")
    reader.cursor = from_now_on(reader.connection)
    assert reader.names() == []

    recording.change(running, status="ok")
    assert reader.names() == [ROOT, "execute_tool Now"]
