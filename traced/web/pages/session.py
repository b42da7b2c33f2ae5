"""
`/sessions/{session_id}`: a session, and one of its prompts alone.

Law: what a page holds at once has a bound; the rows of earlier prompts are fetched when their card
is opened. A `part` of a page is made by the template that makes the page.
"""

from http import HTTPStatus
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.store.reader import ReadConnection
from traced.store.rows import SessionEntry
from traced.store.viewing import (
    SHARE_MAX,
    STEPS_MAX,
    Filter,
    SessionView,
    prompt_view,
    session_view,
)
from traced.web.asked import NUMBER_MAX, Asked, path_value, whole_number
from traced.web.pages.cards import Card, cards
from traced.web.pages.charts import Charts, charts
from traced.web.pages.drawing import now_ms
from traced.web.pages.links import Links
from traced.web.pages.listing import state
from traced.web.pages.wanted import PARAMETERS, filter_asked
from traced.web.problem import WrongField
from traced.web.reading import Reading, session_named
from traced.web.rendering import Renderer

# Of all prompts of a page together.
ROWS_MAX: Final = 400
IDENTITY: Final = ("agent", "uid")
PARTS: Final = {"card": "part_card.html", "head": "part_head.html"}


class Drawn(NamedTuple):
    """What the templates of a session draw; `fitting` steps are within the filter."""

    entry: SessionEntry
    state: str
    links: Links
    cards: list[Card]
    charts: Charts
    wanted: Filter
    fitting: int
    running: int
    revision: int
    now: int


def routes(reading: Reading, renderer: Renderer) -> list[Route]:
    """Return the routes of a session and of its prompts."""

    async def session(request: Request) -> Response:
        asked = Asked(request, (*IDENTITY, *PARAMETERS, "part"))
        wanted, part = filter_asked(asked), _part(asked, "head")

        def question(connection: ReadConnection) -> SessionView:
            found = _named(connection, request, asked)
            return session_view(connection, found, wanted, ROWS_MAX)

        view = await reading.ask(question)
        return renderer.page(part or "session.html", drawn=_drawn(view, wanted))

    async def prompt(request: Request) -> Response:
        asked = Asked(request, (*IDENTITY, *PARAMETERS, "rows", "part"))
        wanted, part = filter_asked(asked), _part(asked, "card")
        value = path_value(request, "prompt_number")
        number = whole_number("prompt_number", value, 0, NUMBER_MAX)
        steps_max = asked.number("rows", 1, STEPS_MAX) or SHARE_MAX

        def question(connection: ReadConnection) -> SessionView:
            found = _named(connection, request, asked)
            return prompt_view(connection, found, number, wanted, steps_max)

        view = await reading.ask(question)
        if not view.prompts and not view.figures:
            raise WrongField(
                "prompt_number", value, "a prompt of this session", HTTPStatus.NOT_FOUND
            )
        return renderer.page(part or "prompt.html", number=number, drawn=_drawn(view, wanted))

    return [
        Route("/sessions/{session_id:segment}", session),
        Route("/sessions/{session_id:segment}/prompts/{prompt_number:segment}", prompt),
    ]


def _named(connection: ReadConnection, request: Request, asked: Asked) -> SessionEntry:
    return session_named(connection, path_value(request, "session_id"), asked.agent(), asked.uid())


def _part(asked: Asked, known: str) -> str | None:
    part = asked.value("part")
    if part not in {None, known}:
        raise WrongField("part", part or "", known)
    return None if part is None else PARTS[part]


def _drawn(view: SessionView, wanted: Filter) -> Drawn:
    now = now_ms()
    figures = view.figures.values()
    return Drawn(
        entry=view.entry,
        state=state(view.entry),
        links=Links(view.entry, wanted),
        cards=cards(view, wanted, now),
        charts=charts(view.kinds, view.notable),
        wanted=wanted,
        fitting=sum(each.fitting for each in figures),
        running=sum(each.running for each in figures),
        revision=view.revision,
        now=now,
    )
