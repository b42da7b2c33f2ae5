"""
The command that lets an agent ask what it did.

Law: the protocol's package is an extra, loaded by this command alone; without it all others work.
"""

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from traced.cli.common import Database, database_path
from traced.cli.output import complain
from traced.core.errors import TracedError


def mcp(*, db: Database = None) -> None:
    """
    Answer agents' questions about what they did, as an MCP server on standard input and output.

    Its tools only read: recent, session, search and slowest. The daemon need not run. The agent
    starts it, once it is told of it: `claude mcp add traced -- traced mcp`, or likewise with
    `codex mcp add`. It needs the extra `mcp`: pip install 'agent-traced[mcp]'.

    Example: traced mcp --db other.db
    """
    path = database_path(db)
    serve = _serve()
    if sys.stdin.isatty():
        complain(
            "this waits for an agent's questions on standard input; Ctrl-C ends it."
            " To let an agent ask: claude mcp add traced -- traced mcp"
        )
    # Nothing is lost by it, and the thread that waits for input cannot be ended otherwise.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(path)


def _serve() -> Callable[[Path], None]:
    try:
        server = import_module("traced.recall.server")
    except ImportError as error:
        raise TracedError(
            f"the MCP server cannot be loaded ({error}), expected the packages of the extra `mcp`:"
            " pip install 'agent-traced[mcp]'"
        ) from error
    serve: Callable[[Path], None] = server.serve
    return serve
