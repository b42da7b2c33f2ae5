"""
Everything that was recorded, or a part of it, row by row: what an export reads.

Law: memory holds one page of rows and the sub-agents of one session, however much is read; no read
transaction lasts longer than a page, so that an export never holds the write-ahead log. Each row is
as it was when it was read: what is recorded meanwhile may be in it or not.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from traced.store import queries
from traced.store.pages import INT64_MAX, within_bounds
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import Agent, Prompt, Session, SessionEntry, Step
from traced.store.statements import statement

SESSIONS_PAGE: Final = 100
PROMPTS_PAGE: Final = 100
STEPS_PAGE: Final = 500


class Wanted(NamedTuple):
    """
    What is to be read: of one session, agent or user, and what began in a time.

    Times are Unix milliseconds, `until_ms` is outside. Without `content`, steps come without
    `input` and `output`.
    """

    session_pk: int | None = None
    agent: str | None = None
    owner_uid: int | None = None
    since_ms: int = 0
    until_ms: int = INT64_MAX
    content: bool = True

    @property
    def is_of_any_time(self) -> bool:
        """Whether nothing is left out for when it was."""
        return self.since_ms == 0 and self.until_ms == INT64_MAX


class PromptEntry(NamedTuple):
    """
    A prompt, and from when until when (Unix ms) its steps tell of it.

    One that is not `is_recorded` is no row of the view `prompts`: only steps have its number.
    """

    prompt: Prompt
    is_recorded: bool
    first_ms: int | None
    last_ms: int | None


class SessionRows(NamedTuple):
    """A session and its sub-agents, first started first."""

    entry: SessionEntry
    agents: list[Agent]


Row = SessionRows | PromptEntry | Step


def rows(connection: ReadConnection, wanted: Wanted) -> Iterator[Row]:
    """
    Yield each session with its sub-agents, and after it each of its prompts and that one's steps.

    Sessions come in the order in which they were first heard of, steps by their order. In a time,
    sessions without a prompt or step are left out.

    Raises:
        StoreError: If the database cannot be read.
    """
    after = -1
    while True:
        entries = _sessions(connection, wanted, after)
        for entry in entries:
            yield from _of_session(connection, wanted, entry)
        if len(entries) < SESSIONS_PAGE:
            return
        after = entries[-1].pk


def _of_session(connection: ReadConnection, wanted: Wanted, entry: SessionEntry) -> Iterator[Row]:
    prompts = _prompts(connection, wanted, entry.pk)
    first = next(prompts, None)
    if first is None and not wanted.is_of_any_time:
        return
    with snapshot(connection):
        agents = queries.agents(connection, entry.pk)
    yield SessionRows(entry, agents)
    if first is not None:
        for prompt in chain([first], prompts):
            yield prompt
            yield from _steps(connection, wanted, entry.pk, prompt.prompt.prompt_number)


def _steps(
    connection: ReadConnection, wanted: Wanted, session_pk: int, prompt_number: int
) -> Iterator[Step]:
    after = -1
    while True:
        asked = {
            "session_pk": session_pk,
            "prompt_number": prompt_number,
            "after": after,
            "since": wanted.since_ms,
            "until": wanted.until_ms,
            "content": wanted.content,
            "limit": STEPS_PAGE + 1,
        }
        with snapshot(connection):
            steps, more = within_bounds(connection, "export_steps", asked, STEPS_PAGE)
        yield from steps
        if not more:
            return
        after = steps[-1].step_order


def _sessions(connection: ReadConnection, wanted: Wanted, after: int) -> list[SessionEntry]:
    asked = {
        "after": after,
        "session_pk": wanted.session_pk,
        "agent": wanted.agent,
        "owner_uid": wanted.owner_uid,
        "since": wanted.since_ms,
        "limit": SESSIONS_PAGE,
    }
    with snapshot(connection):
        found = connection.execute(statement("export_sessions"), asked).fetchall()
    return [SessionEntry(row[0], row[1], Session(*row[2:16]), row[16], row[17]) for row in found]


def _prompts(connection: ReadConnection, wanted: Wanted, session_pk: int) -> Iterator[PromptEntry]:
    after = -1
    while True:
        asked = {
            "session_pk": session_pk,
            "after": after,
            "since": wanted.since_ms,
            "until": wanted.until_ms,
            "everything": wanted.is_of_any_time,
            "limit": PROMPTS_PAGE,
        }
        with snapshot(connection):
            found = connection.execute(statement("export_prompts"), asked).fetchall()
        for *prompt, is_recorded, first_ms, last_ms, is_wanted in found:
            if is_wanted:
                yield PromptEntry(Prompt(*prompt), bool(is_recorded), first_ms, last_ms)
        if len(found) < PROMPTS_PAGE:
            return
        after = found[-1][2]
