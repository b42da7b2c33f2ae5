"""
An error that nobody expected, as the log may tell it.

Law: its type and its place in the code, never its text, which can hold what a client sent.
"""


def fault(error: BaseException) -> str:
    """Return the type of the error and where it was raised: ``ValueError at decode.py:113``."""
    last = error.__traceback__
    if last is None:
        return type(error).__name__
    while last.tb_next is not None:
        last = last.tb_next
    file = last.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{type(error).__name__} at {file}:{last.tb_lineno}"
