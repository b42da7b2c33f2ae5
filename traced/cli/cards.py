"""
A session's rows put together: each prompt with the steps that ran under it.

Law: pure; every prompt and every step appears once, steps of a prompt without a row included.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from traced.show.tree import Tree, grow
from traced.store.rows import Agent, Prompt, Session, Step


@dataclass(frozen=True, slots=True)
class Card:
    """A prompt, the steps that ran under it in the order in which they ran, and their tree."""

    prompt: Prompt
    steps: Sequence[Step]
    tree: Tree


def cards(
    session: Session, prompts: Iterable[Prompt], steps: Iterable[Step], agents: Iterable[Agent]
) -> list[Card]:
    """
    Return a session's prompts in their order.

    Prompt 0, what ran before the first prompt, is there only if something did.
    """
    agents = list(agents)
    found = {prompt.prompt_number: prompt for prompt in prompts}
    by_number: defaultdict[int, list[Step]] = defaultdict(list)
    for step in steps:
        by_number[step.prompt_number].append(step)
    for number in by_number.keys() - found.keys():
        found[number] = Prompt(
            agent=session.agent,
            session_id=session.session_id,
            prompt_number=number,
            prompt_id=None,
            source=None,
            summary=None,
            started_at=None,
            ended_at=None,
            model=None,
            input_tokens=None,
            output_tokens=None,
            cache_read_tokens=None,
            cache_creation_tokens=None,
        )
    return [
        Card(prompt, by_number[number], grow(by_number[number], agents))
        for number, prompt in sorted(found.items())
    ]
