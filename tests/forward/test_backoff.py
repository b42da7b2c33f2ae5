"""How long a backend that takes nothing is waited for."""

from traced.forward.backoff import Backoff


def test_each_wait_is_longer_up_to_a_minute() -> None:
    """Half of it is chance, so that a fleet does not come back at once."""
    backoff = Backoff()
    waits = [backoff.failed() for _ in range(9)]

    for wait, longest in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert longest / 2 <= wait <= longest


def test_the_backend_says_how_long_at_least() -> None:
    """What Retry-After asks for, and a little more."""
    assert 100 <= Backoff().failed(100) <= 110


def test_a_success_begins_anew() -> None:
    """And tells whether it ended a failure."""
    backoff = Backoff()
    assert not backoff.succeeded()
    for _ in range(5):
        backoff.failed()

    assert backoff.succeeded()
    assert backoff.failed() <= 1
