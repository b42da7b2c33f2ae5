"""
The daemon's wait for its database, at its start.

Law: what time may mend is waited for and told once, to the log and to the service manager; a
signal ends the wait, and what time will not mend is raised.
"""

from typing import Final

import structlog

from traced.core.errors import StoreBusy
from traced.ingest.writer import retry_seconds
from traced.service_manager import ServiceManager
from traced.signals import Signals
from traced.store.store import Store

# The backup and the migration of a large database on a slow disk, at one attempt to open it.
OPEN_SECONDS: Final = 600.0

log = structlog.get_logger()


async def open_patiently(store: Store, manager: ServiceManager, signals: Signals) -> bool:
    """
    Open the database as soon as it can be used; return False if a signal ended the wait.

    Raises:
        StoreError: If waiting will not mend it.
    """
    told: str | None = None
    manager.status("opening the database")
    for patience in retry_seconds():
        manager.extend(OPEN_SECONDS)
        try:
            await store.open()
        except StoreBusy as error:
            failure = str(error)
        else:
            return True
        if failure != told:
            log.error("database_unavailable", error=failure, retry_seconds=patience)
            told = failure
        manager.status(f"waiting for the database: {failure}")
        if await signals.end_within(patience):
            return False
    return False
