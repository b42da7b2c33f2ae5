import json
import os
from typing import Any

from traced.core.wire import Control
from traced.ingest.control import ControlDesk

SOMEBODY_ELSE = 4_000_000_000


def pruned(asked: Control) -> dict[str, object]:
    """Answer a prune as one that knows a single database."""
    if asked.db != "/t.db":
        return {"error": f"db is {asked.db}"}
    return {"request": 3}


def answer(control: Control, uid: int | None = None, settled: int = 0) -> dict[str, Any]:
    """Return what a desk answers to one of the daemon's own user, or another."""
    desk = ControlDesk("1.2.3", lambda: {"received": 5}, pruned)
    line = desk.answer(os.geteuid() if uid is None else uid, control, settled)
    assert line.endswith(b"\n")
    told: dict[str, Any] = json.loads(line)
    return told


def test_ping_tells_who_answers() -> None:
    """A ping is answered with version and process id."""
    assert answer(Control("ping")) == {
        "control": "ping",
        "status": "ok",
        "v": 1,
        "version": "1.2.3",
        "pid": os.getpid(),
    }


def test_flush_tells_how_many_events_are_settled() -> None:
    """The count is that of the asker's connection."""
    assert answer(Control("flush"), settled=7) == {"control": "flush", "status": "ok", "events": 7}


def test_status_tells_the_figures() -> None:
    """The daemon's own user is told them."""
    assert answer(Control("status")) == {"control": "status", "status": "ok", "received": 5}


def test_status_is_told_to_root() -> None:
    """Root may ask whoever the daemon runs as."""
    assert answer(Control("status"), uid=0)["status"] == "ok"


def test_status_is_refused_to_others() -> None:
    """Anybody else hears that he may not ask, and no figure."""
    assert answer(Control("status"), uid=SOMEBODY_ELSE) == {
        "control": "status",
        "status": "error",
        "error": "uid 4000000000 may not ask, expected the daemon's own",
    }


def test_status_is_refused_where_the_kernel_does_not_tell_who_asks() -> None:
    """An unknown peer is not the daemon's own user."""
    desk = ControlDesk("1.2.3", lambda: {"received": 5}, pruned)

    assert b'"error"' in desk.answer(None, Control("status"), 0)


def test_a_prune_is_answered_with_the_number_of_its_run() -> None:
    """The daemon's own user may ask for it."""
    assert answer(Control("prune", db="/t.db")) == {
        "control": "prune",
        "status": "ok",
        "request": 3,
    }


def test_a_prune_that_cannot_be_done_is_answered_with_an_error() -> None:
    """Its status says so."""
    assert answer(Control("prune", db="/other.db")) == {
        "control": "prune",
        "status": "error",
        "error": "db is /other.db",
    }


def test_a_prune_is_refused_to_others() -> None:
    """What goes is gone: nobody else may ask."""
    assert answer(Control("prune", db="/t.db"), uid=SOMEBODY_ELSE)["status"] == "error"


def test_unknown_words_are_answered_with_an_error() -> None:
    """The word is told, and which are known."""
    assert answer(Control("reboot")) == {
        "control": "reboot",
        "status": "error",
        "error": "unknown control, expected ping, flush, status or prune",
    }


def test_a_wrong_control_line_is_answered_with_what_is_wrong() -> None:
    """What the protocol found is handed on, and nothing is done."""
    told = answer(Control("status", error="v is 2, expected 1"))

    assert told == {"control": "status", "status": "error", "error": "v is 2, expected 1"}
