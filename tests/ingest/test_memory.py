import sys
from pathlib import Path

import pytest
from support.store import whole
from support.store_files import store_on

from traced.ingest.memory import Memory, give_back, keep_together


async def test_memory_is_given_back_once_a_burst_is_over(tmp_path: Path) -> None:
    """Not while more comes, and not again before the next."""
    received = iter((0, 5000, 9000, 9001, 9002, 9900, 9950))
    async with store_on(tmp_path / "traced.db") as store:
        memory = Memory(store, lambda: next(received))
        given_back = [await memory.look() for _ in range(7)]

        assert given_back == [False, False, False, True, False, False, False]


async def test_what_is_recorded_afterwards_is_stored(tmp_path: Path) -> None:
    """The pages that were let go of are read again."""
    async with store_on(tmp_path / "traced.db") as store:
        for order in (1, 2):
            await store.run(lambda recorder: recorder.empty_page_cache())
            (outcome,) = await store.run(lambda recorder: recorder.append([whole()], 1))

            assert (outcome.status, outcome.step_order) == ("stored", order)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be asked")
def test_the_c_library_returns_what_it_keeps() -> None:
    """Blocks behind which others are still in use."""
    blocks = [bytes(100_000) for _ in range(200)]
    kept = blocks[::20]
    del blocks

    assert give_back()
    assert len(kept) == 10


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be asked")
def test_the_c_library_lets_threads_share() -> None:
    """What it keeps for itself is bounded whatever the number of threads."""
    assert keep_together()
