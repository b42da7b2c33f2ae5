import sqlite3

import pytest

from traced.core.errors import AlreadyRunning
from traced.core.event import Event, Outcome, Rejected
from traced.store.refusal import answer, concerns_all, refused, rejected

EVENT = Event("codex", "s\ud83d", 5, (), event_id="e\0")


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.DatabaseError("database disk image is malformed"),
        sqlite3.InternalError("unknown operation"),
        MemoryError(),
        sqlite3.IntegrityError("UNIQUE constraint failed: step.id"),
        AlreadyRunning("database x is in use by another traced (pid 1)"),
    ],
)
def test_what_every_event_would_meet_costs_none(error: Exception) -> None:
    """Locked, full, damaged, out of memory, numbers that are taken: the batch is tried again."""
    assert concerns_all(error)


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.IntegrityError("CHECK constraint failed: duration_ms >= 0"),
        sqlite3.IntegrityError("UNIQUE constraint failed: step.session_pk, step.step_order"),
        sqlite3.DataError("string or blob too big"),
        sqlite3.InterfaceError("Error binding parameter 3"),
        sqlite3.ProgrammingError("Error binding parameter 3"),
        OverflowError("Python int too large to convert to SQLite INTEGER"),
        UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed"),
        KeyError("call-1"),
        RecursionError(),
    ],
)
def test_what_one_event_causes_costs_that_one(error: Exception) -> None:
    """A value that cannot be stored, or a fault of the program that it found."""
    assert not concerns_all(error)


def test_a_refused_event_is_kept_in_texts_that_can_be_stored() -> None:
    """What was no character becomes U+FFFD."""
    kept = refused(EVENT, sqlite3.IntegrityError("CHECK constraint failed: duration_ms >= 0"))

    assert kept == Rejected(
        "storage_error",
        "the database refused it: CHECK constraint failed: duration_ms >= 0",
        raw=None,
        length=0,
        agent="codex",
        session_id="s\ufffd",
        event_id="e\ufffd",
    )


def test_a_fault_of_the_program_is_told_by_type_and_place() -> None:
    """Its message is not: it may hold what was sent."""
    nothing: dict[str, int] = {}
    try:
        nothing["secret"]
    except KeyError as error:
        detail = refused(EVENT, error).detail

    assert detail.startswith("the database refused it: KeyError at test_refusal.py:")
    assert "secret" not in detail


def test_a_rejected_line_that_is_refused_keeps_its_reason() -> None:
    """All that can be stored of it stays; what was saved of it does not."""
    line = Rejected("too_long", "in \ud83d", b"{", 9, None, None, None, True, salvaged=EVENT)

    assert refused(line, ValueError()) == Rejected(
        "too_long", "in \ufffd", b"{", 9, None, None, None, True
    )


def test_whole_emoji_stay() -> None:
    """Two halves are a character, and halves told apart are joined again."""
    line = Rejected("not_json", "\U0001f600 \ud83d\ude00", None, 0)

    assert refused(line, ValueError()).detail == "\U0001f600 \U0001f600"


def test_a_sender_is_told_why() -> None:
    """The answer has the rejection's reason and detail, and no order."""
    event = Event("codex", "s1", 5, (), event_id="e")

    assert answer(rejected("bad_field", "step_order is 3", event)) == Outcome(
        event_id="e",
        status="rejected",
        session_id="s1",
        error="step_order is 3",
        reason="bad_field",
    )
