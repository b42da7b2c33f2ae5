import pytest
from support.rows import START, Recording

from traced.core.errors import SessionAmbiguous, SessionUnknown
from traced.store import queries
from traced.store.reader import ReadConnection


def ids(reader: ReadConnection, *, empty_too: bool = False, limit: int = 10) -> list[str]:
    """Return the ids of the sessions that are listed."""
    found = queries.sessions(reader, limit, empty_too=empty_too)
    return [each.session.session_id for each in found]


# --- sessions ---------------------------------------------------------------------------------


def test_sessions_used_last_come_first(recording: Recording, reader: ReadConnection) -> None:
    """Sessions are listed by their last event, the latest first, at most `limit` of them."""
    for number in (2, 3, 1):
        recording.session(f"s{number}", steps=1, last_event_at=START + number)

    assert ids(reader) == ["s3", "s2", "s1"]
    assert ids(reader, limit=2) == ["s3", "s2"]


def test_empty_sessions_are_listed_on_request(recording: Recording, reader: ReadConnection) -> None:
    """A session without a numbered prompt and without a step is listed only if asked for."""
    recording.prompt(recording.session("numbered"), 1)
    recording.prompt(recording.session("not numbered"), None)
    recording.session("steps", steps=1)
    recording.session("nothing")

    assert sorted(ids(reader)) == ["numbered", "steps"]
    assert sorted(ids(reader, empty_too=True)) == ["not numbered", "nothing", "numbered", "steps"]


def test_sessions_of_one_agent(recording: Recording, reader: ReadConnection) -> None:
    """An agent's name leaves only its own sessions."""
    recording.session("s1", "codex", steps=1)
    recording.session("s2", "claude-code", steps=1)
    found = queries.sessions(reader, 10, agent="codex")

    assert [each.session.session_id for each in found] == ["s1"]


def test_sessions_carry_counts(recording: Recording, reader: ReadConnection) -> None:
    """A session comes with its submitted prompts (not what came before) and running steps."""
    pk = recording.session(steps=3)
    for number in (0, 1, 2, None):
        recording.prompt(pk, number)
    for order, status in enumerate(("running", "ok", "running"), 1):
        recording.step(pk, order, status=status)
    (found,) = queries.sessions(reader, 10)

    assert (found.prompts, found.running, found.owner_uid) == (2, 2, -1)


# --- resolve_session --------------------------------------------------------------------------


def test_exact_id_beats_prefix(recording: Recording, reader: ReadConnection) -> None:
    """An id that another one begins with is still found by itself."""
    recording.session("abc")
    recording.session("abcd")

    assert queries.resolve_session(reader, "abc").session.session_id == "abc"


def test_unique_prefix_is_enough(recording: Recording, reader: ReadConnection) -> None:
    """The beginning of exactly one id names it; what SQL's LIKE gives a meaning has none."""
    recording.session("abc_1")
    recording.session("abcx2")

    assert queries.resolve_session(reader, "abc_").session.session_id == "abc_1"


def test_prefix_may_end_before_any_character(recording: Recording, reader: ReadConnection) -> None:
    """A prefix also finds ids that go on with characters beyond the basic plane."""
    recording.session("abc\U0001f600")

    assert queries.resolve_session(reader, "abc").session.session_id == "abc\U0001f600"


def test_last_is_the_one_used_last(recording: Recording, reader: ReadConnection) -> None:
    """`last` is the session with the latest event among those in which something happened."""
    recording.session("s1", steps=1, last_event_at=START)
    recording.session("s2", steps=1, last_event_at=START + 2)
    recording.session("s3", last_event_at=START + 3)

    assert queries.resolve_session(reader, "last").session.session_id == "s2"


@pytest.mark.usefixtures("recording")
def test_without_a_session_there_is_no_last(reader: ReadConnection) -> None:
    """`last` is no id that was mistyped: what is missing is a session."""
    with pytest.raises(SessionUnknown, match=r"^there is no session with a prompt or a step yet$"):
        queries.resolve_session(reader, "last")
    with pytest.raises(SessionUnknown, match=r"^there is no session of agent codex of user 7 with"):
        queries.resolve_session(reader, "last", "codex", 7)


def test_id_beats_the_word_last(recording: Recording, reader: ReadConnection) -> None:
    """A session whose id is or begins with `last` is meant by it."""
    recording.session("s1", steps=1)
    recording.session("last-one", last_event_at=START - 1)

    assert queries.resolve_session(reader, "last").session.session_id == "last-one"


def test_ambiguous_prefix_lists_candidates(recording: Recording, reader: ReadConnection) -> None:
    """A prefix of several ids is refused with what it can mean, the latest first."""
    recording.session("abc1", "codex", last_event_at=START)
    recording.session("abc2", "claude-code", last_event_at=START + 1)

    with pytest.raises(
        SessionAmbiguous, match=r"\(claude-code abc2, codex abc1\): give more of the id"
    ):
        queries.resolve_session(reader, "abc")


def test_candidates_are_bounded(recording: Recording, reader: ReadConnection) -> None:
    """Of many candidates ten are named."""
    for number in range(30):
        recording.session(f"abc{number:02}")

    with pytest.raises(SessionAmbiguous) as caught:
        queries.resolve_session(reader, "abc")
    assert str(caught.value).count("claude-code") == 10
    assert "and more" in str(caught.value)


def test_two_agents_with_one_id_need_the_agent(
    recording: Recording, reader: ReadConnection
) -> None:
    """An id of two agents is refused until the agent is named."""
    recording.session("s1", "codex")
    recording.session("s1", "claude-code")

    with pytest.raises(SessionAmbiguous, match="add --agent"):
        queries.resolve_session(reader, "s1")
    assert queries.resolve_session(reader, "s1", "codex").session.agent == "codex"


def test_two_users_with_one_id_need_the_user(recording: Recording, reader: ReadConnection) -> None:
    """An id of two users of one agent is refused until the user is named."""
    recording.session("s1", owner_uid=1000)
    recording.session("s1", owner_uid=1001)

    with pytest.raises(SessionAmbiguous, match=r"s1 of uid 1001, .* s1 of uid 1000\): add --uid"):
        queries.resolve_session(reader, "s1")
    assert queries.resolve_session(reader, "s1", owner_uid=1000).owner_uid == 1000


def test_unknown_session_says_where_to_look(recording: Recording, reader: ReadConnection) -> None:
    """A name without a session is refused with the command that lists them."""
    recording.session("s1", "codex")

    with pytest.raises(SessionUnknown, match="'s2': `traced sessions --all`"):
        queries.resolve_session(reader, "s2")
    with pytest.raises(SessionUnknown, match="no session of agent claude-code"):
        queries.resolve_session(reader, "s1", "claude-code")


def test_name_outside_utf8_is_unknown(recording: Recording, reader: ReadConnection) -> None:
    """A byte that is not UTF-8 on the command line names no session, and is no crash."""
    recording.session("s1")

    with pytest.raises(SessionUnknown):
        queries.resolve_session(reader, "s\udcff")
