"""
`/sessions/{session_id}/steps/{step_order}`: one step with all that is known of it.

Law: the only page that reads content; what of it is longer than a page can hold is cut, and said.
"""

import json
from http import HTTPStatus
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.store import pages
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import SessionEntry, Step
from traced.web.asked import NUMBER_MAX, Asked, path_value, whole_number
from traced.web.pages.drawing import now_ms
from traced.web.pages.links import Links
from traced.web.pages.visible import BLOCK_CHARS_MAX
from traced.web.problem import WrongField
from traced.web.reading import Reading, session_named
from traced.web.rendering import Renderer

IDENTITY: Final = ("agent", "uid")


class Found(NamedTuple):
    """A step, and its session."""

    entry: SessionEntry
    step: Step


class Content(NamedTuple):
    """What went in or came out; `missing` tells how many characters of it are not shown."""

    title: str
    text: str
    missing: int


def routes(reading: Reading, renderer: Renderer) -> list[Route]:
    """Return the route of a step."""

    async def step(request: Request) -> Response:
        asked = Asked(request, (*IDENTITY, "part"))
        if asked.value("part") not in {None, "step"}:
            raise WrongField("part", asked.value("part") or "", "step")
        value = path_value(request, "step_order")
        order = whole_number("step_order", value, 0, NUMBER_MAX, HTTPStatus.NOT_FOUND)

        def question(connection: ReadConnection) -> Found:
            session_id = path_value(request, "session_id")
            with snapshot(connection):
                entry = session_named(connection, session_id, asked.agent(), asked.uid())
                found = pages.of_session(connection, entry.pk, 1, after=order - 1).steps
            if not found or found[0].step_order != order:
                expected = "the order of a step of this session"
                raise WrongField("step_order", value, expected, HTTPStatus.NOT_FOUND)
            return Found(entry, found[0])

        found = await reading.ask(question)
        return renderer.page(
            "step.html" if asked.value("part") is None else "part_step.html",
            session=found.entry.session,
            step=found.step,
            contents=contents(found.step),
            links=Links(found.entry),
            now=now_ms(),
        )

    return [Route("/sessions/{session_id:segment}/steps/{step_order:segment}", step)]


def contents(step: Step) -> list[Content]:
    """Return what is known of a step's error, input and output; its summary where not captured."""
    found = [
        ("Error", step.error),
        ("Input", readable(step.input) if step.input is not None else step.input_summary),
        ("Output", readable(step.output) if step.output is not None else step.output_summary),
    ]
    return [
        Content(title, text[:BLOCK_CHARS_MAX], max(len(text) - BLOCK_CHARS_MAX, 0))
        for title, text in found
        if text
    ]


def readable(document: str) -> str:
    """Return a JSON document over several lines; a string alone as the text that it is."""
    if len(document) > BLOCK_CHARS_MAX:
        return document
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):
        return document
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
