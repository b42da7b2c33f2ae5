"""
Which agents traced can be installed into.

Law: the order is the one in which they are listed and installed.
"""

from typing import Final

from traced.install import claude_code, codex, copilot_cli, cursor, gemini_cli, opencode

AGENTS: Final = {
    agent.name: agent
    for agent in (
        claude_code.AGENT,
        codex.AGENT,
        gemini_cli.AGENT,
        cursor.AGENT,
        copilot_cli.AGENT,
        opencode.AGENT,
    )
}
