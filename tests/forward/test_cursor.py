"""How far a forwarder has got."""

from traced.forward.cursor import TOLD_MAX, Cursor, Draft
from traced.store.forwarding import PromptKey


def test_a_draft_that_nothing_changes_is_the_same_cursor() -> None:
    """So that nothing is noted where nothing came."""
    cursor = Cursor(9, 4, (7,), (8,), (5,), (3,), (PromptKey(1, 2),), ("aa",))

    assert Draft(cursor).done() == cursor


def test_what_was_told_is_forgotten_in_its_order() -> None:
    """The cursor stays small however much is sent."""
    draft = Draft(Cursor(told=("first",)))
    for number in range(TOLD_MAX):
        draft.told[str(number)] = None

    assert draft.done().told == tuple(str(number) for number in range(TOLD_MAX))


def test_what_runs_is_never_forgotten() -> None:
    """Its end would not be sent."""
    draft = Draft(Cursor())
    for number in range(5000):
        draft.running[number] = draft.held[number] = None

    done = draft.done()
    assert len(done.running) == len(done.held) == 5000
