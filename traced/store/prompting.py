"""
Whose prompts have steps: by that it shows whether an agent's hooks still report.

Law: as in `queries`: one statement, fetched whole, plain structs.
"""

import msgspec

from traced.store.reader import ReadConnection
from traced.store.statements import statement


class Prompting(msgspec.Struct, frozen=True):
    """
    An agent's prompts of late: how many, and how many of these have a step.

    `had_steps` tells whether any session of the agent has one, of whatever time.
    """

    agent: str
    prompts: int
    with_steps: int
    had_steps: bool


def prompting_since(connection: ReadConnection, since_ms: int) -> list[Prompting]:
    """Return the agents with prompts submitted since then (Unix ms), by name."""
    rows = connection.execute(statement("count_prompts_with_steps"), {"since": since_ms})
    return [Prompting(row[0], row[1], row[2], bool(row[3])) for row in rows.fetchall()]
