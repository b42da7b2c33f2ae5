"""
The SQL of the house: one statement a file, read once.

Law: no SQL is written in Python. A statement's file is named for what it does, and the comment at
its head is its docstring.
"""

from collections.abc import Iterable
from functools import cache
from importlib import resources

import msgspec


@cache
def statement(name: str) -> str:
    """
    Return the text of `sql/<name>.sql`, the comment at its head included.

    Raises:
        FileNotFoundError: If there is no such file, which is a fault of the program.
    """
    return resources.files("traced.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def json_list(values: Iterable[object]) -> str:
    """Return values as the JSON list that a statement reads through `json_each`."""
    return msgspec.json.encode(list(values)).decode()


@cache
def schema_version() -> int:
    """Return the version of the schema that this program writes: the last migration's number."""
    names = (file.name for file in resources.files("traced.sql.migrations").iterdir())
    return max(int(name[:4]) for name in names if name.endswith(".sql"))
