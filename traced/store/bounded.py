"""
One question to the database, within a time: for readers who are asked by strangers.

Law: whoever asks gets an answer or an error before the time is over, and the connection is closed
then; so that no question, however dear, keeps the write-ahead log from being emptied.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from traced.core.errors import StoreError
from traced.store.reader import ReadConnection, open_reader

# Of SQLite's virtual machine, between two looks at the clock: 0.3 ms where measured.
INSTRUCTIONS_BETWEEN_LOOKS: Final = 10_000


@contextmanager
def bounded_reader(
    path: Path,
    seconds_max: float,
    open_database: Callable[[Path], ReadConnection] = open_reader,
) -> Iterator[ReadConnection]:
    """
    Open the database for at most `seconds_max`; use it in one thread.

    A connection of its own for each question costs 0.7 ms, most of it for reading the schema, and
    always reads the file that is at the path now.

    Raises:
        StoreError: If there is no database that can be read, or the time is over.
    """
    end = time.monotonic() + seconds_max

    def is_late() -> bool:
        return time.monotonic() > end

    with closing(open_database(path)) as connection:
        connection.set_progress_handler(is_late, INSTRUCTIONS_BETWEEN_LOOKS)
        try:
            yield connection
        except (sqlite3.Error, StoreError) as error:
            if is_late():
                raise StoreError(
                    f"the question took longer than {seconds_max:g} s and was given up:"
                    " ask for less at once"
                ) from error
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"the database cannot be read: {error}") from error
