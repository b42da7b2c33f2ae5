"""
The ids of traces and spans, made of what identifies the data.

Law: the same prompt, call or event has the same id wherever, whenever and however often it is
exported; orders, numbers and revisions, which start again when a session was removed, take part
only where an agent gave nothing better.
"""

from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from traced.store.rows import Prompt, Step

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8


class Origin(NamedTuple):
    """Whose session it is; `owner_uid` is -1 unless several users share the database."""

    agent: str
    session_id: str
    owner_uid: int = -1


def trace_id(origin: Origin, prompt: Prompt) -> bytes:
    """
    Return the id of the trace that a prompt and all that ran for it make.

    A prompt without an id from its agent is identified by its number and when it was submitted.
    """
    if prompt.prompt_id is not None:
        return _digest(TRACE_ID_BYTES, "prompt", origin, prompt.prompt_id)
    return _digest(
        TRACE_ID_BYTES, "prompt", origin, str(prompt.prompt_number), prompt.started_at or ""
    )


def root_span_id(trace: bytes) -> bytes:
    """Return the id of the span that a trace begins with."""
    return blake2b(trace, digest_size=SPAN_ID_BYTES).digest()


def call_span_id(origin: Origin, call_id: str) -> bytes:
    """Return the id of the span of the step that has this call id."""
    return _digest(SPAN_ID_BYTES, "call", origin, call_id)


def step_span_id(origin: Origin, step: Step) -> bytes:
    """Return the id of a step's span."""
    if step.call_id is not None:
        return call_span_id(origin, step.call_id)
    if step.event_id is not None:
        return _digest(SPAN_ID_BYTES, "event", origin, step.event_id)
    return _digest(SPAN_ID_BYTES, "step", origin, str(step.id), str(step.created_at_epoch))


def agent_span_id(origin: Origin, agent_id: str) -> bytes:
    """Return the id of the span of a sub-agent of which no call is known."""
    return _digest(SPAN_ID_BYTES, "agent", origin, agent_id)


def _digest(size: int, kind: str, origin: Origin, *parts: str) -> bytes:
    # As JSON, so that no two lists of texts are one.
    return blake2b(msgspec.json.encode((kind, *origin, *parts)), digest_size=size).digest()
