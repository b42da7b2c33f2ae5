"""
Modules whose libraries are not installed with the others.

Law: a command that needs one loads it when it runs; so every help is there without them, and no
other command waits for them.
"""

from importlib import import_module
from types import ModuleType

from traced.core.errors import TracedError


def load(name: str, extra: str) -> ModuleType:
    """
    Return a module of ours that needs the packages of an extra.

    Raises:
        TracedError: If they are not installed, or not as we know them.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise TracedError(
            f"this needs the `{extra}` extra, which is not installed ({error}):"
            f" pip install 'agent-traced[{extra}]', or '.[{extra}]' in a clone"
        ) from error
