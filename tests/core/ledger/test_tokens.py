"""Tokens: what a prompt used, and its session."""

from support.ledgers import Ledger, prompt

from traced.core.event import TokensUsed


def counted(ledger: Ledger, number: int) -> tuple[int | None, int | None]:
    """Return the input and output tokens of a prompt."""
    found = ledger.session.prompt_numbered(number)
    assert found is not None
    return found.input_tokens, found.output_tokens


def test_a_prompt_has_what_it_used() -> None:
    """With the model that answered it; the session has the sum of its prompts."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(2, prompt("p2"))

    ledger.tell(3, TokensUsed("p1", model="m", input_tokens=10, output_tokens=2))
    ledger.tell(3, TokensUsed("p2", input_tokens=5))

    assert counted(ledger, 1) == (10, 2)
    assert counted(ledger, 2) == (5, None)
    assert (ledger.session.input_tokens, ledger.session.output_tokens) == (15, 2)
    assert ledger.session.prompts_by_id["p1"].model == "m"


def test_of_several_tellings_the_largest_holds() -> None:
    """Each is of all that was used so far, in whatever order they come."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))

    for tokens in (10, 30, 20, 30):
        ledger.tell(3, TokensUsed("p1", input_tokens=tokens))

    assert counted(ledger, 1) == (30, None)
    assert ledger.session.input_tokens == 30


def test_without_a_name_they_are_the_latest_prompts() -> None:
    """An agent without prompt ids has one prompt at a time."""
    ledger = Ledger()
    ledger.tell(1, prompt())
    ledger.tell(2, prompt())

    ledger.tell(3, TokensUsed(input_tokens=5))
    ledger.tell(3, TokensUsed(prompt_number=1, input_tokens=7))

    assert counted(ledger, 2) == (5, None)
    assert counted(ledger, 1) == (7, None)


def test_of_a_prompt_that_nobody_knows_nothing_is_kept() -> None:
    """Local commands have ids too, and no number."""
    ledger = Ledger()

    ledger.tell(3, TokensUsed("p9", input_tokens=5))
    ledger.tell(3, TokensUsed(prompt_number=4, input_tokens=5))

    assert ledger.session.prompts == []
    assert ledger.session.input_tokens is None
