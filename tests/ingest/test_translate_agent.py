import json

import pytest
from support.store_room import Translating, records, submission, translator

from traced.core.event import Event


def event_of(line: object, by: Translating | None = None) -> Event:
    """Return the event that a line means."""
    (entry,) = (by or translator()).entries(submission(records(json.dumps(line).encode())))
    assert isinstance(entry, Event)
    return entry


def agent_of(line: object, by: Translating | None = None) -> str:
    """Return whose event a line is taken for."""
    return event_of(line, by).agent


STOP = {"hook_event_name": "Stop", "session_id": "s"}


@pytest.mark.parametrize(
    ("envelope_agent", "payload", "agent"),
    [
        (None, STOP, "claude-code"),
        ("cursor", STOP, "cursor"),
        ("claude-code", {**STOP, "cursor_version": "1"}, "cursor"),
        ("claude-code", {**STOP, "turn_id": "t"}, "codex"),
    ],
)
def test_the_marks_of_a_payload_beat_the_envelope(
    envelope_agent: str | None, payload: dict[str, object], agent: str
) -> None:
    """Some agents run the hook files of others."""
    line = {"v": 1, "payload": payload} | ({"agent": envelope_agent} if envelope_agent else {})

    assert agent_of(line) == agent


def test_without_mark_and_envelope_the_recorded_agent_counts() -> None:
    """The database knows the session; it is asked once."""
    asked: list[str] = []

    def recorded(session_ids: list[str]) -> dict[str, str | None]:
        asked.extend(session_ids)
        return dict.fromkeys(asked, "codex")

    by = translator(recorded)

    assert [agent_of(STOP, by) for _ in range(2)] == ["codex", "codex"]
    assert asked == ["s"]


def test_nothing_goes_before_an_event_whose_agent_is_looked_up() -> None:
    """What comes behind it may say whose the session is, which is not yet true of the first."""
    by = translator(lambda session_ids: dict.fromkeys(session_ids, "codex"))
    said = {"v": 1, "agent": "gemini-cli", "payload": {**STOP, "hook_event_name": "SessionStart"}}
    lines = b"".join(json.dumps(line).encode() + b"\n" for line in (STOP, said, STOP))

    entries = by.entries(submission(records(lines)))
    assert [entry.agent for entry in entries] == ["codex", "gemini-cli", "codex"]


def test_an_event_sent_again_goes_to_the_agent_it_went_to() -> None:
    """Another agent has used the session's id in between, and said so."""
    by = translator()
    said = {"v": 1, "agent": "gemini-cli", "payload": {"hook_event_name": "x", "session_id": "s"}}

    assert [agent_of(line, by) for line in (STOP, said, STOP)] == [
        "claude-code",
        "gemini-cli",
        "claude-code",
    ]


def test_an_event_that_keeps_nothing_says_nothing_of_the_next() -> None:
    """No session was recorded for it, so that a restart in between changes nothing."""
    by = translator()
    ignored = {"v": 1, "agent": "codex", "payload": {**STOP, "hook_event_name": "Nothing"}}

    assert [agent_of(line, by) for line in (ignored, STOP)] == ["codex", "claude-code"]


def test_the_database_is_asked_again_until_something_is_recorded() -> None:
    """What it did not know it may know now."""
    answers = iter([None, "codex"])
    by = translator(lambda session_ids: dict.fromkeys(session_ids, next(answers)))

    assert agent_of({**STOP, "hook_event_name": "Nothing"}, by) == "claude-code"
    assert agent_of(STOP, by) == "codex"


def test_what_two_clients_tell_of_one_event_of_copilot_cli_is_known_by_the_payload() -> None:
    """It runs Claude Code's hooks too; each client gets the answer for the id that it gave."""
    payload = {**STOP, "timestamp": "2026-11-23T02:24:39.416Z"}
    own = event_of({"v": 1, "agent": "copilot-cli", "event_id": "a", "payload": payload})
    other = event_of({"v": 1, "agent": "claude-code", "event_id": "b", "payload": payload})
    later = event_of({"v": 1, "event_id": "c", "payload": payload | {"timestamp": 1}})

    assert (own.event_id, other.event_id) == ("a", "b")
    assert own.known_by == other.known_by != later.known_by
    assert None not in (own.known_by, later.known_by)


def test_an_event_of_other_agents_is_known_by_the_id_of_its_client() -> None:
    """None of them lets another's client tell of an event that has no id of its own."""
    payload = {**STOP, "hook_event_name": "AfterAgent", "timestamp": "2026-11-23T02:24:39.416Z"}
    told = event_of({"v": 1, "agent": "gemini-cli", "event_id": "a", "payload": payload})

    assert (told.agent, told.event_id, told.known_by) == ("gemini-cli", "a", None)
