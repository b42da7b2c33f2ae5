"""
What each prompt of a session used, added up over the files that tell of it.

Law: a message is told in several lines, one for each of its blocks, with figures that grow; it
counts once, with its last. What is told is all of a prompt, so that telling it twice is once.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from traced.agents.fields import mapping, text
from traced.backfill import lines
from traced.backfill.fields import Record

# Answers that no model gave: the agent's own word for a failed request.
SYNTHETIC: Final = "<synthetic>"
COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
TOKENS_END: Final = 2**53


class Prompt(Struct):
    """
    A prompt, when it began and was answered (Unix ms), by which model, and what that used.

    It is named by its id, or by its number where its agent gave it none.
    """

    session_id: str
    prompt_id: str | None
    number: int | None
    at: int
    ended_at: int | None = None
    model: str | None = None
    counts: list[int] | None = None


class Usages(Struct):
    """The prompts of one agent's session, in the order in which they were heard of."""

    agent: str
    prompts: dict[str, Prompt] = field(default_factory=dict)
    messages: dict[str, list[int]] = field(default_factory=dict)

    def began(self, session_id: str, prompt_id: str | None, key: str, at: int) -> Prompt:
        """Return the prompt of an id, else of a `key` that only it has; new ones are counted."""
        known = self.prompts.get(prompt_id or key)
        if known is None:
            number = len(self.prompts) + 1 if prompt_id is None else None
            known = self.prompts[prompt_id or key] = Prompt(session_id, prompt_id, number, at)
        return known

    def message(self, prompt: Prompt, message: Record) -> None:
        """Add what a message of the model says that it used."""
        model, usage = text(message, "model"), mapping(message, "usage")
        if model != SYNTHETIC and usage:
            self.add(prompt, model, text(message, "id"), _counts(usage))

    def add(self, prompt: Prompt, model: str | None, key: str | None, counts: list[int]) -> None:
        """Add figures in the order of `COUNTS`; of one key, if there is one, the last hold."""
        prompt.model = prompt.model or model
        before = self.messages.get(key or "", [0] * len(counts))
        held = prompt.counts or [0] * len(counts)
        prompt.counts = [
            min(TOKENS_END, total + new - old)
            for total, new, old in zip(held, counts, before, strict=True)
        ]
        if key:
            self.messages[key] = counts

    def told(self) -> Iterator[bytes]:
        """Yield when each prompt was answered, by whom, and what that used."""
        for prompt in self.prompts.values():
            named = {"prompt_id": prompt.prompt_id, "prompt_number": prompt.number}
            if prompt.ended_at is not None:
                at = prompt.ended_at
                yield lines.life(self.agent, prompt.session_id, "prompt_end", at, **named)
            if prompt.counts is not None:
                counts = dict(zip(COUNTS, prompt.counts, strict=True))
                said = {**named, **counts, "model": prompt.model}
                yield lines.life(self.agent, prompt.session_id, "usage", prompt.at, **said)


def _counts(usage: Record) -> list[int]:
    """Return a message's figures; the API's own leave cached tokens out of those of the input."""
    read = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    fresh = count(usage, "input_tokens")
    return [fresh + read + written, count(usage, "output_tokens"), read, written]


def count(usage: Record, key: str) -> int:
    """Return a figure of a message, zero if it is not a valid one."""
    value = usage.get(key)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < TOKENS_END
    return value if is_count and isinstance(value, int) else 0
