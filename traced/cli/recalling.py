"""
The command that lets an agent ask what it did.

Law: the protocol's package is an extra, loaded by this command alone; without it all others work.
"""

import signal
import sys

from traced.cli.common import Database, database_path
from traced.cli.extras import load
from traced.cli.output import complain


def mcp(*, db: Database = None) -> None:
    """
    Let agents query their own history: an MCP server on standard input and output.

    Its tools are read-only: recent, session, search and slowest. The daemon need not be running.
    Register it once and the agent starts it: `claude mcp add traced -- traced mcp`, or likewise
    with `codex mcp add`. It needs the extra `mcp`: pip install 'agent-traced[mcp]'.

    Example: traced mcp --db other.db
    """
    path = database_path(db)
    server = load("traced.recall.server", "mcp")
    if sys.stdin.isatty():
        complain(
            "this waits for an agent's questions on standard input; Ctrl-C ends it."
            " To let an agent ask: claude mcp add traced -- traced mcp"
        )
    # Nothing is lost by it, and the thread that waits for input cannot be ended otherwise.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server.serve(path)
