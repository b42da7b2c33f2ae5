"""
The file in which a forwarder notes how far it has got with one backend, and how it fares.

Law: it is replaced as a whole, never in part, and synced before the old one is gone; whoever
deletes it sends everything once more. It holds no content and no header.
"""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal

import msgspec

from traced.core.errors import StoreError
from traced.forward.cursor import Cursor

FOLDER: Final = "forward"  # of the state folder
NAME_BYTES: Final = 8


class Progress(msgspec.Struct, frozen=True):
    """
    What the file holds; times are RFC 3339 in UTC, counts since the file was made.

    `tenant` is a digest of what tells backends at one endpoint apart; empty if nothing does.
    """

    endpoint: str
    database: str
    form: Literal[1] = 1
    tenant: str = ""
    cursor: Cursor = Cursor()
    spans_sent: int = 0
    spans_rejected: int = 0
    last_sent_at: str | None = None
    held_since: str | None = None  # null while the backend takes what is sent
    held_why: str | None = None


def progress_path(folder: Path, endpoint: str, database: Path, tenant: str = "") -> Path:
    """Return the file for one backend, its tenant if it has some, and database."""
    named = [endpoint, str(database), tenant] if tenant else [endpoint, str(database)]
    return folder / f"{_digest(named)}.json"


def tenant_digest(tenant: str) -> str:
    """Return what is noted of a tenant: it may hold what nobody else is to read."""
    return _digest([tenant]) if tenant else ""


def load(path: Path) -> Progress | None:
    """
    Return what the file holds; None where there is none yet.

    Raises:
        StoreError: If it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(
            f"{path} is not what a forwarder notes ({error}):"
            " remove it, then everything is sent once more"
        ) from error


def save(path: Path, progress: Progress) -> None:
    """
    Replace the file.

    Raises:
        StoreError: If it cannot be written; the old one is whole then.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(progress))
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error


def _digest(named: list[str]) -> str:
    return blake2b(msgspec.json.encode(named), digest_size=NAME_BYTES).hexdigest()
