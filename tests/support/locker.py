"""Another process that has a database open, and perhaps its write lock."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print("holds", flush=True)
sys.stdin.read()
"""


def locked_by_another(db: Path) -> AbstractContextManager[None]:
    """Let a process that is not ours hold the database's write lock."""
    return held_by_another(db, "BEGIN IMMEDIATE")


@contextmanager
def held_by_another(db: Path, statement: str) -> Iterator[None]:
    """Let a process that is not ours have the database open, after this statement."""
    command = [sys.executable, "-c", HOLDER, str(db), statement]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"holds\n"
        try:
            yield
        finally:
            other.kill()
