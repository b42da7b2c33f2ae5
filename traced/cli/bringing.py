"""
The way from a database to a backend, put together: what `traced forward` runs.

Law: two never bring one database to one backend. This module needs the extra `otlp`, so only the
command itself loads it.
"""

import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import anyio
import structlog
from msgspec.structs import replace

from traced.core.errors import ConfigError, TracedError
from traced.folders import prepare_private_folder
from traced.forward.delivery import HeldBack
from traced.forward.destination import Destination, destination
from traced.forward.family import Telling
from traced.forward.forwarder import Forwarder
from traced.forward.gather import from_now_on
from traced.forward.progress import (
    FOLDER,
    Progress,
    load,
    progress_path,
    save,
    tenant_digest,
)
from traced.forward.resource import resource
from traced.forward.sender import open_sender
from traced.ingest.locks import locked
from traced.settings import Effective
from traced.store.bounded import bounded_reader
from traced.telemetry import names

READ_SECONDS_MAX: Final = 30.0

log = structlog.get_logger()


class Asked(NamedTuple):
    """What the command was asked for, by its flags."""

    endpoint: str | None = None
    content: bool = False
    once: bool = False
    skip_recorded: bool = False
    cursor: Path | None = None


class _Way(NamedTuple):
    """Which database goes to which backend, where progress is kept, and what is sent."""

    database: Path
    path: Path
    progress: Progress
    place: Destination
    resource: dict[str, str]
    telling: Telling


def bring(found: Effective, environ: Mapping[str, str], asked: Asked) -> None:
    """
    Forward until SIGTERM or SIGINT, or until all is sent.

    Raises:
        ConfigError: If the variables or folders are wrong.
        AlreadyRunning: If another one forwards from here to there.
        TracedError: If all is to be sent once, and that fails.
    """
    place = destination(environ, asked.endpoint)
    path = _prepared(found, asked.cursor, place)
    with locked(path, "cursor"):
        way = _way(found, environ, path, place, asked)
        anyio.run(partial(_forward, way, once=asked.once))


def _prepared(found: Effective, cursor: Path | None, place: Destination) -> Path:
    if cursor is not None:
        # The file itself is replaced, not the link to it.
        file = Path(os.path.realpath(cursor))
        if not file.name:
            raise ConfigError(f"--cursor {cursor} is a folder, expected a file: name another one")
        if file.is_symlink():
            raise ConfigError(f"--cursor {cursor} cannot be followed: its links lead in a circle")
        return file
    state = found.folders.state
    prepare_private_folder(state)
    prepare_private_folder(state / FOLDER)
    return progress_path(state / FOLDER, place.shown, found.config.db, place.tenant)


def _way(
    found: Effective, environ: Mapping[str, str], path: Path, place: Destination, asked: Asked
) -> _Way:
    database = found.config.db
    told_of = resource(environ, socket.gethostname(), os.getuid(), database)
    progress = load(path)
    if progress is None:
        progress = Progress(place.shown, str(database), tenant=tenant_digest(place.tenant))
        if asked.skip_recorded:
            with bounded_reader(database, READ_SECONDS_MAX) as connection:
                progress = replace(progress, cursor=from_now_on(connection))
            save(path, progress)
    _check_whose(path, progress, place, str(database))
    telling = Telling(asked.content, told_of[names.HOST_NAME])
    return _Way(database, path, progress, place, told_of, telling)


def _check_whose(path: Path, progress: Progress, place: Destination, database: str) -> None:
    # What one backend was sent, or one database held, says nothing of another: steps were lost.
    if (progress.endpoint, progress.database) != (place.shown, database):
        raise ConfigError(
            f"{path} notes what {progress.endpoint} was sent of {progress.database}, expected"
            f" {place.shown} and {database}: name another file with --cursor"
        )
    if progress.tenant != tenant_digest(place.tenant):
        raise ConfigError(
            f"{path} notes what {progress.endpoint} was sent with another user, query or header,"
            " expected the same: name another file with --cursor"
        )


async def _forward(way: _Way, *, once: bool) -> None:
    failure: TracedError | None = None
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async with open_sender(way.place, way.resource) as sender:
            forwarder = Forwarder(way.database, way.path, way.progress, way.telling, sender.send)
            log.info(
                "forwarding",
                endpoint=way.place.shown,
                protocol=way.place.protocol,
                revision=way.progress.cursor.revision,
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_end_at_signal, received, tasks.cancel_scope)
                try:
                    await (forwarder.once() if once else forwarder.forever())
                except HeldBack as held:
                    failure = TracedError(f"{way.place.shown} takes nothing: {held.why}")
                except TracedError as error:
                    failure = error
                tasks.cancel_scope.cancel()
            forwarder.stopped()
    if failure is not None:
        raise failure


async def _end_at_signal(received: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
    async for number in received:
        log.info("signal", name=number.name)
        scope.cancel()
        return
