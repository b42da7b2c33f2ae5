import json
from pathlib import Path

from support.daemon import Daemon, wait_until


def step(number: int) -> bytes:
    """Return the line of a whole step with a word of its own."""
    event = {
        "v": 1,
        "session_id": "s1",
        "trace_type": "tool",
        "name": "Bash",
        "input_summary": f"word{number:05}",
        "output_summary": "the same in all of them " * 10,
    }
    return json.dumps(event).encode()


def found(daemon: Daemon, text: str) -> list[int]:
    """Return the orders of the steps that a search finds."""
    done = daemon.traced("search", text, "--json", "-n", "10000")
    assert done.returncode == 0, done.stderr
    return [row["step_order"] for row in json.loads(done.stdout)["results"]]


def test_what_is_stored_is_found_at_once(tmp_path: Path) -> None:
    """A step is found and counted as soon as it is settled, whether the index knows it or not."""
    with Daemon(tmp_path / "d") as daemon:
        companion = daemon.folder / "traced-index.db"
        daemon.send(step(1))
        assert found(daemon, "word00001") == [1]
        wait_until(companion.exists, "the index")
        daemon.send(step(2))
        assert found(daemon, "word0000") == [2, 1]
        (figures,) = json.loads(daemon.traced("stats", "--json").stdout)["stats"]
        assert figures["count"] == 2
        assert companion.stat().st_mode & 0o777 == 0o600
        assert daemon.stop() == 0


def test_killed_while_it_indexes_it_finds_all(tmp_path: Path) -> None:
    """Killed again and again while steps come and are indexed, it finds all in the end."""
    with Daemon(tmp_path / "d") as daemon:
        for life in range(2):
            daemon.send(*(step(number) for number in range(life * 3000, life * 3000 + 3000)))
            wait_until((daemon.folder / "traced-index.db").exists, "the index")
            daemon.kill()
            daemon.start()
        assert daemon.stop() == 0
        assert len(found(daemon, "same")) == 6000
        assert found(daemon, "word03000") == [3001]


def test_a_spoilt_index_costs_no_event(tmp_path: Path) -> None:
    """Rubbish in the place of the index is thrown away; another program's file is let be."""
    with Daemon(tmp_path / "d") as daemon:
        daemon.send(step(1))
        companion = daemon.folder / "traced-index.db"
        wait_until(lambda: companion.exists() and companion.stat().st_size > 0, "the index")
        companion.write_bytes(b"rubbish" * 5000)
        daemon.send(step(2))

        assert found(daemon, "same") == [2, 1]
        assert daemon.stop() == 0
        daemon.start()
        assert found(daemon, "same") == [2, 1]
        assert daemon.stop() == 0
