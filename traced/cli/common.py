"""
What commands share: options that mean the same everywhere, and the way to the database.

Law: nothing heavy is imported here; `traced show` has to be there at once.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from traced.settings import effective
from traced.show.times import since_ms
from traced.store.index.companion import open_with_companion
from traced.store.reader import ReadConnection, open_reader

Database = Annotated[
    Path | None,
    typer.Option("--db", metavar="PATH", help="The database file  [env: TRACED_DB]."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
OfAgent = Annotated[
    str | None, typer.Option("--agent", metavar="NAME", help="Only sessions of this agent.")
]
OfUser = Annotated[
    int | None,
    typer.Option(
        "--uid",
        metavar="UID",
        min=0,
        help="Only sessions of this user, if several share a daemon.",
    ),
]


def database_path(option: Path | None) -> Path:
    """
    Return where the database is: the flag, else TRACED_DB, else config.toml, else the default.

    Raises:
        ConfigError: If the settings are wrong.
    """
    return effective({"db": option}, os.environ).config.db


@contextmanager
def database(option: Path | None) -> Iterator[ReadConnection]:
    """
    Open the database for reading, and close it.

    Raises:
        ConfigError: If the settings are wrong.
        StoreError: If there is none that can be read.
    """
    with closing(open_reader(database_path(option))) as connection:
        yield connection


@contextmanager
def database_with_index(option: Path | None) -> Iterator[ReadConnection]:
    """
    Open the database for reading together with its companion, and close it.

    Raises:
        ConfigError: If the settings are wrong.
        StoreError: If there is none that can be read.
    """
    with closing(open_with_companion(database_path(option))) as connection:
        yield connection


def since_option(text: str, name: str) -> int:
    """
    Return a time given as `24h` or as a date, as Unix milliseconds.

    Raises:
        typer.BadParameter: If it is neither.
    """
    found = since_ms(text, time.time_ns() // 1_000_000)
    if found is None:
        raise typer.BadParameter(
            f"{text!r}, expected 90s, 15m, 24h, 7d or a date such as 2026-01-31T12:00Z",
            param_hint=name,
        )
    return found
