"""
What the tools do: one function a tool, from its parameters and a connection to its answer.

Law: each reads within bounds, and where the record goes on beyond them the answer says how.
"""

import time
from collections.abc import Sequence
from typing import Final

from traced.core.errors import SessionAmbiguous, SessionUnknown, TracedError
from traced.recall import parameters
from traced.recall.answers import (
    ANSWER_CHARS_MAX,
    FoundSteps,
    RecentSteps,
    SessionSteps,
    SlowestSteps,
    ToldKind,
    ToldPrompt,
    ToldSession,
    ToldStep,
    fitting,
    told,
)
from traced.recall.parameters import Order
from traced.show.times import since_ms
from traced.store import queries, recalling
from traced.store.index.search import Query
from traced.store.index.search import search as find
from traced.store.index.stats import stats, stats_of_session
from traced.store.pages import INT64_MAX
from traced.store.reader import ReadConnection, snapshot
from traced.store.recalling import Wanted
from traced.store.rows import Prompt, SessionEntry, Step, StepStats

SINCE: Final = "24h"
# Of an answer's characters: what comes first must leave room for the steps.
PROMPTS_CHARS_MAX: Final = ANSWER_CHARS_MAX // 3
KINDS_CHARS_MAX: Final = ANSWER_CHARS_MAX // 3


def recent(connection: ReadConnection, asked: parameters.Recent) -> RecentSteps:
    """Return the steps recorded last that fit, latest first."""
    wanted = Wanted(asked.agent, asked.trace_type, asked.name, asked.status)
    before = INT64_MAX if asked.before is None else asked.before
    found = recalling.latest(connection, wanted, asked.limit, before)
    steps = _steps(found.steps, ANSWER_CHARS_MAX)
    is_cut = len(steps) < len(found.steps)
    goes_on = found.steps[len(steps) - 1].id if is_cut else found.key
    return RecentSteps(steps, goes_on)


def session(connection: ReadConnection, asked: parameters.Session) -> SessionSteps:
    """
    Return a session with a page of its steps.

    Raises:
        SessionUnknown: If there is no such session, or it has no such prompt.
        SessionAmbiguous: If there are several.
    """
    wanted = Wanted(None, asked.trace_type, asked.name, asked.status)
    after = -1 if asked.after is None else asked.after
    with snapshot(connection):
        entry = _session_named(connection, asked.session, asked.agent)
        prompts = queries.prompts(connection, entry.pk)
        page = recalling.of_session(
            connection, entry.pk, wanted, asked.limit, asked.prompt_number, after
        )
    _check_prompt(prompts, asked.prompt_number)
    steps = _steps(page.steps, ANSWER_CHARS_MAX - PROMPTS_CHARS_MAX)
    goes_on = steps[-1].step_order if len(steps) < len(page.steps) else page.key
    around = _around(prompts, steps, asked, is_last=goes_on is None)
    shown = fitting((told(ToldPrompt, prompt) for prompt in around), PROMPTS_CHARS_MAX)
    counts = {"prompts": entry.prompts, "running": entry.running}
    return SessionSteps(
        told(ToldSession, entry.session, **counts),
        shown,
        steps,
        prompts_left_out=len(around) - len(shown),
        next=goes_on,
    )


def search(connection: ReadConnection, asked: parameters.Search) -> FoundSteps:
    """
    Return the steps that hold all words, the one that changed last first.

    Raises:
        NothingToFind: If the text holds no word.
    """
    query = Query(asked.text, asked.limit, asked.agent, asked.trace_type, asked.before)
    found = find(connection, query)
    steps = _steps(found.results, ANSWER_CHARS_MAX)
    is_cut = len(steps) < len(found.results)
    goes_on = found.results[len(steps) - 1].revision if is_cut else found.next
    return FoundSteps(steps, found.complete, goes_on)


def slowest(connection: ReadConnection, asked: parameters.Slowest) -> SlowestSteps:
    """
    Return which kinds of steps took longest, and which single ones.

    Raises:
        TracedError: If `since` is no time, or is given beside `session`.
        SessionUnknown: If there is no such session.
        SessionAmbiguous: If there are several.
    """
    wanted = Wanted(agent=asked.agent, trace_type=asked.trace_type)
    if asked.session is not None:
        if asked.since is not None:
            raise TracedError("since and session are given, expected one of them")
        entry = _session_named(connection, asked.session, asked.agent)
        kinds = stats_of_session(connection, entry.pk)
        found = recalling.slowest_of_session(connection, entry.pk, wanted, asked.steps)
        looked_at, is_complete = entry.session.steps, True
    else:
        since = _since(SINCE if asked.since is None else asked.since)
        kinds = stats(connection, since, asked.agent)
        found, looked_at, key = recalling.slowest(connection, wanted, since, asked.steps)
        is_complete = key is None
    told_kinds = _kinds(kinds, asked)
    steps = _steps(found, ANSWER_CHARS_MAX - KINDS_CHARS_MAX)
    return SlowestSteps(told_kinds, steps, looked_at, is_complete)


def _steps(steps: Sequence[Step], chars_max: int) -> list[ToldStep]:
    return fitting((told(ToldStep, step) for step in steps), chars_max)


def _session_named(connection: ReadConnection, text: str, agent: str | None) -> SessionEntry:
    """Return the session that is meant; errors speak of parameters, not of flags."""
    try:
        return queries.resolve_session(connection, text, agent)
    except SessionUnknown:
        whose = "" if agent is None else f" of agent {agent}"
        raise SessionUnknown(
            f"session is {text!r}, expected the id of a recorded session{whose}, the beginning of"
            " one, or `last`: the tool recent tells the ids of those used lately"
        ) from None
    except SessionAmbiguous as error:
        several = str(error).rpartition(": ")[0]
        raise SessionAmbiguous(f"session: {several}: give more of the id, or agent") from None


def _check_prompt(prompts: Sequence[Prompt], number: int | None) -> None:
    known = {prompt.prompt_number for prompt in prompts}
    if number and number not in known:
        raise SessionUnknown(
            f"prompt_number is {number}, expected 0 to {max(known, default=0)}, the session's last"
        )


def _around(
    prompts: Sequence[Prompt],
    steps: Sequence[ToldStep],
    asked: parameters.Session,
    *,
    is_last: bool,
) -> list[Prompt]:
    """Return the prompts under which a page's steps ran, and those without steps between them."""
    if asked.prompt_number is not None:
        return [prompt for prompt in prompts if prompt.prompt_number == asked.prompt_number]
    numbers = {step.prompt_number for step in steps}
    if asked.trace_type or asked.name or asked.status:
        return [prompt for prompt in prompts if prompt.prompt_number in numbers]
    first = 0 if asked.after is None else min(numbers, default=INT64_MAX)
    last = INT64_MAX if is_last else max(numbers, default=0)
    return [prompt for prompt in prompts if first <= prompt.prompt_number <= last]


def _since(text: str) -> int:
    found = since_ms(text, time.time_ns() // 1_000_000)
    if found is None:
        raise TracedError(
            f"since is {text!r}, expected 90s, 15m, 24h, 7d or a date such as 2026-01-31T12:00Z"
        )
    return found


def _kinds(kinds: Sequence[StepStats], asked: parameters.Slowest) -> list[ToldKind]:
    of_type = [each for each in kinds if asked.trace_type in {None, each.trace_type}]
    # Stable: equals stay in the order of their totals.
    ordered = sorted(of_type, key=lambda each: _figure(each, asked.by), reverse=True)
    chosen = (told(ToldKind, each) for each in ordered[: asked.kinds])
    return fitting(chosen, KINDS_CHARS_MAX)


def _figure(kind: StepStats, by: Order) -> float:
    figures = {
        "total_ms": kind.total_ms,
        "p95_ms": kind.p95_ms or 0.0,
        "errors": kind.errors,
        "count": kind.count,
    }
    return figures[by]
