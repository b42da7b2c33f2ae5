"""
What the viewer asks of the database: a session as it is drawn, and the sessions to choose from.

Law: every question has a bound of rows, and none reads what a step's content holds; the figures of
a session are exact however long it is, what is drawn of it are its last steps.
"""

from typing import Final, NamedTuple

from traced.store import queries
from traced.store.pages import NEWEST, SessionKey
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import Agent, Prompt, Session, SessionEntry, Step
from traced.store.statements import statement

# Of one session: SQLite reads as many in 0.1 s, and a browser draws them in as much.
BARS_MAX: Final = 20_000
# Of one prompt, where those of others are shown too.
SHARE_MAX: Final = 200
KINDS_MAX: Final = 12
NOTABLE_MAX: Final = 6
STEPS_MAX: Final = 5000


class Filter(NamedTuple):
    """Which steps are wanted; `text` is looked for in names, summaries and errors, in any case."""

    trace_type: str | None = None
    name: str | None = None
    status: str | None = None
    text: str | None = None


class TitledSession(NamedTuple):
    """A session and its first prompt's text."""

    entry: SessionEntry
    title: str | None


class SessionList(NamedTuple):
    """Some sessions, the one used last first; and the revision of which all this is the state."""

    sessions: list[TitledSession]
    key: SessionKey | None
    revision: int


class PromptFigures(NamedTuple):
    """What is counted of a prompt; its steps ran between these times, in Unix milliseconds."""

    prompt_number: int
    steps: int
    fitting: int
    errors: int
    stopped: int
    running: int
    first_at: int
    last_at: int


class Bar(NamedTuple):
    """As much of a step as drawing it takes, in Unix milliseconds."""

    prompt_number: int
    step_order: int
    trace_type: str
    status: str
    agent_id: str | None
    began_at: int
    ended_at: float


class Kind(NamedTuple):
    """How often and how long steps of one kind ran."""

    trace_type: str
    name: str
    source: str | None
    calls: int
    errors: int
    total_ms: float


class Notable(NamedTuple):
    """A step that was among the slowest, or, where not `is_slow`, among those that failed."""

    is_slow: int
    prompt_number: int
    step_order: int
    trace_type: str
    name: str
    source: str | None
    status: str
    summary: str
    duration_ms: float | None


class SessionView(NamedTuple):
    """
    A session in one state, that of `revision`.

    `steps` holds the last steps of the prompts for which there was room, by their number; `bars`
    come in the order of recording.
    """

    entry: SessionEntry
    prompts: list[Prompt]
    agents: list[Agent]
    figures: dict[int, PromptFigures]
    bars: list[Bar]
    steps: dict[int, list[Step]]
    kinds: list[Kind]
    notable: list[Notable]
    revision: int


def session_list(
    connection: ReadConnection,
    limit: int,
    before: SessionKey = NEWEST,
    *,
    agent: str | None = None,
    text: str | None = None,
    empty_too: bool = False,
) -> SessionList:
    """Return the sessions used last, or last before the key of the list before."""
    asked = {
        "before_at": before.used_at_ms,
        "before_pk": before.pk,
        "agent": agent,
        "text": text,
        "all": empty_too,
        "limit": limit + 1,
    }
    with snapshot(connection):
        revision = queries.newest_revision(connection)
        rows = connection.execute(statement("view_sessions"), asked).fetchall()
    shown = [
        TitledSession(SessionEntry(row[0], row[1], Session(*row[2:16]), row[16], row[17]), row[19])
        for row in rows[:limit]
    ]
    key = SessionKey(rows[limit - 1][18], rows[limit - 1][0]) if len(rows) > limit else None
    return SessionList(shown, key, revision)


def session_view(
    connection: ReadConnection, entry: SessionEntry, wanted: Filter, steps_max: int
) -> SessionView:
    """
    Return a session with at most `steps_max` of its last steps that fit.

    No prompt has more than SHARE_MAX of them.
    """
    asked = {"session_pk": entry.pk}
    with snapshot(connection):
        kinds = connection.execute(statement("view_kinds"), {**asked, "limit": KINDS_MAX})
        notable = connection.execute(statement("view_notable"), {**asked, "limit": NOTABLE_MAX})
        return SessionView(
            entry,
            queries.prompts(connection, entry.pk),
            queries.agents(connection, entry.pk),
            _figures(connection, entry.pk, wanted),
            _bars(connection, entry.pk, None),
            _steps(connection, entry.pk, None, wanted, steps_max),
            [Kind(*row) for row in kinds.fetchall()],
            [Notable(*row) for row in notable.fetchall()],
            queries.newest_revision(connection),
        )


def prompt_view(
    connection: ReadConnection, entry: SessionEntry, number: int, wanted: Filter, steps_max: int
) -> SessionView:
    """Return the same of one prompt alone; without the figures of the whole session."""
    with snapshot(connection):
        figures = _figures(connection, entry.pk, wanted)
        prompts = queries.prompts(connection, entry.pk)
        return SessionView(
            entry,
            [each for each in prompts if each.prompt_number == number],
            queries.agents(connection, entry.pk),
            {number: figures[number]} if number in figures else {},
            _bars(connection, entry.pk, number),
            {number: []} | _steps(connection, entry.pk, number, wanted, steps_max),
            [],
            [],
            queries.newest_revision(connection),
        )


def _figures(
    connection: ReadConnection, session_pk: int, wanted: Filter
) -> dict[int, PromptFigures]:
    asked = {"session_pk": session_pk, **wanted._asdict()}
    rows = connection.execute(statement("view_prompts"), asked).fetchall()
    return {row[0]: PromptFigures(*row) for row in rows}


def _steps(
    connection: ReadConnection, session_pk: int, number: int | None, wanted: Filter, limit: int
) -> dict[int, list[Step]]:
    """Return the last steps that fit of one prompt or of the last ones, as they ran."""
    asked = {
        "session_pk": session_pk,
        "prompt_number": number,
        "share": SHARE_MAX if number is None else limit,
        "limit": limit,
        **wanted._asdict(),
    }
    steps: dict[int, list[Step]] = {}
    for row in connection.execute(statement("view_steps"), asked).fetchall():
        step = Step(*row)
        steps.setdefault(step.prompt_number, []).append(step)
    return {number: sorted(each, key=_when) for number, each in steps.items()}


def _bars(connection: ReadConnection, session_pk: int, number: int | None) -> list[Bar]:
    asked = {"session_pk": session_pk, "prompt_number": number, "limit": BARS_MAX}
    rows = connection.execute(statement("view_bars"), asked).fetchall()
    return [Bar(*row) for row in reversed(rows)]


def _when(step: Step) -> tuple[str, int]:
    # All of one form, so that text sorts as time does.
    return step.started_at or step.ended_at or step.created_at, step.step_order
