from traced.core.event import Outcome, Rejected
from traced.ingest.figures import Figures


def test_each_event_ends_in_exactly_one_figure() -> None:
    """Received is the sum of the ways to end, and of what the intake holds."""
    figures = Figures()
    figures.took(6)

    figures.committed(
        [
            Outcome(status="stored"),
            Outcome(status="duplicate"),
            Outcome(status="ignored"),
            Outcome(status="rejected", reason="not_json"),
        ],
        0.5,
    )
    figures.discarded["shutdown"] += 1
    figures.left(5)

    assert (figures.stored, figures.duplicate, figures.ignored) == (1, 1, 1)
    assert figures.rejected == {"not_json": 1}
    assert figures.settled == 5
    assert figures.queued == 1


def test_what_waits_is_counted_by_itself() -> None:
    """A batch that is committed does not leave the queue by that: the sum could be wrong."""
    figures = Figures()
    figures.took(2)
    figures.committed([Outcome(status="stored"), Outcome(status="stored")], 0.1)

    assert (figures.received, figures.settled, figures.queued) == (2, 2, 2)


def test_notes_of_earlier_losses_are_received_and_ended_at_once() -> None:
    """Each counts as many events as it tells of."""
    figures = Figures()
    lost = Rejected("spool_full", "", None, 0, kind="discarded", count=3)
    figures.noted([lost, Rejected("not_json", "", None, 0)])

    assert (figures.received, figures.queued, figures.settled) == (4, 0, 4)
    assert figures.discarded == {"spool_full": 3}
    assert figures.rejected == {"not_json": 1}


def test_the_most_that_waited_is_remembered() -> None:
    """The longest queue since start is kept when the queue is empty again."""
    figures = Figures()
    figures.took(3)
    figures.took(4)
    figures.left(7)
    figures.took(1)

    assert figures.queued_max == 7


def test_the_last_batch_is_told() -> None:
    """Its size is that of the batch, not of all so far."""
    figures = Figures()
    figures.took(5)
    figures.committed([Outcome(status="stored")] * 3, 0.1)
    figures.committed([Outcome(status="stored")] * 2, 0.1)

    assert figures.batch_events_last == 2
    assert figures.last_commit_epoch is not None
    assert figures.last_commit_seconds is not None


def test_commit_times_are_told_as_percentiles() -> None:
    """Half of the commits took at most p50, all but one in a hundred p99."""
    figures = Figures()
    for hundredths in range(101):
        figures.committed([], hundredths / 100)

    assert figures.commit_seconds() == {"p50": 0.5, "p99": 0.99}


def test_no_commit_has_no_percentiles() -> None:
    """Before the first commit they are null, not zero."""
    assert Figures().commit_seconds() == {"p50": None, "p99": None}
