"""
An error that nobody expected, as the log may tell it.

Law: its type and its place in the code, never its text, which can hold what a client sent.
"""

import traceback
from pathlib import PurePath


def fault(error: BaseException) -> str:
    """Return the type of the error and where it was raised: ``ValueError at decode.py:113``."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    place = f" at {PurePath(frames[0].filename).name}:{frames[0].lineno}" if frames else ""
    return type(error).__name__ + place
