from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest
from msgspec import Raw
from support.store_room import submission, translator

from traced.core.event import Event
from traced.core.wire import Envelope, HookPayload, NativeEvent
from traced.ingest import ahead
from traced.ingest.ahead import Ahead, Translated
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Record, Submission


class Room:
    """An intake and what is made of it ahead of the writer."""

    def __init__(self, events_max: int = 10) -> None:
        self.intake = Intake(1 << 20, lambda: None, Figures())
        self.asked: list[list[str]] = []
        self.may_answer = anyio.Event()
        self.may_answer.set()
        self.ahead = Ahead(self.intake, translator().translator, self._agents_of, events_max)

    async def _agents_of(self, session_ids: Collection[str]) -> dict[str, str | None]:
        self.asked.append(list(session_ids))
        await self.may_answer.wait()
        return {each: "codex" if each == "known" else None for each in session_ids}

    def put(self, *records: Record, size: int = 1, awaited: bool = False) -> Submission:
        """Put some records into the intake."""
        one = submission(records)
        one.size = size
        one.awaited = awaited
        self.intake.put(one)
        return one

    async def batch(self) -> Translated:
        """Return the next batch."""
        with anyio.fail_after(30):
            batch = await self.ahead.batch()
        assert batch is not None
        return batch


@asynccontextmanager
async def room(events_max: int = 10) -> AsyncIterator[Room]:
    """Translate for the length of the block."""
    one = Room(events_max)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.ahead.run)
        yield one
        tasks.cancel_scope.cancel()


def step(name: str = "n") -> NativeEvent:
    """Return a whole step."""
    return NativeEvent(trace_type="tool", name=name, session_id="s")


def hook(session_id: str) -> HookPayload:
    """Return a hook payload that does not say whose it is."""
    return HookPayload(b'{"hook_event_name":"Stop","session_id":"%b"}' % session_id.encode())


def agents(batch: Translated) -> Sequence[str | None]:
    """Return whose the entries of a batch are."""
    return [entry.agent for entry in batch.entries]


async def test_a_batch_is_what_came_in_its_order() -> None:
    """Each submission with one entry for each of its records."""
    async with room() as one:
        some = [one.put(step("a"), step("b")), one.put(step("c"))]
        batch = await one.batch()

        assert batch.submissions == some
        changes = [entry.changes[0] for entry in batch.entries if isinstance(entry, Event)]
        assert [getattr(change, "name", None) for change in changes] == ["a", "b", "c"]


async def test_a_batch_has_a_bound() -> None:
    """What does not fit is the next, and no more than that is read ahead."""
    async with room(events_max=4) as one:
        for _ in range(5):
            one.put(step(), step(), step())
        sizes = [len((await one.batch()).entries) for _ in range(5)]

        assert sizes == [3, 3, 3, 3, 3]


async def test_what_comes_while_a_batch_is_committed_is_one_batch() -> None:
    """However many submissions it is."""
    async with room() as one:
        one.put(step())
        await one.batch()
        for _ in range(4):
            one.put(step())
            await anyio.wait_all_tasks_blocked()

        assert len((await one.batch()).submissions) == 4


async def test_one_that_nobody_awaits_waits_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where batches follow each other; it goes with the first that somebody awaits."""
    monkeypatch.setattr(ahead, "OFTEN_SECONDS", 3600)
    monkeypatch.setattr(ahead, "LINGER_SECONDS", 3600)
    async with room() as one, anyio.create_task_group() as tasks:
        one.put(step())
        await one.batch()
        batches: list[Translated] = []

        async def take() -> None:
            batches.append(await one.batch())

        tasks.start_soon(take)
        for _ in range(3):
            one.put(step())
            await anyio.wait_all_tasks_blocked()
        assert not batches
        one.put(step(), awaited=True)
        await anyio.wait_all_tasks_blocked()

        assert [len(batch.submissions) for batch in batches] == [4]


@pytest.mark.parametrize("counts", [(1,) * 10, (6, 6)], ids=["enough", "no more fits"])
async def test_nobody_waits_beside_a_full_batch(
    monkeypatch: pytest.MonkeyPatch, counts: tuple[int, ...]
) -> None:
    """As many as are worth a commit are enough, and so are as many as fit."""
    monkeypatch.setattr(ahead, "OFTEN_SECONDS", 3600)
    monkeypatch.setattr(ahead, "LINGER_SECONDS", 3600)
    monkeypatch.setattr(ahead, "ENOUGH_EVENTS", 10)
    async with room() as one:
        one.put(step())
        await one.batch()
        for count in counts:
            one.put(*(step() for _ in range(count)))

        assert len((await one.batch()).entries) == (10 if len(counts) == 10 else 6)


async def test_one_that_comes_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no fixed delay."""
    monkeypatch.setattr(ahead, "LINGER_SECONDS", 3600)
    monkeypatch.setattr(ahead, "OFTEN_SECONDS", 0)
    async with room() as one:
        for _ in range(2):
            one.put(step())

            assert len((await one.batch()).entries) == 1


async def test_the_database_is_asked_once_for_all_sessions_that_nobody_named() -> None:
    """All other records are translated once, whatever has to be asked."""
    async with room() as one:
        one.put(step(), hook("known"), hook("new"), hook("known"), step())
        batch = await one.batch()

        assert one.asked == [["known", "new"]]
        assert agents(batch) == ["custom", "codex", "claude-code", "codex", "custom"]


async def test_a_sender_that_names_its_agent_costs_no_question() -> None:
    """The installed hooks do."""
    async with room() as one:
        one.put(Envelope(payload=Raw(hook("s").payload), agent="codex"))

        assert agents(await one.batch()) == ["codex"]
        assert one.asked == []


async def test_what_is_large_is_translated_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entries are the same; the loop went on meanwhile."""
    monkeypatch.setattr(ahead, "SLICE_BYTES", 100)
    async with room() as one:
        one.put(step("a"), size=101)
        one.put(step("b"), size=100)

        assert len((await one.batch()).entries) == 2


async def test_a_change_waits_for_a_translation_and_no_question() -> None:
    """A reload is not held up by a database that cannot be asked."""
    async with room() as one:
        one.may_answer = anyio.Event()
        one.put(hook("new"))
        await anyio.wait_all_tasks_blocked()
        done: list[bool] = []
        with anyio.fail_after(30):
            await one.ahead.between_submissions(lambda: done.append(True))

        assert done == [True]
        assert one.asked == [["new"]]


@pytest.mark.parametrize("end", [Intake.close, Intake.cut])
async def test_the_end_of_the_intake_is_told(end: Callable[[Intake], None]) -> None:
    """Who waits for a batch need not wait for ever."""
    async with room() as one, anyio.create_task_group() as tasks:
        batches: list[Translated | None] = []

        async def take() -> None:
            batches.append(await one.ahead.batch())

        tasks.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        end(one.intake)
        with anyio.fail_after(30):
            while not batches:
                await anyio.wait_all_tasks_blocked()

        assert batches == [None]


async def test_what_was_put_before_the_end_is_still_a_batch() -> None:
    """Closing takes nothing away."""
    async with room() as one:
        one.put(step())
        one.intake.close()

        assert len((await one.batch()).entries) == 1
        assert await one.ahead.batch() is None


async def test_what_was_cut_off_is_no_batch_and_is_held() -> None:
    """It is handed back instead, though it may have been translated."""
    async with room() as one:
        some = one.put(step())
        await anyio.wait_all_tasks_blocked()
        one.intake.cut()

        assert await one.ahead.batch() is None
        assert one.intake.held == [some]
