"""
What the API can be asked: a table of its operations.

Law: bounds are those that are checked, and the documents those that are sent; each route has a row,
and each row a route.
"""

from http import HTTPStatus
from typing import Final, NamedTuple

from traced.store.pages import INT64_MAX
from traced.web import events, metrics
from traced.web.asked import LIMIT_DEFAULT, LIMIT_MAX, NAME_CHARS_MAX, NUMBER_MAX, UID_MAX
from traced.web.documents import FoundSteps, Health, SessionDocument, Sessions, Stats, Traces
from traced.web.figures import QUERY_CHARS_MAX, TRACE_TYPES
from traced.web.hooks import AGENTS
from traced.web.traces import CURSOR_CHARS_MAX

Json = dict[str, object]

JSON: Final = "application/json"


class Parameter(NamedTuple):
    """A value that is asked for, and where it stands."""

    name: str
    schema: Json
    place: str = "query"
    told: str = ""
    is_required: bool = False


class Operation(NamedTuple):
    """
    What one path does.

    It answers with a `document` or, where there is none, with text of a media type; `problems` are
    those beside the ones that any path may answer with.
    """

    path: str
    summary: str
    media: str | None
    document: type | None = None
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[HTTPStatus, ...] = ()
    method: str = "get"
    body: Json | None = None


def _whole(low: int, high: int, **more: int) -> Json:
    return {"type": "integer", "minimum": low, "maximum": high, **more}


def _text(chars_max: int | None = None) -> Json:
    bounds: Json = {} if chars_max is None else {"maxLength": chars_max}
    return {"type": "string", "minLength": 1, **bounds}


_SESSION: Final = Parameter("session_id", _text(), "path", is_required=True)
_PROMPT: Final = Parameter("prompt_number", _whole(0, NUMBER_MAX), "path", is_required=True)
_AGENT: Final = Parameter("agent", _text(NAME_CHARS_MAX))
_UID: Final = Parameter("uid", _whole(0, UID_MAX))
_LIMIT: Final = Parameter("limit", _whole(1, LIMIT_MAX, default=LIMIT_DEFAULT))
_LIMIT_OF_ONE: Final = Parameter("limit", _whole(1, LIMIT_MAX, default=LIMIT_MAX))
_BEFORE: Final = Parameter(
    "before",
    {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{CURSOR_CHARS_MAX}}}$"},
    told="the `next` of the page before",
)
_NAMED: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

OPERATIONS: Final = (
    Operation(
        "/api/traces",
        "Steps of all sessions, the latest page first; each page in the order of recording.",
        JSON,
        Traces,
        (_LIMIT, _BEFORE),
    ),
    Operation(
        "/api/traces/{session_id}",
        "Steps of a session, by step order.",
        JSON,
        Traces,
        (_SESSION, _LIMIT_OF_ONE, _BEFORE, _AGENT, _UID),
        _NAMED,
    ),
    Operation(
        "/api/traces/{session_id}/{prompt_number}",
        "Steps of one prompt, by step order.",
        JSON,
        Traces,
        (_SESSION, _PROMPT, _LIMIT_OF_ONE, _BEFORE, _AGENT, _UID),
        _NAMED,
    ),
    Operation(
        "/api/sessions",
        "Sessions, the one used last first; with `all` those of nothing too.",
        JSON,
        Sessions,
        (_LIMIT, _BEFORE, _AGENT, Parameter("all", {"type": "boolean"})),
    ),
    Operation(
        "/api/sessions/{session_id}",
        "A session with its prompts and sub-agents.",
        JSON,
        SessionDocument,
        (_SESSION, _AGENT, _UID),
        _NAMED,
    ),
    Operation(
        "/api/stats",
        "Figures for every kind of step, of all or of those since a time (Unix ms).",
        JSON,
        Stats,
        (Parameter("since_ms", _whole(0, INT64_MAX)), _AGENT),
    ),
    Operation(
        "/api/search",
        "Steps that hold all these words, the one that changed last first.",
        JSON,
        FoundSteps,
        (
            Parameter("q", _text(QUERY_CHARS_MAX), is_required=True),
            _LIMIT,
            _BEFORE,
            _AGENT,
            Parameter("type", {"type": "string", "enum": list(TRACE_TYPES)}),
        ),
    ),
    Operation(
        "/api/events",
        "Steps as they are made and change: server-sent events `step`, with the revision as id and"
        " the row without content as data; `reset` where the database is another one; `daemon` with"
        " its `state` (`ok`, `retrying`, `stopping`, `away` if none answers) when that changes.",
        events.MEDIA_TYPE,
        None,
        (
            Parameter("after", _whole(0, INT64_MAX), told="the revision to go on from"),
            Parameter("Last-Event-ID", _whole(0, INT64_MAX), "header", "beats `after`"),
            Parameter("session_id", _text(NAME_CHARS_MAX)),
            _AGENT,
            _UID,
        ),
        _NAMED,
    ),
    Operation(
        "/api/hooks/{agent}",
        "Take the raw payload of an agent's hook: committed or spooled when it is answered.",
        None,
        None,
        (
            Parameter("agent", {"type": "string", "enum": list(AGENTS)}, "path", is_required=True),
            Parameter("event", _text(NAME_CHARS_MAX), told="where the payload does not name it"),
        ),
        (
            HTTPStatus.NOT_FOUND,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ),
        "post",
        {"type": "object"},
    ),
    Operation("/healthz", "Whether the daemon is well, by its own word.", JSON, Health),
    Operation("/metrics", "The daemon's figures for Prometheus.", metrics.MEDIA_TYPE),
    Operation("/api/openapi.json", "This description.", JSON),
)
