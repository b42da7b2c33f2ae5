"""
What runs though its agent is gone: nobody will end it (SPEC 4, law 4 c and d).

Law: a process that is gone says so itself; silence says so only after a day.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import anyio
import structlog

from traced.core.errors import StoreBusy
from traced.core.event import Event, RunningLost
from traced.core.fault import fault
from traced.store.recorder import Recorder, RunningSession
from traced.store.store import Store

LOOK_SECONDS: Final = 5.0
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
            await store.run(look)


def look(recorder: Recorder) -> None:
    """
    Look once, in the database's thread.

    Raises:
        StoreBusy: If the database cannot be used just now.
    """
    now = time.time_ns() // 1_000_000
    try:
        lost = _lost(recorder.running_sessions(), now)
        if lost:
            recorder.append(lost, now)
    except StoreBusy:
        raise
    except Exception as error:  # noqa: BLE001  # nobody's event waits for it
        log.error("lost_look_failed", error=fault(error))  # noqa: TRY400  # its text may be a client's


def _lost(sessions: Sequence[RunningSession], now: int) -> list[Event]:
    return [
        Event(each.agent, each.session_id, now, (RunningLost(),), peer_uid=each.owner_uid)
        for each in sessions
        if now - each.last_event_at > SILENCE_MS_MAX
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
