"""What sessions, prompts and sub-agents become that are here already, wholly or in part."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.exporting import Recorded, row
from support.store import NOW, rows

LATER = NOW + 1000


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Recorded]:
    """An empty database."""
    recorded = Recorded(tmp_path / "t.db")
    yield recorded
    recorded.close()


def life(lifecycle: str, at: int = NOW, **said: Any) -> bytes:
    """Return a life line of session s1."""
    line = {"v": 1, "session_id": "s1", "lifecycle": lifecycle, "sent_at": at, **said}
    return json.dumps(line).encode()


def one(room: Recorded, relation: str, **wanted: object) -> dict[str, Any]:
    """Return the one row of a table that has these values."""
    where = " AND ".join(f"{name} IS ?" for name in wanted) or "TRUE"
    (found,) = rows(room.connection, f"SELECT * FROM {relation} WHERE {where}", *wanted.values())
    return found


def test_a_session_is_as_old_as_it_was(room: Recorded) -> None:
    """Not as its import; without a time of its own it began when nobody knows."""
    room.take([row("session", used_at=5), row("prompt", used_at=5)])

    found = one(room, "session")
    assert (found["last_event_at"], found["started_at"]) == (5, None)


def test_whoever_heard_of_a_session_last_knows_whether_it_is_over(room: Recorded) -> None:
    """A later export of it tells that it was resumed, or ended after all."""
    room.take([row("session", ended_at=NOW, end_reason="exit")])
    room.take([row("session", used_at=LATER)])
    assert one(room, "session")["ended_at"] is None

    room.take([row("session", ended_at=NOW, end_reason="exit")])
    assert one(room, "session")["ended_at"] is None


def test_a_session_that_was_opened_here_is_not_ended_by_a_row(room: Recorded) -> None:
    """Its own events will tell."""
    room.take([life("session_start")])
    room.take([row("session", used_at=LATER, ended_at=LATER, cwd="/c", model="m")])

    found = one(room, "session")
    assert (found["ended_at"], found["cwd"], found["model"]) == (None, "/c", "m")


def test_a_prompt_is_known_by_its_id(room: Recorded) -> None:
    """Its number there may be another's here: steps and sub-agents go where it is."""
    room.take([life("prompt", prompt_id="p1"), life("prompt", prompt_id="p2", prompt="Here")])
    room.take([
        row("prompt", prompt_id="p2", summary="There", model="m", input_tokens=7),
        row("step", prompt_number=1, prompt_id="p2"),
        row("agent", prompt_number=1, prompt_id="p2"),
    ])  # fmt: skip

    found = one(room, "prompt", prompt_id="p2")
    assert (found["prompt_number"], found["summary"], found["input_tokens"]) == (2, "Here", 7)
    assert one(room, "step")["prompt_number"] == 2
    assert one(room, "sub_agent")["prompt_number"] == 2
    assert one(room, "session")["input_tokens"] == 7


def test_another_prompt_of_a_number_is_the_next(room: Recorded) -> None:
    """What was recorded here keeps its number."""
    room.take([life("prompt", prompt_id="p1")])
    rest = [row("prompt", prompt_id="p2"), row("step", prompt_number=1, prompt_id="p2")]
    room.take(rest)

    assert one(room, "prompt", prompt_id="p2")["prompt_number"] == 2
    assert one(room, "step")["prompt_number"] == 2
    assert {outcome.status for outcome in room.take(rest)} == {"duplicate"}


def test_a_prompt_that_only_its_end_told_of_gets_what_it_lacks(room: Recorded) -> None:
    """And then a number, and with it those who work for it."""
    room.take([life("prompt_end", prompt_id="p1", at=LATER)])
    room.take([row("prompt", prompt_id="p1", started_at=NOW, source="agent", summary="Do it")])

    found = one(room, "prompt")
    told = (found["prompt_number"], found["started_at"], found["source"], found["summary"])
    assert told == (1, NOW, "agent", "Do it")
    assert found["ended_at"] == LATER


def test_a_hook_that_tells_of_the_prompt_later_knows_better(room: Recorded) -> None:
    """It was there."""
    room.take([row("prompt", prompt_id="p1", started_at=LATER, summary="Row")])
    room.take([life("prompt", prompt_id="p1", prompt="Hook")])

    found = one(room, "prompt")
    assert (found["started_at"], found["summary"]) == (NOW, "Hook")


def test_a_sub_agent_gets_what_it_lacks(room: Recorded) -> None:
    """Its end, when nobody knew how it ended; else nothing that is known."""
    room.take([row("agent", status="running", agent_type="Plan")])
    assert one(room, "sub_agent")["status"] == "unknown"

    room.take([row("agent", started_at=NOW, ended_at=LATER, agent_type="Other", call_id="c")])
    found = one(room, "sub_agent")
    assert (found["status"], found["ended_at"]) == ("ok", LATER)
    assert (found["started_at"], found["agent_type"]) == (NOW, "Plan")


def test_users_of_a_shared_daemon_keep_their_sessions(tmp_path: Path) -> None:
    """Whose they are, the daemon's own user may say, and no other."""
    room = Recorded(tmp_path / "t.db", by_owner=True)
    room.take([row("session", owner_uid=7), row("step", owner_uid=7, peer_uid=8)], peer_uid=0)
    room.take([row("session", owner_uid=7), row("step", owner_uid=7, peer_uid=8)], peer_uid=4242)

    found = rows(room.connection, "SELECT owner_uid, peer_uid FROM session JOIN step ON"
                 " session_pk = pk ORDER BY owner_uid")  # fmt: skip
    room.close()
    assert [tuple(each.values()) for each in found] == [(7, 8), (4242, 4242)]
