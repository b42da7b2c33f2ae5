import json
import subprocess
from collections.abc import Callable
from typing import Any

from support.index import bring_up_to_date
from support.rows import Recording

Traced = Callable[..., subprocess.CompletedProcess[str]]


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what a command printed as JSON."""
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def test_search(recording: Recording, traced: Traced) -> None:
    """What is found is a list for people and a document for programs, with all columns."""
    pk = recording.session()
    recording.step(pk, 1, input_summary="npm install")
    recording.step(pk, 2, input_summary="npm test")

    for _ in range(2):
        shown = traced("search", "npm inst")
        assert (shown.stdout.count("\n"), shown.stderr) == (1, "")
        assert "npm install" in shown.stdout
        found = document(traced("search", "npm inst", "--json"))
        assert [row["step_order"] for row in found["results"]] == [1]
        assert (found["next"], found["complete"]) == (None, True)
        bring_up_to_date(recording.path)


def test_words_need_no_quotes(recording: Recording, traced: Traced) -> None:
    """Several words are looked for together, whether or not the shell joined them."""
    pk = recording.session()
    recording.step(pk, 1, input_summary="npm install")
    recording.step(pk, 2, input_summary="npm test")

    assert traced("search", "npm", "inst").stdout == traced("search", "npm inst").stdout != ""


def test_search_goes_on(recording: Recording, traced: Traced) -> None:
    """When there may be more, the message is the command that shows it."""
    pk = recording.session(agent="a b")
    for order in range(1, 4):
        recording.step(pk, order)
    first = traced("search", "bash", "-n", "2", "--agent", "a b")

    assert first.stdout.count("\n") == 2
    assert first.stderr == ("there may be more: traced search --agent 'a b' -n 2 --before 2 bash\n")
    last = document(
        traced("search", "--agent", "a b", "-n", "2", "--before", "2", "bash", "--json")
    )
    assert [row["step_order"] for row in last["results"]] == [1]


def test_search_finds_nothing(recording: Recording, traced: Traced) -> None:
    """Nothing found is no failure, and said."""
    recording.step(recording.session(), 1)
    nothing = traced("search", "elsewhere", "--type", "mcp")

    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert nothing.stderr == "no step has these words\n"


def test_search_says_what_is_missing(recording: Recording, traced: Traced) -> None:
    """When many new steps are not indexed yet, the reader is told that some were left out."""
    pk = recording.session()
    recording.step(pk, 1)
    bring_up_to_date(recording.path)
    recording.skip(25_000)
    recording.step(pk, 2)

    assert "not indexed yet" in traced("search", "bash").stderr
    assert document(traced("search", "bash", "--json"))["complete"] is False


def test_search_for_no_word(recording: Recording, traced: Traced) -> None:
    """A text without letters and digits is a failure that says what is expected."""
    recording.session()
    refused = traced("search", "/-")

    assert refused.returncode == 1
    assert "expected letters or digits" in refused.stderr


def test_search_is_safe_to_show(recording: Recording, traced: Traced) -> None:
    """What a step or the search itself holds never steers a terminal."""
    recording.step(recording.session(), 1, input_summary="evil \x1b[2J\u202e")
    recording.step(recording.session("s2"), 1, input_summary="evil \x1b]0;x\x07")
    for options in ((), ("--json",)):
        done = traced("search", "evil\x1b[1m", "-n", "1", *options)
        assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)
    done = traced("search", "evil", *options)
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)
