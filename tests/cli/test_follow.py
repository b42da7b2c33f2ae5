from collections.abc import Iterator
from contextlib import closing

import pytest
from support.rows import Recording, ran

from traced.cli.follow import BATCH_STEPS_MAX, Commits, Follower, Shown
from traced.core.errors import StoreError
from traced.store.reader import ReadConnection, open_reader


@pytest.fixture
def reader(recording: Recording) -> Iterator[ReadConnection]:
    """A reader on the recording."""
    with closing(open_reader(recording.path)) as connection:
        yield connection


def follower(
    reader: ReadConnection, recording: Recording, session_pk: int | None = None
) -> Follower:
    """Return a follower of the recording."""
    return Follower(reader, recording.path, session_pk, content=False)


def test_news_go_on_from_the_latest(recording: Recording, reader: ReadConnection) -> None:
    """First come the latest steps, then what is made or changed, each change once."""
    pk = recording.session()
    first, second = recording.step(pk, 1), recording.step(pk, 2, status="running")
    followed = follower(reader, recording)

    assert [step.id for step in followed.latest(1)] == [second]
    assert followed.news() == []
    third = recording.step(pk, 3)
    recording.change(second, status="ok")
    assert [(step.id, step.status) for step in followed.news()] == [(third, "ok"), (second, "ok")]
    assert followed.news() == []
    recording.change(first, prompt_number=2)
    assert [step.id for step in followed.news()] == [first]


def test_many_news_come_in_batches(recording: Recording, reader: ReadConnection) -> None:
    """More than a batch of changes comes in several, without a further commit and none missed."""
    followed = follower(reader, recording)
    followed.latest(0)
    pk = recording.session()
    recording.connection.execute("BEGIN")
    made = [recording.step(pk, order) for order in range(1, BATCH_STEPS_MAX + 11)]
    recording.connection.execute("COMMIT")

    assert [step.id for step in followed.news()] == made[:BATCH_STEPS_MAX]
    assert [step.id for step in followed.news()] == made[BATCH_STEPS_MAX:]
    assert followed.news() == []


def test_one_session_can_be_followed(recording: Recording, reader: ReadConnection) -> None:
    """Of one session only its own steps are news, whatever else happens."""
    mine, other = recording.session("s1"), recording.session("s2")
    followed = follower(reader, recording, mine)
    followed.latest(10)
    recording.step(other, 1)

    assert followed.news() == []
    wanted = recording.step(mine, 1)
    assert [step.id for step in followed.news()] == [wanted]


def test_a_replaced_database_is_noticed(recording: Recording, reader: ReadConnection) -> None:
    """Once the file is another one, following ends with a message, not in silence."""
    followed = follower(reader, recording)
    followed.latest(10)
    recording.path.rename(recording.path.with_suffix(".corrupt"))

    with pytest.raises(StoreError, match=r"traced\.db was replaced or removed"):
        followed.news()


def test_a_status_is_shown_once() -> None:
    """A step is news when it starts and when it ends, not when its row changes otherwise."""
    shown = Shown()
    running, ended = ran(1, 0, None), ran(1, 0, 1)

    assert [shown.is_news(step) for step in (running, running, ended, ended)] == [
        True,
        False,
        True,
        False,
    ]


def test_what_was_shown_is_bounded() -> None:
    """Memory for what was shown does not grow: the oldest is forgotten, and may come again."""
    shown = Shown(steps_max=2)

    assert [shown.is_news(ran(number, 0, 1)) for number in (1, 2, 3, 3, 1)] == [
        True,
        True,
        True,
        False,
        True,
    ]


def test_commits_of_others_are_noticed_once(recording: Recording, reader: ReadConnection) -> None:
    """The first look is always worth it; then only what somebody has committed since."""
    commits = Commits(reader, recording.path)

    assert [commits.came(), commits.came()] == [True, False]
    recording.session("s1")
    assert [commits.came(), commits.came()] == [True, False]
