import threading

import anyio
import pytest
from support.rows import Recording

from traced.store import queries
from traced.store.reader import ReadConnection
from traced.web.problem import Problem, WrongField
from traced.web.reading import READERS_MAX, Reading, session_named

FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"


async def test_a_question_is_asked_in_a_thread(recording: Recording) -> None:
    """The event loop goes on while a question runs."""

    def question(connection: ReadConnection) -> tuple[int, int]:
        return queries.newest_revision(connection), threading.get_ident()

    revision, thread = await Reading(recording.path).ask(question)

    assert revision == 0
    assert thread != threading.get_ident()


async def test_a_long_question_is_given_up(recording: Recording) -> None:
    """A question that would run for ever is 503 after its time."""

    def question(connection: ReadConnection) -> None:
        connection.execute(FOR_EVER).fetchone()

    with pytest.raises(Problem, match="took longer than") as caught:
        await Reading(recording.path, seconds_max=0.05).ask(question)

    assert caught.value.document.status == 503


async def test_questions_beside_each_other_are_bounded(recording: Recording) -> None:
    """So many threads read at once and no more, however many ask."""
    running, most, lock = 0, 0, threading.Lock()
    reading = Reading(recording.path)

    def question(connection: ReadConnection) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        queries.newest_revision(connection)
        with lock:
            running -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(10 * READERS_MAX):
            tasks.start_soon(reading.ask, question)

    assert 1 <= most <= READERS_MAX


async def test_an_error_of_the_question_is_its_own(recording: Recording) -> None:
    """What a question raises beside the store's errors comes to who asked."""

    def question(connection: ReadConnection) -> None:
        session_named(connection, "s1", None, None)

    with pytest.raises(WrongField, match="session_id is 's1', expected the id of a recorded"):
        await Reading(recording.path).ask(question)
