import anyio
from structlog.testing import capture_logs
from support.house import until

from traced.core.event import Outcome
from traced.ingest import minute
from traced.ingest.figures import Figures

OUTCOMES = [Outcome(status="stored"), Outcome(status="rejected", reason="not_json")]


async def test_tells_what_came_since_the_last_line() -> None:
    """A line has the events of its minute only, and none is written while nothing comes."""
    figures = Figures()
    figures.took(5)
    with capture_logs() as lines:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(minute.watch, figures, 0.01)
            await anyio.lowlevel.checkpoint()
            figures.took(3)
            figures.committed(OUTCOMES, 0.1)
            figures.left(2)
            await until(lambda: len(lines) == 1, "a line")
            await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()

    assert lines == [
        {
            "event": "minute",
            "log_level": "info",
            "received": 3,
            "stored": 1,
            "duplicate": 0,
            "ignored": 0,
            "rejected": 1,
            "discarded": 0,
            "queued": 6,
        }
    ]
