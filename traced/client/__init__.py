"""
The side door: what runs inside agents' hooks and other people's programs.

Law: nothing here imports anything but the standard library; no agent waits on it without a bound.

    step     records a step of any program, as a context manager (steps.py)
    hook     the hook client: one file of Python, which runs wherever traced does
    native/  the same client in C, which `traced install` compiles where it finds a compiler
    connecting  a connection to whoever listens, for those who ask the daemon
    spool    the files that hold events while the daemon cannot be reached

What type checkers see of `step` stands in ``__init__.pyi``.
"""

__all__ = ["Step", "step"]


def __getattr__(name: str) -> object:
    # The hook client comes through here at every tool call: what it has no use for comes later.
    if name in __all__:
        return getattr(__import__("traced.client.steps", fromlist=[name]), name)
    raise AttributeError(f"module 'traced.client' has no attribute {name!r}")
