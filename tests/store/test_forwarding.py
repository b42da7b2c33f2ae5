"""What a forwarder asks."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from support.rows import PROMPT, START, Recording

from traced.store import forwarding
from traced.store.forwarding import MadePrompt, Position, PromptKey, Root
from traced.store.reader import ReadConnection, open_reader


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """An empty database, open for writing."""
    recorded = Recording(tmp_path / "traced.db")
    with closing(recorded.connection):
        yield recorded


@pytest.fixture
def connection(recording: Recording) -> Iterator[ReadConnection]:
    """The same database, open for reading."""
    with closing(open_reader(recording.path)) as opened:
        yield opened


def test_a_position_never_goes_back(recording: Recording, connection: ReadConnection) -> None:
    """Also where the newest rows were removed."""
    pk = recording.session()
    recording.prompt(pk, 1)
    recording.step(pk, 1)
    recording.skip(4)
    recording.remove(pk)

    assert forwarding.position(connection) == Position(5, 1)


def test_changed_steps_come_by_revision(
    recording: Recording, connection: ReadConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as a slice holds, and up to where they are all."""
    monkeypatch.setattr(forwarding, "STEPS_MAX", 2)
    first, second = recording.session("s1"), recording.session("s2")
    early = recording.step(first, 1)
    recording.step(second, 1)
    recording.step(second, 2, input="{}")
    recording.change(early)
    recording.skip(3)

    some = forwarding.changed(connection, 0)
    rest = forwarding.changed(connection, some.revision)
    assert [(each.session_pk, each.step.id) for each in some.steps] == [(second, 2), (second, 3)]
    assert [(each.session_pk, each.step.id) for each in rest.steps] == [(first, 1)]
    assert (some.revision, rest.revision) == (3, 7)
    assert some.steps[1].step.input is None
    assert forwarding.with_content(connection, some.steps[1].step).input == "{}"


def test_steps_are_found_by_their_ids(recording: Recording, connection: ReadConnection) -> None:
    """Without those that were removed."""
    kept, removed = recording.session("s1"), recording.session("s2")
    recording.step(kept, 1, status="running")
    recording.step(removed, 1, status="running")
    recording.remove(removed, whole=False)

    assert [each.step.id for each in forwarding.steps(connection, [1, 2, 9])] == [1]
    assert forwarding.still_there(connection, [1, 2, 9]) == {1}
    assert forwarding.running(connection) == [1]


def test_made_prompts_come_by_key(recording: Recording, connection: ReadConnection) -> None:
    """With those that are asked for again, numbered by now or not."""
    pk = recording.session()
    for number in (None, 1, None, 2):
        recording.prompt(pk, number)

    assert forwarding.made_prompts(connection, 2, 9, [1]) == [
        MadePrompt(1, pk, None),
        MadePrompt(3, pk, None),
        MadePrompt(4, pk, 2),
    ]
    assert forwarding.made_prompts(connection, 2, 3, []) == [MadePrompt(3, pk, None)]


def test_the_newest_prompt_of_steps_is_found(
    recording: Recording, connection: ReadConnection
) -> None:
    """Whatever came later; steps that came before any prompt have none."""
    pk = recording.session()
    for number in (1, 2, 3):
        recording.prompt(pk, number)
        recording.step(pk, number, prompt_number=number)
    some = forwarding.steps(connection, [1, 2])

    assert forwarding.newest_prompt(connection, some) == 2
    assert forwarding.newest_prompt(connection, []) is None


def test_a_root_tells_of_its_session(recording: Recording, connection: ReadConnection) -> None:
    """And when its steps ran, as far as it has no times of its own."""
    pk = recording.session(model="opus", owner_uid=7)
    recording.prompt(pk, 1, summary="Fix the test")
    recording.step(pk, 1, started_at=START + 1, ended_at=START + 5)
    recording.step(pk, 2, started_at=START + 2)

    found = forwarding.roots(connection, [PromptKey(pk, 1), PromptKey(9, 1)], START - 1)
    assert found == {
        PromptKey(pk, 1): Root(pk, 7, "opus", PROMPT, START + 1, START + 5, False, False)
    }


def test_a_number_that_only_steps_have_is_a_root(
    recording: Recording, connection: ReadConnection
) -> None:
    """Nobody told what was asked."""
    pk = recording.session(ended_at=START)
    recording.step(pk, 1, prompt_number=0)

    (root,) = forwarding.roots(connection, [PromptKey(pk, 0)], 0).values()
    assert root.prompt == replace(PROMPT, prompt_number=0, source=None, summary=None)
    assert (root.is_over, root.session_is_over) == (False, True)
