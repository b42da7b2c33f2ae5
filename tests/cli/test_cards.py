import msgspec
from support.rows import AGENT, PROMPT, SESSION, ran

from traced.cli.cards import cards


def test_steps_stand_under_their_prompt() -> None:
    """Each prompt has its own steps, as they ran, and a tree of them."""
    second_prompt = msgspec.structs.replace(PROMPT, prompt_number=2)
    steps = [ran(1, 0, 1), ran(2, 2, 3, prompt_number=2), ran(3, 4, 5)]
    found = cards(SESSION, [PROMPT, second_prompt], steps, [])

    assert [[step.id for step in card.steps] for card in found] == [[1, 3], [2]]
    assert [len(card.tree.nodes) for card in found] == [2, 1]


def test_prompts_without_steps_are_there() -> None:
    """A prompt that was answered without a single step has a card too."""
    (found,) = cards(SESSION, [PROMPT], [], [])

    assert (found.prompt, found.steps) == (PROMPT, [])


def test_prompts_come_by_number() -> None:
    """Cards are in the order of the prompts' numbers, whatever order the rows come in."""
    rows = [msgspec.structs.replace(PROMPT, prompt_number=number) for number in (3, 1, 2)]

    assert [card.prompt.prompt_number for card in cards(SESSION, rows, [], [])] == [1, 2, 3]


def test_what_ran_before_the_first_prompt_has_a_card() -> None:
    """Steps of a prompt without a row, as of prompt 0, have a card of which nothing is known."""
    found = cards(SESSION, [PROMPT], [ran(1, 0, 1, prompt_number=0)], [])

    assert [card.prompt.prompt_number for card in found] == [0, 1]
    assert (found[0].prompt.session_id, found[0].prompt.summary) == ("s1", None)


def test_agents_are_known_to_every_card() -> None:
    """A sub-agent launched under any prompt is found there."""
    steps = [ran(1, 0, 1, prompt_number=7, child_agent_id="a1")]
    (found,) = cards(SESSION, [], steps, [AGENT])

    assert found.tree.nodes[0].launched == AGENT
