"""
A searcher's words, and the form in which a full-text table is asked for them.

Law: text from outside is never taken for a query's syntax: it is cut into words by the tokenizer
of the tables themselves, and each is quoted.
"""

from collections.abc import Sequence
from typing import Final

from traced.core.errors import NothingToFind
from traced.store.index.volumes import named
from traced.store.reader import ReadConnection
from traced.store.statements import statement

# What begins a word that was made of a step's agent or type: see insert_words.sql.
AGENT_MARK: Final = "\ue000"
TYPE_MARK: Final = "\ue001"
SCRATCH: Final = "scratch_words"
# More words than a person gives; each has to be looked up in every volume.
WORDS_MAX: Final = 32


def words_of(connection: ReadConnection, text: str) -> list[str]:
    """
    Return the words of a text as the tables hold them: lower case, without accents.

    Raises:
        NothingToFind: If there is none, or more than 32.
    """
    # What a command line holds beside UTF-8 comes as lone surrogates, which cannot be bound.
    text = text.encode("utf-8", "replace").decode()
    execute = connection.execute
    execute(statement("index/create_scratch_text"))
    execute(statement("index/create_scratch_terms"))
    execute(statement("index/delete_scratch_text"))
    execute(statement("index/insert_scratch_text"), {"text": text})
    words = [word for (word,) in execute(statement("index/select_scratch_terms")).fetchall()]
    if not words:
        raise NothingToFind(f"{text!r} holds no word, expected letters or digits to search for")
    if len(words) > WORDS_MAX:
        raise NothingToFind(f"{len(words)} words to search for, expected at most {WORDS_MAX}")
    return words


def make_scratch(connection: ReadConnection) -> None:
    """Make an empty table into which what no volume holds can be put."""
    connection.execute(named("drop_words", SCRATCH))
    connection.execute(named("create_words", SCRATCH))


def exactly(words: Sequence[str], agent: str | None, trace_type: str | None) -> str:
    """Return what asks for all these words, of steps of an agent and a type if they are given."""
    asked = [_quoted(word) for word in words]
    if agent is not None:
        asked.append(_quoted(AGENT_MARK + agent.encode("utf-8", "replace").hex()))
    if trace_type is not None:
        asked.append(_quoted(TYPE_MARK + trace_type))
    return " AND ".join(asked)


def beginning(word: str) -> str:
    """Return what asks for words that begin so."""
    return f"{_quoted(word)} *"


def _quoted(word: str) -> str:
    doubled = word.replace('"', '""')
    return f'"{doubled}"'
