"""
Tokens: what the response to a prompt used, and with it its session.

Law: each telling is of all that was used so far, so that of several the largest holds and telling
one twice changes nothing. A session's figures are the sums of its prompts'.
"""

from typing import Final

from msgspec.structs import astuple

from traced.core.event import TokensUsed
from traced.core.ledger.batch import Batch
from traced.core.ledger.session import SessionState

COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")


def used(batch: Batch, session: SessionState, change: TokensUsed) -> None:
    """Take what a prompt used, the latest if none is named; of one that nobody knows, nothing."""
    number = change.prompt_number
    if number is None:
        number = session.last_prompt_number
    prompt = (
        session.prompt_numbered(number)
        if change.prompt_id is None
        else session.prompts_by_id.get(change.prompt_id)
    )
    if prompt is None or prompt.number is None:
        return
    before = astuple(prompt)
    if prompt.model is None:
        prompt.model = change.model
    for name in COUNTS:
        told, known = getattr(change, name), getattr(prompt, name)
        if told is not None and (known is None or told > known):
            setattr(prompt, name, told)
            setattr(session, name, (getattr(session, name) or 0) + told - (known or 0))
    if astuple(prompt) == before:
        return
    batch.prompt_changed(session, prompt)
    batch.sessions[session.pk] = session
    batch.added += 1
