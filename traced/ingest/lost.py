"""
What runs though its agent is gone: nobody will end it (SPEC 4, law 4 c and d).

Law: a process that is gone says so itself; silence says so only after a day. However many there
are, no ack waits for more than some of them.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import anyio
import structlog

from traced.core.errors import StoreBusy
from traced.core.event import Event, RunningLost
from traced.core.fault import fault
from traced.store.recorder import Recorder
from traced.store.running import RunningSession
from traced.store.store import Store

LOOK_SECONDS: Final = 5.0
# Closing so many takes some 25 ms; a hundred thousand at once held up every ack for seconds.
SESSIONS_A_LOOK_MAX: Final = 250
# So many times as long as that took, nothing is looked at.
RESTS: Final = 4.0
SILENCE_MS_MAX: Final = 24 * 60 * 60 * 1000

log = structlog.get_logger()


async def watch(store: Store) -> None:
    """
    Look every few seconds for sessions in which something runs that will not end, and close it.

    While nothing comes in, this is also what finds out that the database is not what it was.
    """
    while True:
        await anyio.sleep(LOOK_SECONDS)
        with suppress(StoreBusy):  # the store or the writer tells of it; the next look comes soon
            await look(store)


async def look(store: Store) -> None:
    """
    Look at all sessions once, some at a time; in between the database's thread is the writer's.

    Raises:
        StoreBusy: If the database cannot be used just now.
    """
    after_pk: int | None = 0
    while after_pk is not None:
        now = time.time_ns() // 1_000_000
        after_pk, seconds = await store.run(partial(look_at_some, after_pk, now))
        await anyio.sleep(seconds * RESTS)


def look_at_some(after_pk: int, now: int, recorder: Recorder) -> tuple[int | None, float]:
    """
    Look at the next sessions after a key, in the database's thread; `now` in Unix milliseconds.

    Returns after which one to go on, None at the end, and how many seconds it took.

    Raises:
        StoreBusy: If the database cannot be used just now.
    """
    began = time.perf_counter()
    try:
        sessions = recorder.running_sessions(after_pk, SESSIONS_A_LOOK_MAX)
        if lost := _lost(sessions, now):
            recorder.append(lost, now)
    except StoreBusy:
        raise
    except Exception as error:  # noqa: BLE001  # nobody's event waits for it
        log.error("lost_look_failed", error=fault(error))  # noqa: TRY400  # its text may be a client's
        return None, 0.0
    is_all = len(sessions) < SESSIONS_A_LOOK_MAX
    return None if is_all else sessions[-1].pk, time.perf_counter() - began


def _lost(sessions: Sequence[RunningSession], now: int) -> list[Event]:
    return [
        Event(each.agent, each.session_id, now, (RunningLost(),), peer_uid=each.owner_uid)
        for each in sessions
        if now - each.heard_at > SILENCE_MS_MAX
        or (each.agent_pid is not None and _is_gone(each.agent_pid))
    ]


def _is_gone(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
