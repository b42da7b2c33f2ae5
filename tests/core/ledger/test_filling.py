"""Steps that are told afterwards: what is missing is added, and what is known stays."""

import msgspec
import pytest
from support.ledgers import Ledger, batch_entry, denied, end, session_end, start

from traced.core.event import Change


def imported(*told: tuple[int, Change]) -> Ledger:
    """Return a ledger to which events of these times were told afterwards."""
    ledger = Ledger()
    for at, change in told:
        ledger.tell(at, change, imported=True)
    return ledger


def test_an_imported_call_is_one_step() -> None:
    """Its start and its end meet by its id."""
    ledger = imported((1, start(1, input_summary="ls")), (5, end(5, output_summary="a b")))

    step = ledger.step()
    assert (step.status, step.started_at, step.ended_at) == ("ok", 1, 5)
    assert (step.input_summary, step.output_summary) == ("ls", "a b")
    assert ledger.session.steps == 1


def test_an_imported_start_does_not_run() -> None:
    """Nobody who was there says so, and nobody will tell its end."""
    ledger = imported((1, start(1)))

    assert ledger.step().status == "unknown"
    assert ledger.session.running == {}


def test_what_the_end_of_a_call_was_replaces_unknown() -> None:
    """A call that was open when its session was killed ended somehow."""
    ledger = Ledger()
    ledger.tell(1, start(1))
    ledger.tell(4, session_end("other"))

    ledger.tell(3, end(3, status="error", error="Exit code 137"), imported=True)

    step = ledger.step()
    assert (step.status, step.ended_at, step.error) == ("error", 3, "Exit code 137")
    assert ledger.session.errors == 1


def test_a_step_that_runs_is_left_to_its_own_events() -> None:
    """The transcript of a session that goes on may know of an end before its hook tells."""
    ledger = Ledger()
    ledger.tell(1, start(1))

    ledger.tell(3, end(3, output_summary="done"), imported=True)

    step = ledger.step()
    assert (step.status, step.ended_at, step.output_summary) == ("running", None, None)


@pytest.mark.parametrize(
    "known",
    [end(9, output_summary="live", duration_ms=2.0), batch_entry(9, status="error"), denied(9)],
    ids=["end", "batch", "denial"],
)
def test_what_hooks_told_stays(known: Change) -> None:
    """However they told how a call ended, an import changes nothing of it, nulls of it included."""
    ledger = Ledger()
    ledger.tell(1, start(1, input_summary="live"))
    ledger.tell(9, known)
    before = msgspec.structs.astuple(ledger.step())
    revision = ledger.batch.sequence

    ledger.tell(1, start(0, input_summary="told"), imported=True)
    ledger.tell(8, end(8, status="error", error="told", output_summary="told"), imported=True)

    assert msgspec.structs.astuple(ledger.step()) == before
    assert ledger.batch.sequence == revision


def test_what_hooks_could_not_know_is_filled_in() -> None:
    """Of a call that was refused before its start only the batch told, which has no start."""
    ledger = Ledger()
    ledger.tell(9, batch_entry(9, status="error"))

    ledger.tell(7, start(7, input_summary="pattern"), imported=True)

    assert (ledger.step().started_at, ledger.step().input_summary) == (7, "pattern")


def test_hooks_that_come_later_win() -> None:
    """Spooled events can be younger than an import of the same session."""
    ledger = imported((1, start(1, input_summary="told")), (5, end(5, output_summary="told")))

    ledger.tell(2, start(2, input_summary="live"))
    ledger.tell(6, end(6, status="error", error="live"))

    step = ledger.step()
    assert (step.status, step.started_at, step.ended_at) == ("error", 2, 6)
    assert (step.input_summary, step.error) == ("live", "live")


def test_a_start_that_comes_later_does_not_open_what_ended() -> None:
    """Its transcript has said how it ended; nothing else may."""
    ledger = imported((1, start(1)), (5, end(5)))

    ledger.tell(2, start(2))

    assert ledger.step().status == "ok"
    assert ledger.session.running == {}


def test_a_denial_is_told_afterwards() -> None:
    """It ends a call like any other end."""
    assert imported((1, start(1)), (5, denied(5, error="no"))).step().status == "denied"


def test_an_import_moves_no_step_to_another_prompt() -> None:
    """Where a call belongs its hook has said."""
    ledger = Ledger()
    ledger.tell(1, start(1, prompt_id="p1"))
    ledger.tell(5, end(5, prompt_id="p1"))

    ledger.tell(5, end(5, prompt_id="p2"), imported=True)

    assert ledger.step().prompt_number == 1
    assert ledger.session.last_prompt_number == 1
