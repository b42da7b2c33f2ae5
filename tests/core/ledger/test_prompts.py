"""Prompts: which number an id has, and what a submission or an end does."""

from support.ledgers import Ledger, end, prompt, session_end, start, stop

from traced.core.event import PromptSubmitted
from traced.core.ledger.session import PromptState


def only_prompt(ledger: Ledger) -> PromptState:
    (only,) = ledger.session.prompts
    return only


def test_without_ids_each_submission_is_the_next_prompt() -> None:
    """Law 5: two prompts of the same text are two."""
    ledger = Ledger()

    ledger.tell(1, prompt())
    ledger.tell(2, prompt())

    assert [each.number for each in ledger.session.prompts] == [1, 2]


def test_a_known_id_adds_to_its_prompt() -> None:
    """What is typed while a turn runs belongs to that prompt."""
    ledger = Ledger()

    ledger.tell(1, prompt("p1", "Do it."))
    ledger.tell(2, prompt("p1", "Quickly."))

    assert (only_prompt(ledger).number, only_prompt(ledger).summary) == (1, "Do it.\nQuickly.")


def test_texts_stand_in_the_order_of_their_times() -> None:
    """A first text that comes late stands first."""
    ledger = Ledger()

    ledger.tell(2, prompt("p1", "Quickly."))
    ledger.tell(1, prompt("p1", "Do it."))

    assert only_prompt(ledger).summary == "Do it.\nQuickly."


def test_a_summary_is_cut() -> None:
    """Texts that add up stay within 500 characters, the ellipsis included."""
    ledger = Ledger()

    ledger.tell(1, prompt("p1", "x" * 300))
    ledger.tell(2, prompt("p1", "y" * 300))

    summary = only_prompt(ledger).summary or ""
    assert (len(summary), summary[-1]) == (500, "…")


def test_a_prompt_without_text_has_no_summary() -> None:
    """Where no content is kept there is nothing to show."""
    ledger = Ledger()

    ledger.tell(1, PromptSubmitted("p1", "user", None))

    assert only_prompt(ledger).summary is None


def test_a_prompt_began_with_its_first_text() -> None:
    """Further texts do not make it later."""
    ledger = Ledger()

    ledger.tell(5, prompt("p1"))
    ledger.tell(9, prompt("p1"))
    ledger.tell(3, prompt("p1"))

    assert only_prompt(ledger).started_at == 3


def test_the_source_is_that_of_the_first_text() -> None:
    """A notification that comes while the user's prompt runs does not make it the agent's."""
    ledger = Ledger()

    ledger.tell(9, PromptSubmitted("p1", "agent", "done"))
    ledger.tell(5, PromptSubmitted("p1", "user", "Do it."))
    ledger.tell(7, PromptSubmitted("p1", "agent", "done"))

    assert only_prompt(ledger).source == "user"


def test_an_id_that_only_other_events_know_has_no_number() -> None:
    """Law 5: ids of local commands, seen on a Stop, get none."""
    ledger = Ledger()

    ledger.tell(1, stop("local"))
    ledger.tell(2, prompt("p1"))

    assert {each.prompt_id: each.number for each in ledger.session.prompts} == {
        "local": None,
        "p1": 1,
    }


def test_a_prompt_may_end_before_it_is_told() -> None:
    """An end that overtakes its prompt is not lost."""
    ledger = Ledger()

    ledger.tell(9, stop("p1"))
    ledger.tell(1, prompt("p1"))

    assert (only_prompt(ledger).number, only_prompt(ledger).ended_at) == (1, 9)


def test_a_prompt_ends_with_its_last_end() -> None:
    """A turn that goes on after a Stop ends later."""
    ledger = Ledger()

    ledger.tell(9, stop("p1"))
    ledger.tell(5, stop("p1"))

    assert only_prompt(ledger).ended_at == 9


def test_an_end_without_id_is_that_of_the_latest_prompt() -> None:
    """Without ids the current prompt ends."""
    ledger = Ledger()
    ledger.tell(1, prompt())
    ledger.tell(2, prompt())

    ledger.tell(3, stop())

    assert [each.ended_at for each in ledger.session.prompts] == [None, 3]


def test_an_end_without_any_prompt_makes_none() -> None:
    """There is no prompt to end, so none gets a number: what stands for it is shown nowhere."""
    ledger = Ledger()

    ledger.tell(1, stop())
    ledger.tell(2, stop())

    assert [(each.number, each.ended_at) for each in ledger.session.prompts] == [(None, 2)]
    assert ledger.session.last_prompt_number == 0


def test_an_end_before_any_prompt_closes_what_began_before_it() -> None:
    """A start that was sent before it and comes after it is unknown at once, as the other way."""
    ledger = Ledger()
    ledger.tell(5, stop())

    ledger.tell(3, start(3))

    assert ledger.step().status == "unknown"


def test_a_stop_closes_the_calls_of_its_prompt() -> None:
    """Law 4 (b): what of the prompt still runs on the main thread is unknown."""
    ledger = Ledger()
    ledger.tell(1, start(1, prompt_id="p1"))
    ledger.tell(2, start(2, "c2", prompt_id="p2"))

    ledger.tell(3, stop("p1"))

    assert [ledger.step("c1").status, ledger.step("c2").status] == ["unknown", "running"]


def test_a_stop_without_id_leaves_prompts_with_ids_apart() -> None:
    """Where ids are known, an end without one is that of the latest prompt alone."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(2, start(2, prompt_number=0))
    ledger.tell(3, start(3, "c2", prompt_id="p1"))

    ledger.tell(4, stop())

    assert [ledger.step("c1").status, ledger.step("c2").status] == ["running", "unknown"]


def test_a_prompt_with_another_id_closes_what_runs() -> None:
    """Law 4 (b): a turn that was interrupted is over when the next one begins."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(2, start(2, prompt_id="p1"))

    ledger.tell(3, prompt("p2"))

    assert ledger.step().status == "unknown"


def test_a_prompt_with_the_same_id_closes_nothing() -> None:
    """What is typed while a turn runs does not end it."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(2, start(2, prompt_id="p1"))

    ledger.tell(3, prompt("p1"))

    assert ledger.step().status == "running"


def test_a_prompt_without_id_closes_nothing() -> None:
    """Without ids nothing tells whether it was typed while a turn runs."""
    ledger = Ledger()
    ledger.tell(1, start(1))

    ledger.tell(2, prompt())

    assert ledger.step().status == "running"


def test_sub_agents_outlive_a_prompt() -> None:
    """Law 4 (b) is of the main thread: background sub-agents go on."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(2, start(2, agent_id="a1", prompt_id="p1"))

    ledger.tell(3, stop("p1"))
    ledger.tell(4, prompt("p2"))

    assert ledger.step().status == "running"


def test_a_prompt_opens_an_ended_session() -> None:
    """Who submits a prompt has resumed the session, told or not."""
    ledger = Ledger()
    ledger.tell(1, session_end())

    ledger.tell(2, prompt())

    assert (ledger.session.ended_at, ledger.session.end_reason) == (None, None)


def test_an_end_from_before_a_prompt_does_not_end_the_session() -> None:
    """Whichever of the two is told first."""
    ledger = Ledger()
    ledger.tell(2, prompt())

    ledger.tell(1, session_end())

    assert ledger.session.ended_at is None


def test_a_number_that_is_named_is_not_given_again() -> None:
    """After a step that names prompt 5, the next prompt is 6."""
    ledger = Ledger()
    ledger.tell(1, end(1, prompt_number=5))

    ledger.tell(2, prompt())

    assert [each.number for each in ledger.session.prompts] == [5, 6]
