"""
An error that nobody expected, as the log may tell it.

Law: its type and its place in the code, never its text, which can hold what a client sent. What
the system calls its number says nothing of anybody.
"""

import errno


def fault(error: BaseException) -> str:
    """
    Return the type of the error and where it was raised: ``ValueError at decode.py:113``.

    One of the system has its reason besides: ``OSError (EMFILE) at spool.py:40``.
    """
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        name = f"{name} ({errno.errorcode.get(error.errno, error.errno)})"
    last = error.__traceback__
    if last is None:
        return name
    while last.tb_next is not None:
        last = last.tb_next
    file = last.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{name} at {file}:{last.tb_lineno}"
