"""A trace for ui.perfetto.dev."""

import json
from typing import Any

from support.rows import START

from traced.export import perfetto
from traced.store.exporting import Row


def events(rows: list[Row], *, content: bool = False) -> list[dict[str, Any]]:
    """Return the events of the document."""
    document = json.loads(b"".join(perfetto.pieces(rows, "1.0", content=content)))
    assert document["displayTimeUnit"] == "ms"
    assert document["otherData"] == {"traced": "1.0"}
    found: list[dict[str, Any]] = document["traceEvents"]
    return found


def lanes(found: list[dict[str, Any]]) -> dict[int, str]:
    """Return what each lane is called."""
    return {each["tid"]: each["args"]["name"] for each in found if each["name"] == "thread_name"}


def slices(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what lasted."""
    return [each for each in found if each["ph"] == "X"]


def test_each_sub_agent_has_a_lane(rows: list[Row]) -> None:
    """Beside those of prompts and main thread; calls that ran at once have two."""
    found = events(rows)
    named = lanes(found)

    assert [(each["name"], named[each["tid"]]) for each in slices(found)] == [
        ("#1", "prompts"),
        ("Bash", "main"),
        ("Explore", "main (2)"),
        ("demo.add", "Explore a1"),
    ]


def test_a_session_is_a_process(rows: list[Row]) -> None:
    """Named for who ran where; no number is used twice."""
    found = events(rows)
    processes = {
        each["pid"]: each["args"]["name"] for each in found if each["name"] == "process_name"
    }

    assert list(processes.values()) == ["claude-code s1 /home/dev", "claude-code s2"]
    assert len(processes) == 2
    assert not processes.keys() & lanes(found).keys()


def test_times_are_microseconds(rows: list[Row]) -> None:
    """Since 1970, as other traces have them, so that two can be laid over each other."""
    launch = slices(events(rows))[2]

    assert (launch["ts"], launch["dur"]) == ((START + 1000) * 1000, 3_000_000)


def test_a_slice_tells_what_is_known_of_its_step(rows: list[Row]) -> None:
    """Its status has a colour; content is left out unless asked for."""
    closed, opened = (slices(events(rows, content=content)) for content in (False, True))

    assert closed[3]["args"] == {
        "prompt_number": 1,
        "step_order": 3,
        "status": "error",
        "duration_ms": 1000.0,
    }
    assert (closed[3]["cat"], closed[3]["cname"]) == ("mcp", "terrible")
    assert opened[3]["args"].items() - closed[3]["args"].items() == {
        ("input", "=1+1"),
        ("error", "no"),
    }
    assert opened[0]["name"] == "#1 Fix the test"


def test_nothing_is_a_document_too() -> None:
    """It opens, and shows nothing."""
    assert events([]) == []
