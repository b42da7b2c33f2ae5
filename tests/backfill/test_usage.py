"""What each prompt of a session used."""

import json
from typing import Any

from traced.backfill.usage import Usages


def message(message_id: str, tokens: int, **said: Any) -> dict[str, Any]:
    """Return a message of the model that used so many tokens."""
    return {"id": message_id, "model": "m", "usage": {"output_tokens": tokens}, **said}


def used(usages: Usages) -> list[dict[str, Any]]:
    """Return what is told in the end."""
    return [json.loads(line) for line in usages.told()]


def test_a_message_counts_once_with_its_last_figures() -> None:
    """It is told in a line for each of its blocks."""
    usages = Usages("claude-code")
    prompt = usages.began("s1", "p1", "u1", 5)

    for each in (message("m1", 1), message("m2", 10), message("m1", 4)):
        usages.message(prompt, each)

    assert [line["output_tokens"] for line in used(usages)] == [14]


def test_a_prompt_is_one_however_often_it_is_begun() -> None:
    """More can be typed while it is answered."""
    usages = Usages("claude-code")

    assert usages.began("s1", "p1", "u1", 5) is usages.began("s1", "p1", "u2", 9)
    assert usages.began("s1", None, "u3", 10).number == 2


def test_what_no_model_said_uses_nothing() -> None:
    """The agent writes its own messages for failed requests."""
    usages = Usages("claude-code")
    prompt = usages.began("s1", "p1", "u1", 5)

    usages.message(prompt, message("m1", 1, model="<synthetic>"))
    usages.message(prompt, {"id": "m2", "model": "m"})

    assert used(usages) == []


def test_figures_that_are_none_count_as_nothing() -> None:
    """The file is its agent's, and may hold anything."""
    usages = Usages("claude-code")
    prompt = usages.began("s1", "p1", "u1", 5)

    usage = {"input_tokens": True, "output_tokens": -1, "cache_read_input_tokens": "9"}
    usages.message(prompt, {"model": "m", "usage": usage})

    assert used(usages)[0]["input_tokens"] == 0
    assert used(usages)[0]["output_tokens"] == 0
