"""What clients sent and were told, held against what is stored: each event once, in its place."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from support.resending import Resender
from support.snapshot import Snapshot

STATUSES = {"stored", "duplicate", "ignored"}


def check_once(stored: Snapshot, explicit: Mapping[str, Sequence[int]]) -> None:
    """Nothing is there twice, and orders have no gaps but those of sessions that name theirs."""
    steps = stored.steps()
    assert not repeated((step["agent"], step["event_id"]) for step in steps if step["event_id"])
    assert not repeated(
        (step["session_id"], step["call_id"]) for step in steps if step["call_id"] is not None
    )
    for session_id, found in groupby(steps, key=itemgetter("session_id")):
        orders = [step["step_order"] for step in found]
        wanted = explicit.get(session_id, range(1, len(orders) + 1))
        assert orders == sorted(wanted), session_id


def check_told(
    stored: Snapshot, senders: Iterable[Resender], call_of: Mapping[str, str | None]
) -> Counter[str]:
    """
    Each event was acked in the end, and its step stands where the ack said.

    `call_of` is the call id of each event that makes or changes one step, None for a whole one.
    Returns how many acks had which status.
    """
    steps = {(step["session_id"], step["step_order"]): step for step in stored.steps()}
    statuses = Counter[str]()
    for sender in senders:
        assert sender.sent == list(sender.told)
        for event_id, answer in sender.told.items():
            assert answer["status"] in STATUSES, answer
            statuses[answer["status"]] += 1
            if event_id in call_of:
                step = steps[answer["session_id"], answer["step_order"]]
                call_id = call_of[event_id]
                told = step["event_id"] if call_id is None else step["call_id"]
                assert told == (call_id or event_id)
    return statuses


def repeated(keys: Iterable[Hashable]) -> list[Hashable]:
    """Return what is there more than once."""
    return [key for key, times in Counter(keys).items() if times > 1]
