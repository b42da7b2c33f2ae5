"""What every payload tells of itself, wherever its agent puts it."""

import pytest

from traced.agents.fields import Payload
from traced.agents.shape import shaped


def about(payload: Payload) -> tuple[object, object, object]:
    """Return the event, the session and the folder."""
    known = shaped(payload)
    return known.get("hook_event_name"), known.get("session_id"), known.get("cwd")


def test_the_usual_shape_stays_as_it_is() -> None:
    """Most agents took it over."""
    payload = {"hook_event_name": "Stop", "session_id": "s", "cwd": "/a"}

    assert shaped(payload) is payload


def test_cursors_session_is_its_conversation() -> None:
    """In both shapes, and whatever else is called a session."""
    payload = {"cursor_version": "2", "conversation_id": "c", "workspace_roots": ["/a", "/b"]}

    assert about(payload) == (None, "c", "/a")
    assert about(payload | {"session_id": "s", "cwd": "/a/b"}) == (None, "c", "/a/b")
    assert about({"cursor_version": "2", "session_id": "s"}) == (None, "s", None)


def test_copilots_session_has_a_spelling_of_its_own() -> None:
    """Its event is named by the envelope alone."""
    assert about({"sessionId": "s", "cwd": "/a"}) == (None, "s", "/a")


@pytest.mark.parametrize(
    ("told", "session"),
    [
        ({"session_id": "a", "agent_id": "a", "parent_agent_id": "s"}, "s"),
        ({"session_id": "s", "agent_id": "a", "parent_agent_id": "s"}, "s"),
        ({"session_id": "a", "agent_id": "a"}, "a"),
        ({"session_id": "a", "agent_id": "a", "parent_agent_id": ""}, "a"),
    ],
)
def test_copilots_sub_agent_is_no_session(told: dict[str, object], session: str) -> None:
    """It gives its own id for its session's, and names the one above."""
    assert about(told)[1] == session


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"sessionID": "s"}, ("tool.execute.before", "s", None)),
        ({}, ("tool.execute.before", None, None)),
    ],
)
def test_a_hook_of_opencode_names_itself(
    told: dict[str, object], expected: tuple[object, ...]
) -> None:
    """Its session is in what it was given."""
    assert about({"hook": "tool.execute.before", "input": told}) == expected


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("session.idle", {"sessionID": "s"}, ("s", None)),
        ("message.part.updated", {"part": {"sessionID": "s"}}, ("s", None)),
        ("message.updated", {"info": {"id": "m", "sessionID": "s"}}, ("s", None)),
        ("session.created", {"info": {"id": "s", "directory": "/a"}}, ("s", "/a")),
        ("file.edited", {"file": "/a"}, (None, None)),
    ],
)
def test_what_opencodes_bus_tells_is_one_level_below(
    kind: str, properties: dict[str, object], expected: tuple[object, ...]
) -> None:
    """Each kind of event has its session elsewhere; some have none."""
    event = {"type": kind, "properties": properties}

    assert about({"hook": "event", "input": {"event": event}}) == (kind, *expected)


@pytest.mark.parametrize(
    ("lineage", "session"), [(["r", "s"], "r"), (["r"], "r"), ([], "s"), ("r", "s"), ([7], 7)]
)
def test_the_session_of_opencodes_sub_agent_is_the_user_s(lineage: object, session: object) -> None:
    """The first of those that the plugin names; one that is no text is refused later."""
    call = {"hook": "tool.execute.before", "input": {"sessionID": "s"}, "lineage": lineage}
    idle = {"type": "session.idle", "properties": {"sessionID": "s"}}
    event = {"hook": "event", "input": {"event": idle}, "lineage": lineage}

    assert about(call)[1] == session
    assert about(event)[1] == session


@pytest.mark.parametrize("given", [None, [], "text", {"event": None}, {"event": {"type": 5}}])
def test_nothing_is_made_up(given: object) -> None:
    """What is not there stays away, whatever stands in its place."""
    assert about({"hook": "event", "input": given})[1] is None
