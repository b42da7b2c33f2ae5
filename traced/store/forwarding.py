"""
What a forwarder asks: what is new since it last looked, and of what that is a part.

Law: an answer is bounded in rows, however far behind who asks is, and holds no content but of one
step at a time; all is asked in one `snapshot`, so that what one function tells holds for the next.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from traced.store.pages import within_bounds
from traced.store.reader import ReadConnection
from traced.store.rows import Prompt, Step
from traced.store.statements import json_list, statement

STEPS_MAX: Final = 500
PROMPTS_MAX: Final = 500


class Position(NamedTuple):
    """The last revision of a step, and the last key of a prompt, that the database gave."""

    revision: int
    prompt_pk: int


class Witness(NamedTuple):
    """A step and when it was made (Unix ms), by which a database is known again."""

    step_id: int
    made_at: int


class ChangedStep(NamedTuple):
    """A step with the key of its session."""

    session_pk: int
    step: Step


class Changed(NamedTuple):
    """Steps by their revisions, the revision up to which these are all, and if there are more."""

    steps: list[ChangedStep]
    revision: int
    has_more: bool


class PromptKey(NamedTuple):
    """Which prompt of which session."""

    session_pk: int
    prompt_number: int


class MadePrompt(NamedTuple):
    """A prompt's key in the database; `prompt_number` is None as long as it is shown nowhere."""

    pk: int
    session_pk: int
    prompt_number: int | None


class Root(NamedTuple):
    """
    A prompt with what its trace needs of its session; `owner_uid` as in `SessionEntry`.

    `first_ms` and `last_ms` (Unix) are of its steps, where the prompt has no times of its own.
    Nothing more is awaited of it once it, or its session, is over.
    """

    session_pk: int
    owner_uid: int
    model: str | None
    prompt: Prompt
    first_ms: int | None
    last_ms: int | None
    is_over: bool
    session_is_over: bool


def position(connection: ReadConnection) -> Position:
    """Return how far the database has got."""
    return Position(*connection.execute(statement("forward_position")).fetchone())


def witness(connection: ReadConnection, revision: int) -> Witness | None:
    """Return the newest step made up to a revision, None if none is left."""
    row = connection.execute(statement("forward_witness"), {"revision": revision}).fetchone()
    return None if row is None else Witness(*row)


def running(connection: ReadConnection) -> list[int]:
    """Return the ids of the steps that run now."""
    return [step_id for (step_id,) in connection.execute(statement("forward_running"))]


def changed(connection: ReadConnection, since_revision: int) -> Changed:
    """Return the next steps that were made or changed after a revision, without content."""
    newest = position(connection).revision
    limit = STEPS_MAX
    everything = dict.fromkeys(("session_pk", "agent", "owner_uid"))
    asked = {**everything, "since": since_revision, "limit": limit + 1, "content": False}
    steps, more = within_bounds(connection, "changed_steps", asked, limit)
    return Changed(_of_sessions(connection, steps), steps[-1].revision if more else newest, more)


def steps(connection: ReadConnection, ids: Iterable[int]) -> list[ChangedStep]:
    """Return those of some steps that have not been removed, without content."""
    rows = connection.execute(statement("forward_steps"), {"ids": json_list(ids)}).fetchall()
    return _of_sessions(connection, [Step(*row) for row in rows])


def with_content(connection: ReadConnection, step: Step) -> Step:
    """Return a step with what it was given and gave."""
    row = connection.execute(statement("forward_content"), {"id": step.id}).fetchone()
    return replace(step, input=row[0], output=row[1])


def still_there(connection: ReadConnection, ids: Iterable[int]) -> frozenset[int]:
    """Return which of these steps have not been removed."""
    return frozenset(_sessions(connection, ids))


def made_prompts(
    connection: ReadConnection, after_pk: int, up_to_pk: int, unnumbered: Iterable[int]
) -> list[MadePrompt]:
    """Return the next prompts after a key, and what became of those that had no number yet."""
    asked = {
        "after": after_pk,
        "up_to": up_to_pk,
        "unnumbered": json_list(unnumbered),
        "limit": PROMPTS_MAX,
    }
    rows = connection.execute(statement("forward_new_prompts"), asked).fetchall()
    return [MadePrompt(*row) for row in rows]


def newest_prompt(connection: ReadConnection, found: Iterable[ChangedStep]) -> int | None:
    """Return the key of the newest prompt that these steps are of; None if they are of none."""
    asked = {"ids": json_list(each.step.id for each in found)}
    newest: int | None = connection.execute(statement("forward_newest_prompt"), asked).fetchone()[0]
    return newest


def roots(
    connection: ReadConnection, keys: Iterable[PromptKey], idle_since_ms: int
) -> dict[PromptKey, Root]:
    """Return what is known of prompts, without those of removed sessions."""
    asked = {"keys": json_list(keys), "idle_since": idle_since_ms}
    found = [
        Root(
            row[0], row[1], row[2], Prompt(*row[3:16]), row[16], row[17], bool(row[18]),
            bool(row[19]),
        )
        for row in connection.execute(statement("forward_prompts"), asked).fetchall()
    ]  # fmt: skip
    return {PromptKey(root.session_pk, root.prompt.prompt_number): root for root in found}


def _of_sessions(connection: ReadConnection, found: list[Step]) -> list[ChangedStep]:
    sessions = _sessions(connection, (step.id for step in found))
    return [ChangedStep(sessions[step.id], step) for step in found]


def _sessions(connection: ReadConnection, ids: Iterable[int]) -> dict[int, int]:
    asked = {"ids": json_list(ids)}
    return dict(connection.execute(statement("forward_sessions"), asked).fetchall())
