"""
The tools: what each is called, what an agent reads of it, and how it is asked and answered.

Law: a tool is called in one way, `call`: arguments in, JSON out, errors that say what was expected;
its schemas are those of the types that are checked.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from traced.core.errors import TracedError
from traced.recall import answers, parameters, questions
from traced.store.bounded import bounded_reader
from traced.store.index.companion import open_with_companion
from traced.store.reader import ReadConnection

Schema = dict[str, object]
P = TypeVar("P", bound=msgspec.Struct)

# As much as the HTTP API gives a question.
READ_SECONDS_MAX: Final = 2.0
_REF: Final = "#/$defs/{name}"


class Tool(NamedTuple):
    """One tool; `call` may take READ_SECONDS_MAX, and belongs into a thread."""

    name: str
    title: str
    description: str
    input_schema: Schema
    output_schema: Schema
    call: Callable[[Path, Mapping[str, object]], bytes]


def _tool(
    name: str,
    title: str,
    description: str,
    asked: type[P],
    answered: type[msgspec.Struct],
    question: Callable[[ReadConnection, P], msgspec.Struct],
) -> Tool:
    call = partial(_call, name, asked, question)
    return Tool(name, title, description, _schema(asked), _schema(answered), call)


def _call(
    name: str,
    asked: type[P],
    question: Callable[[ReadConnection, P], msgspec.Struct],
    path: Path,
    arguments: Mapping[str, object],
) -> bytes:
    """
    Return the answer as JSON.

    Raises:
        TracedError: If the arguments are not what is expected, or the record cannot be read.
    """
    # Models send null for what they do not give, and numbers as text.
    given = {
        _bindable(key): _bindable(value) if isinstance(value, str) else value
        for key, value in arguments.items()
        if value is not None
    }
    try:
        parsed = msgspec.convert(given, asked, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(asked.__struct_fields__)
        expected = "" if given.keys() <= set(asked.__struct_fields__) else f", expected {known}"
        raise TracedError(f"wrong arguments for {name}: {error}{expected}") from None
    with bounded_reader(path, READ_SECONDS_MAX, open_with_companion) as connection:
        answer = question(connection, parsed)
    return msgspec.json.encode(answer)


def _bindable(text: str) -> str:
    """Return a text without lone surrogates, which JSON can hold and SQLite cannot."""
    return text.encode("utf-8", "replace").decode()


def _schema(kind: type[msgspec.Struct]) -> Schema:
    """Return the JSON Schema of a document; an object at its root, as the protocol asks."""
    _, components = msgspec.json.schema_components([kind], ref_template=_REF)
    root: Schema = components.pop(kind.__name__)
    return {**root, "$defs": components} if components else root


TOOLS: Final = {
    tool.name: tool
    for tool in (
        _tool(
            "recent",
            "Latest steps",
            "The steps that coding agents on this machine took last, of all sessions, latest first:"
            " tools, skills, MCP calls, sub-agents, with input, outcome and duration. Filter with"
            " status=error for what failed lately.",
            parameters.Recent,
            answers.RecentSteps,
            questions.recent,
        ),
        _tool(
            "session",
            "One session",
            "What one session of an agent did: its prompts, and the steps of each in their order, a"
            " page at a time. Ask for one prompt with prompt_number; the answer says how many there"
            " are.",
            parameters.Session,
            answers.SessionSteps,
            questions.session,
        ),
        _tool(
            "search",
            "Search steps",
            "Steps of any session that hold all these words in name, server, input, output or"
            " error, latest first: which command was run, which file was touched, where a message"
            " was seen.",
            parameters.Search,
            answers.FoundSteps,
            questions.search,
        ),
        _tool(
            "slowest",
            "Slowest and failing",
            "What took longest or failed most, in the last 24 h, since a time or in one session:"
            " figures for each kind of step (by=errors orders by failures), and the slowest single"
            " steps.",
            parameters.Slowest,
            answers.SlowestSteps,
            questions.slowest,
        ),
    )
}
