"""
What one client is owed: an answer to each line that asked for one.

Law: answers come in the order of the lines, an answer to a control line after all before it are
settled; a line that did not ask is owed nothing.
"""

from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from traced.core.answers import encode_acks
from traced.core.event import Outcome, Rejected
from traced.core.wire import Control, HookPayload, Item, TooLong


class Page(Struct):
    """Some lines in a row: who of them asked, and their outcomes once they have them."""

    slots: Sequence[bool | Control]
    outcomes: Sequence[Outcome] | None


class Replies:
    """
    The queue of answers; `answer_control` makes one, given how many events were settled before it.

    `owed` counts the answers that are not ready yet.
    """

    def __init__(self, answer_control: Callable[[Control, int], bytes]) -> None:
        self._answer_control = answer_control
        self._pages: deque[Page] = deque()
        self._settled = 0
        self.owed = 0

    @property
    def pending(self) -> bool:
        """Whether lines of this client wait for their outcomes."""
        return bool(self._pages)

    def expect(self, items: Sequence[Item]) -> Page:
        """Queue the answers to these lines; give the outcomes of its records to `settle`."""
        slots = [item if isinstance(item, Control) else asked(item) for item in items]
        has_records = any(isinstance(slot, bool) for slot in slots)
        page = Page(slots, None if has_records else ())
        self._pages.append(page)
        self.owed += sum(1 for slot in slots if slot)
        return page

    def settle(self, page: Page, outcomes: Sequence[Outcome]) -> None:
        """Fill a page: one outcome for each of its records, in their order."""
        page.outcomes = outcomes

    def ready(self) -> bytes:
        """Return the lines that can be sent now; they are no longer owed."""
        answers: list[bytes] = []
        acks: list[Outcome] = []
        while self._pages and (outcomes := self._pages[0].outcomes) is not None:
            following = iter(outcomes)
            for slot in self._pages.popleft().slots:
                if isinstance(slot, Control):
                    answers += (encode_acks(acks), self._answer_control(slot, self._settled))
                    acks.clear()
                    self.owed -= 1
                    continue
                self._settled += 1
                outcome = next(following)
                if slot:
                    acks.append(outcome)
                    self.owed -= 1
        answers.append(encode_acks(acks))
        return b"".join(answers)


def asked(item: Item) -> bool:
    """Tell whether a line asked for an ack, as far as that shows."""
    match item:
        case TooLong():
            return item.rejected.ack
        case HookPayload() | Control():
            return False
        case _:
            return item.ack


def is_torn(item: Item) -> bool:
    """
    Tell whether a last line was cut off on its way by a client that keeps it until it is acked.

    The hook client does that at its deadline, with the whole event in its spool.
    """
    if isinstance(item, Rejected):
        return item.ack and item.reason in ("not_json", "not_utf8")
    return isinstance(item, TooLong) and asked(item)
