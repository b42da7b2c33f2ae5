"""What is told afterwards of a session, its prompts and its sub-agents."""

import msgspec
from support.ledgers import (
    Ledger,
    agent_start,
    agent_stop,
    end,
    prompt,
    session_end,
    session_start,
    start,
    stop,
)

from traced.core.event import PromptSubmitted


def test_imported_prompts_are_numbered_in_their_order() -> None:
    """Those with ids as those without, whose numbers the import brings."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1", "one"), imported=True)
    ledger.tell(5, stop("p1"), imported=True)
    ledger.tell(6, PromptSubmitted(None, "user", "two", 2), imported=True)
    ledger.tell(6, PromptSubmitted(None, "user", "two", 2), imported=True)

    assert [
        (each.number, each.summary, each.started_at, each.ended_at)
        for each in ledger.session.prompts
    ] == [(1, "one", 1, 5), (2, "two", 6, None)]


def test_a_prompt_that_hooks_told_stays() -> None:
    """Its text is not told twice, nor its times."""
    ledger = Ledger()
    ledger.tell(2, prompt("p1", "live"))
    ledger.tell(9, stop("p1"))
    before = msgspec.structs.astuple(ledger.session.prompts_by_id["p1"])

    ledger.tell(1, prompt("p1", "told"), imported=True)
    ledger.tell(8, stop("p1"), imported=True)

    assert msgspec.structs.astuple(ledger.session.prompts_by_id["p1"]) == before
    assert ledger.batch.added == 0


def test_a_hook_that_comes_later_tells_the_prompt_anew() -> None:
    """Its text and its start replace the imported ones."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1", "Do it."), imported=True)

    ledger.tell(2, prompt("p1", "Do it."))

    found = ledger.session.prompts_by_id["p1"]
    assert (found.number, found.summary, found.started_at) == (1, "Do it.", 2)


def test_the_end_of_a_prompt_that_nobody_knows_is_nothing() -> None:
    """An import begins with what it knows of the prompt."""
    ledger = Ledger()

    ledger.tell(8, stop("p1"), imported=True)

    assert ledger.session.prompts == []


def test_an_imported_session_was_used_when_it_was() -> None:
    """Retention goes by that, not by the time of the import."""
    ledger = Ledger()
    ledger.tell(10, start(10), imported=True, cwd="/home/dev", model="m")
    ledger.tell(20, end(20), imported=True)

    session = ledger.session
    assert (session.started_at, session.last_event_at) == (10, 20)
    assert (session.cwd, session.model) == ("/home/dev", "m")


def test_a_session_that_hooks_told_is_not_used_by_an_import() -> None:
    """What adds nothing changes nothing."""
    ledger = Ledger()
    ledger.tell(10, session_start(), cwd="/home/dev", model="m")
    ledger.tell(11, start(11))
    ledger.tell(12, end(12))
    ledger.tell(13, session_end("logout"))

    ledger.tell(9, start(9), imported=True, cwd="/other", model="n")
    ledger.tell(14, end(14), imported=True)

    session = ledger.session
    assert (session.started_at, session.ended_at, session.last_event_at) == (10, 13, 13)
    assert (session.cwd, session.model, ledger.batch.added) == ("/home/dev", "m", 0)


def test_an_import_opens_no_session() -> None:
    """A prompt of the past does not say that its session goes on."""
    ledger = Ledger()
    ledger.tell(10, session_start())
    ledger.tell(13, session_end("logout"))

    ledger.tell(14, prompt("p9"), imported=True)

    assert ledger.session.ended_at == 13


def test_the_end_of_a_session_is_taken_where_no_hook_was() -> None:
    """Else the hooks know better whether it was resumed."""
    unseen, seen = Ledger(), Ledger()
    seen.tell(1, session_start())

    for ledger in (unseen, seen):
        ledger.tell(9, session_end("logout"), imported=True)

    assert (unseen.session.ended_at, seen.session.ended_at) == (9, None)


def test_an_imported_sub_agent_never_runs() -> None:
    """It is unknown how it ended until its file says."""
    ledger = Ledger()
    ledger.tell(1, agent_start("a1"), imported=True)
    began = ledger.sub_agent("a1").status

    ledger.tell(5, agent_stop("a1"), imported=True)

    found = ledger.sub_agent("a1")
    assert (began, found.status, found.started_at, found.ended_at) == ("unknown", "ok", 1, 5)


def test_a_sub_agent_that_hooks_told_stays() -> None:
    """One that runs, too: its own hooks will tell its end."""
    ledger = Ledger()
    ledger.tell(2, agent_start("a1"))
    before = msgspec.structs.astuple(ledger.sub_agent("a1"))

    ledger.tell(1, agent_start("a1"), imported=True)
    ledger.tell(5, agent_stop("a1"), imported=True)

    assert msgspec.structs.astuple(ledger.sub_agent("a1")) == before


def test_steps_of_an_imported_sub_agent_stand_under_the_call_that_launched_it() -> None:
    """As they do where hooks tell of both."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"), imported=True)
    ledger.tell(2, start(2, prompt_id="p1"), imported=True)
    ledger.tell(9, end(9, prompt_id="p1", child_agent_id="a1"), imported=True)
    ledger.tell(10, prompt("p2"), imported=True)

    ledger.tell(3, start(3, "c2", agent_id="a1"), imported=True)

    assert ledger.step("c2").prompt_number == 1
    assert ledger.sub_agent("a1").call_id == "c1"


def test_a_sub_agent_that_knew_only_the_id_of_an_imported_prompt_goes_there() -> None:
    """As it does when a hook tells of the prompt."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1", "one"))
    ledger.tell(3, agent_start("a1", prompt_id="p2"))
    assert ledger.session.sub_agents["a1"].prompt_number == 1

    ledger.tell(2, prompt("p2", "two"), imported=True)

    assert ledger.session.sub_agents["a1"].prompt_number == 2
