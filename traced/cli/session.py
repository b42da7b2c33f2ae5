"""One session as it is at a moment, all of it read in one snapshot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from traced.cli.cards import Card, cards
from traced.core.errors import SessionUnknown
from traced.show.escape import printable_json
from traced.store import queries
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import SessionEntry


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for: an id, the beginning of one or `last`, and what tells it apart."""

    session: str
    prompt: int | None
    agent: str | None
    uid: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A session, and its prompts with what ran under them, or the one that was asked for."""

    entry: SessionEntry
    cards: Sequence[Card]


def read_session(connection: ReadConnection, asked: Asked, *, content: bool = False) -> Moment:
    """
    Return what was asked for; without `content`, `input` and `output` of its steps are null.

    Raises:
        SessionUnknown: If there is no such session, or it has no such prompt.
        SessionAmbiguous: If there are several.
    """
    with snapshot(connection):
        entry = queries.resolve_session(connection, asked.session, asked.agent, asked.uid)
        prompts = queries.prompts(connection, entry.pk)
        steps = queries.steps(connection, entry.pk, asked.prompt, content=content)
        agents = queries.agents(connection, entry.pk)
    found = cards(entry.session, prompts, steps, agents)
    return Moment(entry, found if asked.prompt is None else _only(found, asked.prompt))


def json_of(found: Moment) -> Iterator[bytes]:
    """Yield the pieces of one line of JSON, one a step: of a long session none is long."""
    yield b'{"session":%b,"prompts":[' % _encoded(found.entry.session)
    for number, card in enumerate(found.cards):
        yield b'%b%b,"steps":[' % (b"," if number else b"", _encoded(card.prompt)[:-1])
        for place, step in enumerate(card.steps):
            yield (b"," if place else b"") + _encoded(step)
        yield b"]}"
    yield b"]}\n"


def _encoded(row: msgspec.Struct) -> bytes:
    return printable_json(msgspec.json.encode(row).decode()).encode()


def _only(found: list[Card], number: int) -> list[Card]:
    chosen = [card for card in found if card.prompt.prompt_number == number]
    if not chosen:
        last = max((card.prompt.prompt_number for card in found), default=0)
        there = f"its last one is {last}" if last else "nor any other"
        raise SessionUnknown(f"the session has no prompt {number}, {there}")
    return chosen
