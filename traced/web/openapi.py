"""
`/api/openapi.json`: the API described for programs.

Law: it is true. It is made of the table of operations and the types that are sent; and a test asks
the API what the description allows, and what it does not.
"""

from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced import __version__
from traced.web.asked import Asked
from traced.web.operations import JSON, OPERATIONS, Json, Operation, Parameter
from traced.web.problem import MEDIA_TYPE, ProblemDocument

PATH: Final = "/api/openapi.json"
# The door, or a database that is not there yet, may answer any request so.
ANYWHERE: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_DOCUMENTS: Final = tuple(
    dict.fromkeys([ProblemDocument, *(each.document for each in OPERATIONS if each.document)])
)
_SCHEMAS, _COMPONENTS = msgspec.json.schema_components(
    _DOCUMENTS, ref_template="#/components/schemas/{name}"
)
_SCHEMA_OF: Final = dict(zip(_DOCUMENTS, _SCHEMAS, strict=True))
_PROBLEM: Final[Json] = {MEDIA_TYPE: {"schema": _SCHEMA_OF[ProblemDocument]}}


def routes() -> list[Route]:
    """Return the route of the description."""
    text = msgspec.json.encode(description())

    async def openapi(request: Request) -> Response:
        Asked(request, ())
        return Response(text, media_type=JSON)

    return [Route(PATH, openapi)]


def description() -> Json:
    """Return the OpenAPI document."""
    paths: dict[str, Json] = {each.path: {each.method: _operation(each)} for each in OPERATIONS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "traced",
            "version": __version__,
            "description": "What coding agents did: which tools, skills, MCP calls and sub-agents"
            " ran, in what order, how long, with what outcome.",
        },
        "paths": paths,
        "components": {
            "schemas": _COMPONENTS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(operation: Operation) -> Json:
    described: Json = {
        "summary": operation.summary,
        "parameters": [_parameter(each) for each in operation.parameters],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": operation.body}}}
    return described


def _responses(operation: Operation) -> Json:
    done: Json = {"description": "Done."}
    if operation.media is not None:
        done["content"] = {operation.media: {"schema": _schema(operation)}}
    responses: Json = {"200": done}
    for status in sorted((*ANYWHERE, *operation.problems)):
        responses[str(status.value)] = {"description": status.phrase, "content": _PROBLEM}
    return responses


def _schema(operation: Operation) -> Json:
    if operation.document is not None:
        return _SCHEMA_OF[operation.document]
    return {"type": "object" if operation.media == JSON else "string"}


def _parameter(parameter: Parameter) -> Json:
    described: Json = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "schema": parameter.schema,
    }
    return {**described, "description": parameter.told} if parameter.told else described
