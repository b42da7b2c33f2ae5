"""
How many files the daemon may have open, and so how many clients.

Law: it asks for what it needs and makes do with what it gets.
"""

import resource
from typing import Final

# Descriptors for the database, its journal and its backup, the spool and the log.
DESCRIPTORS_KEPT: Final = 64


def allow_descriptors(connections_max: int) -> int:
    """
    Raise the limit of open files, as far as this user may, to what so many connections take.

    Returns how many connections there is room for.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + DESCRIPTORS_KEPT
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections_max
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    except (OSError, ValueError):  # macOS has a bound of its own below "unlimited"
        granted = soft
    return max(1, min(connections_max, granted - DESCRIPTORS_KEPT))
