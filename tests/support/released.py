"""
A small database of the present schema as SQL, to be kept for every release.

``PYTHONPATH=tests python -m support.released > tests/fixtures/released/0001.sql`` wrote the first.
"""

import tempfile
from contextlib import closing
from pathlib import Path

from support.store import NOW, append, connect, end, event, start, whole, writer
from traced.core.event import AgentStarted, Event, PromptSubmitted, Rejected, SessionStarted
from traced.store.recorder import Recorder

FOLDER = Path(__file__).parents[1] / "fixtures" / "released"


def told() -> list[Event | Rejected]:
    """Return events that leave a row in every table that a batch writes."""
    return [
        event(SessionStarted(continues=False), cwd="/home/user/project", model="model-1"),
        event(PromptSubmitted("p1", "user", "Mend the test"), event_id="e1"),
        start("c1", input_summary="make test", prompt_id="p1"),
        end("c1", output_summary="1 failed"),
        start("c2", input='{"command":"sleep 60"}', event_id="e2", peer_uid=1000),
        event(AgentStarted("a1", "explore", "p1")),
        whole("Grep", agent_id="a1", duration_ms=12.5),
        whole("Read", session="s2", event_id="e3", status="error", error="no such file"),
        Rejected("not_json", "line is no JSON", b"no json", 7),
    ]


def released(version: int, path: Path) -> None:
    """Make the database that was kept of a release, at `path`."""
    with closing(connect(path)) as connection:
        connection.executescript((FOLDER / f"{version:04}.sql").read_text(encoding="utf-8"))


def main() -> None:
    """Print the SQL."""
    with tempfile.TemporaryDirectory() as folder, closing(writer(Path(folder) / "t.db")) as made:
        append(Recorder(made), *told(), now=NOW)
        made.execute("INSERT INTO permission_ask VALUES (1, 7, ?)", (NOW,))
        print("\n".join(made.iterdump()))  # noqa: T201
        for name in ("application_id", "user_version"):
            (value,) = made.execute(f"PRAGMA {name}").fetchone()
            print(f"PRAGMA {name} = {value};")  # noqa: T201


if __name__ == "__main__":
    main()
