"""What readers tell of what they read."""

from traced.backfill.told import Counts


def test_what_several_readers_read_adds_up() -> None:
    """Each figure with its own kind."""
    counts = Counts(sessions=1, calls=2, too_old=3)
    counts.add(Counts(sessions=10, calls=20, too_old=30))

    assert counts == Counts(sessions=11, calls=22, too_old=33)
