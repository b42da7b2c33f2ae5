from collections.abc import Callable, Sequence

import anyio

from traced.core.event import Outcome
from traced.core.wire import HookPayload
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Submission


def submission(
    events: int = 1,
    size: int = 1,
    settle: Callable[[Sequence[Outcome]], None] = lambda _outcomes: None,
) -> Submission:
    """Return some records from one place."""
    return Submission([HookPayload(b"{}")] * events, size, 0, None, settle)


class Room:
    """Counts how often an intake said that its room changed."""

    def __init__(self, bytes_max: int) -> None:
        self.changes = 0
        self.figures = Figures()
        self.intake = Intake(bytes_max, self._changed, self.figures)

    def _changed(self) -> None:
        self.changes += 1


async def test_gives_what_was_put_in_its_order() -> None:
    """First in, first out."""
    room = Room(1 << 20)
    first, second = submission(), submission()
    room.intake.put(first)
    room.intake.put(second)

    taken = await room.intake.take(1000)

    assert [each is put for each, put in zip(taken, (first, second), strict=True)] == [True, True]


async def test_takes_no_more_events_than_asked_for() -> None:
    """A batch ends before the submission that would make it too large."""
    room = Room(1 << 20)
    for events in (4, 4, 4):
        room.intake.put(submission(events))

    sizes = [
        [len(each.records) for each in await room.intake.take(8)],
        [len(each.records) for each in await room.intake.take(8)],
    ]

    assert sizes == [[4, 4], [4]]


async def test_take_waits_for_the_first() -> None:
    """Who takes from an empty intake gets what comes next."""
    room = Room(1 << 20)
    taken: list[Submission] = []

    async def take() -> None:
        taken.extend(await room.intake.take(8))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take)
            await anyio.lowlevel.checkpoint()
            assert taken == []
            room.intake.put(submission())

    assert len(taken) == 1


async def test_is_full_at_its_bound_and_open_again_at_half_of_it() -> None:
    """Between half and full nothing changes, so that reading is not switched at every batch."""
    room = Room(10)
    parts = [submission() for _ in range(10)]
    for part in parts[:9]:
        room.intake.put(part)
    assert not room.intake.full
    room.intake.put(parts[9])
    assert room.intake.full

    await room.intake.take(10)
    room.intake.settled(parts[:5])
    assert room.intake.full
    room.intake.settled(parts[5:6])

    assert not room.intake.full
    assert room.changes == 2


async def test_what_was_taken_counts_until_it_is_settled() -> None:
    """Events in the writer's hands take room as those that wait."""
    room = Room(10)
    put = submission(events=10, size=10)
    room.intake.put(put)

    await room.intake.take(10)
    assert room.intake.full
    room.intake.settled([put])

    assert not room.intake.full
    assert room.intake.bytes == 0


def test_the_last_submission_may_go_above_the_bound() -> None:
    """What was read is kept: nothing is dropped, whatever the bound says."""
    room = Room(1)

    room.intake.put(submission(size=100))
    room.intake.put(submission(size=100))

    assert room.figures.queued == 2


def test_counts_as_full_while_it_is_stalled() -> None:
    """A writer that cannot write stops all reading, however little waits."""
    room = Room(1 << 20)

    room.intake.stall(stalled=True)
    assert room.intake.full
    room.intake.stall(stalled=False)

    assert not room.intake.full
    assert room.changes == 2


async def test_room_can_be_waited_for() -> None:
    """Who brings more waits until the intake is open again."""
    room = Room(1 << 20)
    room.intake.stall(stalled=True)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(room.intake.room)
            await anyio.lowlevel.checkpoint()
            room.intake.stall(stalled=False)
        await room.intake.room()


async def test_closed_it_gives_what_waits_and_then_nothing() -> None:
    """The end of the writer comes after the last event."""
    room = Room(1 << 20)
    room.intake.put(submission())
    room.intake.close()

    assert len(await room.intake.take(8)) == 1
    assert await room.intake.take(8) == []


async def test_what_is_held_is_all_that_is_not_settled() -> None:
    """What was taken comes first, then what waits; what is settled is gone."""
    room = Room(1 << 20)
    for events in (1, 2, 3):
        room.intake.put(submission(events))

    taken = await room.intake.take(3)
    assert [len(each.records) for each in room.intake.held] == [1, 2, 3]
    room.intake.settled(taken[:1])

    assert [len(each.records) for each in room.intake.held] == [2, 3]
    assert room.figures.queued == 5


async def test_cut_off_it_gives_nothing_more() -> None:
    """What waits stays held, and who waits for it ends."""
    room = Room(1 << 20)
    room.intake.put(submission())
    room.intake.cut()

    assert await room.intake.take(8) == []
    assert len(room.intake.held) == 1


def test_at_a_stop_it_is_full_by_its_bytes_only() -> None:
    """What is read while nothing can be written is not lost: so it is read."""
    room = Room(10)
    room.intake.stall(stalled=True)
    room.intake.stop_stalling()
    assert not room.intake.full
    room.intake.stall(stalled=True)
    assert not room.intake.full

    room.intake.put(submission(size=10))

    assert room.intake.full


def test_events_are_counted_when_they_are_put() -> None:
    """Received counts records, not submissions."""
    room = Room(1 << 20)

    room.intake.put(submission(events=3))

    assert room.figures.received == 3
