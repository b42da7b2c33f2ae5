"""
Reading the records of transcripts, whichever agent wrote them.

Law: what is absent or of another type is nothing; who reads goes on with what it understands.
"""

from collections.abc import Mapping

from traced.agents.fields import text
from traced.core.times import parse_time

Record = Mapping[str, object]


def time_of(record: Record) -> int | None:
    """Return when a record was written (Unix ms), None if it does not say."""
    try:
        return parse_time(text(record, "timestamp"))
    except ValueError:
        return None


def readable(content: object) -> str:
    """Return the text in a text, or in blocks of text."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return readable(content.get("content"))
    blocks = content if isinstance(content, list) else []
    texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    return "\n".join(each for each in texts if isinstance(each, str))
