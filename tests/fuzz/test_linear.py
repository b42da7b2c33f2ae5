"""
No text costs more than linear time, whatever it repeats: four times as much takes four times.

Quadratic time would take sixteen times; what a busy machine adds, several tries take away.
"""

import gc
import time
from collections.abc import Callable, Iterator

import pytest
from support.adversarial import HALVES, JSON_ITEMS, TEXTS, grown, grown_array
from support.store_room import records, submission, translator

from traced.agents.fields import match_key
from traced.core.redact import Redactor
from traced.core.summarise import cut, summary

RATIO_MAX = 11.0
TRIES = 6
SECONDS_TOO_SHORT = 0.002  # less is made up of other things

HOOK = (
    '{"hook_event_name":"PostToolUse","session_id":"s","tool_use_id":"t","tool_name":"%s",'
    '"tool_input":{"command":"ls"},"tool_response":%s}'
)


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """Measure our own work: a full collection walks through all that pytest holds."""
    gc.disable()
    yield
    gc.enable()


def seconds(work: Callable[[str], object], text: str) -> float:
    """Return the CPU time of this thread for one call."""
    began = time.thread_time()
    work(text)
    return time.thread_time() - began


def assert_linear(work: Callable[[str], object], small: str, large: str) -> None:
    """Fail if `large`, four times `small`, takes much more than four times as long, always."""
    ratios = []
    for _ in range(TRIES):
        long = seconds(work, large)
        ratios.append(long / max(seconds(work, small), SECONDS_TOO_SHORT))
        if ratios[-1] < RATIO_MAX:
            return
    raise AssertionError(f"4 times as much takes {min(ratios):.0f} times as long: {small[:60]!r}")


def take(line: str) -> None:
    """Put one line through protocol and translator."""
    translator().entries(submission(records(line.encode("utf-8", "surrogatepass"))))


@pytest.mark.parametrize("unit", [*TEXTS, *HALVES])
def test_redaction_is_linear(unit: str) -> None:
    """In texts; raw lines are texts too."""
    assert_linear(Redactor().text, grown(unit, 4_000), grown(unit, 16_000))


@pytest.mark.parametrize("unit", TEXTS[::7])
def test_garbage_is_rejected_in_linear_time(unit: str) -> None:
    """Its redaction is bounded; what is linear is the search for its fault."""
    unit = unit.replace("\n", " ")

    assert_linear(take, grown(unit, 50_000), grown(unit, 200_000))


@pytest.mark.parametrize("item", JSON_ITEMS)
@pytest.mark.parametrize("tool", ["Bash", "Agent"])
def test_an_answer_of_many_values_is_told_in_linear_time(item: str, tool: str) -> None:
    """However small each of them is."""
    small, large = (HOOK % (tool, grown_array(item, chars)) for chars in (25_000, 100_000))

    assert_linear(take, small, large)


@pytest.mark.parametrize("item", JSON_ITEMS)
def test_a_broken_array_is_rejected_in_linear_time(item: str) -> None:
    """No object is made of it to find its fault."""
    small, large = (grown_array(item, chars)[:-1] for chars in (50_000, 200_000))

    assert_linear(take, small, large)


@pytest.mark.parametrize("unit", ["a", '"', "\u200d", "e\u0301", "password=x ", "[redacted]"])
def test_a_long_text_is_summed_up_and_known_again_in_linear_time(unit: str) -> None:
    """A summary reads its head; the key that finds a call reads all of it."""
    small, large = grown(unit, 50_000), grown(unit, 200_000)

    assert_linear(lambda text: summary({"text": [text], text: text}, Redactor()), small, large)
    assert_linear(lambda text: match_key(None, "Bash", {"command": text}), small, large)
    assert_linear(cut, small, large)
