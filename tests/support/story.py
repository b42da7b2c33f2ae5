"""A day's work of three agents, to make pictures of: recorded through a real daemon."""

from typing import Any

from support.daemon import Daemon
from support.gallery import line, step

SHOP = "/home/ada/shop"
SESSION = "7c1f0a52-9d3e-4b8a-8f26-51c2d9e3ab10"
Told = dict[str, Any]


class Teller:
    """Tells of one session; times are milliseconds after `start` (Unix ms)."""

    def __init__(self, session_id: str, agent: str, start: int) -> None:
        self.lines: list[bytes] = []
        self._session_id = session_id
        self._agent = agent
        self._start = start

    def life(self, what: str, at: int, **told: Any) -> None:
        """Tell of a point of its life."""
        said = {"lifecycle": what, "agent": self._agent, "sent_at": self._start + at, **told}
        self.lines.append(line(self._session_id, **said))

    def ran(self, name: str, at: int, length: int, summary: str, **told: Any) -> None:
        """Tell of a step."""
        sent_at = self._start + at + length
        said = {"agent": self._agent, "sent_at": sent_at, "input_summary": summary, **told}
        self.lines.append(step(self._session_id, name, self._start + at, length, **said))


def tell(daemon: Daemon, now: int) -> str:
    """Record all of it, as of `now` (Unix ms); return the session to look at."""
    for teller in (_docs(now - 7_200_000), _migration(now - 3_000_000), _checkout(now - 240_000)):
        daemon.send(*teller.lines)
    return SESSION


def _docs(start: int) -> Teller:
    told = Teller("0198f3c1-5e0b-7d11-a5a4-1f0d3c2b9e77", "codex", start)
    told.life("session_start", 0, cwd="/home/ada/handbook", model="gpt-5.1-codex")
    told.life("prompt", 500, prompt="Bring the deployment guide up to date")
    told.ran("shell", 4_000, 240, "rg -n 'docker-compose' docs")
    told.ran("shell", 9_000, 180, "sed -n 1,80p docs/deploy.md")
    told.ran("apply_patch", 31_000, 60, "docs/deploy.md")
    told.ran("shell", 40_000, 5_400, "make docs")
    told.life("prompt_end", 52_000)
    told.life("session_end", 60_000, reason="exit")
    return told


def _migration(start: int) -> Teller:
    told = Teller("b8d2f6c0-31aa-4c55-9e07-6d4f1a8c2233", "gemini-cli", start)
    told.life("session_start", 0, cwd="/home/ada/billing")
    told.life("prompt", 300, prompt="Write the migration that splits invoices by country")
    for number in range(14):
        status = {"status": "error", "error": "exit status 1"} if number == 9 else {}
        name = ("read_file", "search_file_content", "replace", "run_shell_command")[number % 4]
        summary = f"migrations/00{40 + number}_split.sql"
        told.ran(name, 2_000 + 9_000 * number, 300 + 700 * (number % 5), summary, **status)
    told.life("prompt_end", 140_000)
    return told


def _checkout(start: int) -> Teller:
    told = Teller(SESSION, "claude-code", start)
    told.life("session_start", 0, cwd=SHOP, model="claude-opus-5-5")
    told.life("prompt", 1_000, prompt="Why does checkout answer 500 for carts of over 100 items?")
    told.ran("get_issue", 3_200, 840, "shop#412", trace_type="mcp", source="github")
    told.ran("Grep", 5_100, 120, "def checkout", output_summary="3 files")
    told.ran("Read", 5_150, 35, f"{SHOP}/shop/checkout.py")
    told.ran("Read", 5_160, 48, f"{SHOP}/shop/cart.py")
    told.ran(
        "Bash",
        8_400,
        6_900,
        "pytest tests/checkout -x -q",
        status="error",
        error="AssertionError: 500 != 200 (test_large_cart)",
    )
    told.life("prompt_end", 19_000)
    _fix(told)
    told.life("prompt", 190_000, prompt="Open a pull request")
    told.ran(
        "create_pull_request",
        193_000,
        1_900,
        "Load items of large carts in batches",
        trace_type="mcp",
        source="github",
    )
    told.lines.append(
        line(
            SESSION,
            agent="claude-code",
            trace_type="tool",
            name="Bash",
            phase="start",
            call_id="toolu_checks",
            started_at=start + 197_000,
            sent_at=start + 197_000,
            input_summary="gh pr checks --watch",
        )
    )
    return told


def _fix(told: Teller) -> None:
    told.life("prompt", 46_000, prompt="Fix it, and let somebody else look at the queries")
    told.ran("debugging", 48_000, 20, "systematic debugging", trace_type="skill", source="plugin")
    told.ran(
        "Explore",
        50_000,
        32_000,
        "Find every query that checkout makes",
        trace_type="agent",
        call_id="toolu_explore",
        child_agent_id="a1",
    )
    told.ran(
        "Review",
        51_000,
        44_000,
        "Is the batch of 100 in load_items a limit of ours?",
        trace_type="agent",
        call_id="toolu_review",
        child_agent_id="a2",
    )
    _sub_agents(told)
    told.ran("Edit", 101_000, 30, f"{SHOP}/shop/cart.py", output_summary="+6 -2")
    told.ran("Bash", 104_000, 7_400, "pytest tests/checkout -q", output_summary="48 passed")
    told.ran("Bash", 113_000, 410, "git commit -am 'Load items in batches'")
    told.life("prompt_end", 118_000)


def _sub_agents(told: Teller) -> None:
    explore: Told = {"agent_id": "a1", "agent_type": "Explore"}
    told.ran("Grep", 53_000, 210, "session.execute", **explore)
    told.ran("Read", 56_000, 40, f"{SHOP}/shop/queries.py", **explore)
    told.ran(
        "query",
        61_000,
        9_800,
        "EXPLAIN SELECT * FROM cart_item …",
        trace_type="mcp",
        source="postgres",
        **explore,
    )
    review: Told = {"agent_id": "a2", "agent_type": "Review"}
    told.ran("Read", 54_000, 55, f"{SHOP}/shop/cart.py", **review)
    told.ran("Bash", 60_000, 12_500, "git log -L 40,80:shop/cart.py", **review)
    told.ran(
        "WebFetch",
        76_000,
        2_300,
        "https://docs.sqlalchemy.org/en/20/core/operators.html",
        status="denied",
        **review,
    )
