import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.rows import Recording

from traced.cli.session import Asked, json_of, read_session
from traced.core.errors import SessionUnknown
from traced.store.reader import ReadConnection, open_reader


@pytest.fixture
def reader(recording: Recording) -> Iterator[ReadConnection]:
    """A reader on a session with a step in each of two prompts."""
    pk = recording.session("s1")
    for number in (1, 2):
        recording.prompt(pk, number)
        recording.step(pk, number, prompt_number=number, input="[1]")
    with closing(open_reader(recording.path)) as connection:
        yield connection


def test_a_session_is_read_whole(reader: ReadConnection) -> None:
    """All prompts with their steps, whose content comes only when it is asked for."""
    for content in (False, True):
        found = read_session(reader, Asked("s", None, None, None), content=content)
        assert found.entry.session.session_id == "s1"
        steps = [step for card in found.cards for step in card.steps]
        assert [(step.step_order, step.input is not None) for step in steps] == [
            (1, content),
            (2, content),
        ]


def test_one_prompt_can_be_asked_for(reader: ReadConnection) -> None:
    """It alone is returned; one that is not there is told with the last that is."""
    (card,) = read_session(reader, Asked("s1", 2, None, None)).cards
    assert [step.step_order for step in card.steps] == [2]
    with pytest.raises(SessionUnknown, match="no prompt 3, its last one is 2"):
        read_session(reader, Asked("s1", 3, None, None))


def test_a_session_is_one_line_of_json_in_small_pieces(reader: ReadConnection) -> None:
    """Put together they are the document; none holds two steps, however many there are."""
    found = read_session(reader, Asked("s1", None, None, None), content=True)

    pieces = list(json_of(found))

    document = json.loads(b"".join(pieces))
    assert b"".join(pieces).index(b"\n") == len(b"".join(pieces)) - 1
    assert document["session"]["session_id"] == "s1"
    told = [(each["prompt_number"], each["steps"]) for each in document["prompts"]]
    assert [(number, [step["input"] for step in steps]) for number, steps in told] == [
        (1, ["[1]"]),
        (2, ["[1]"]),
    ]
    assert max(piece.count(b'"step_order"') for piece in pieces) == 1
