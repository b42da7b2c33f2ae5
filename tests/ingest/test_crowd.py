from traced.ingest.crowd import Crowd


def test_nobody_has_a_turn_below_the_bound() -> None:
    """Up to the bound there is no crowd."""
    crowd: Crowd[str] = Crowd(10)

    crowd.hold("a", 6)
    crowd.hold("b", 4)

    assert crowd.oldest is None


def test_above_the_bound_it_is_the_turn_of_the_oldest() -> None:
    """Who has held on longest comes first, however little that is."""
    crowd: Crowd[str] = Crowd(10)

    crowd.hold("a", 1)
    crowd.hold("b", 10)
    crowd.hold("a", 2)

    assert crowd.oldest == "a"


def test_who_lets_go_is_no_longer_the_oldest() -> None:
    """Letting go passes the turn on, and ends the crowd where that suffices."""
    crowd: Crowd[str] = Crowd(10)
    crowd.hold("a", 2)
    crowd.hold("b", 8)
    crowd.hold("c", 8)

    crowd.hold("a", 0)
    assert crowd.oldest == "b"
    crowd.hold("b", 0)
    assert crowd.oldest is None
    assert crowd.bytes == 8


def test_who_holds_something_else_is_the_youngest() -> None:
    """A sender whose next line began is behind those who still hold their first."""
    crowd: Crowd[str] = Crowd(10)
    crowd.hold("a", 6)
    crowd.hold("b", 6)

    crowd.hold("a", 6, anew=True)

    assert crowd.oldest == "b"


def test_letting_go_twice_counts_once() -> None:
    """The sum stays true whatever is told."""
    crowd: Crowd[str] = Crowd(10)
    crowd.hold("a", 6)

    crowd.hold("a", 0)
    crowd.hold("a", 0)
    crowd.hold("b", 0)

    assert crowd.bytes == 0


def test_the_oldest_come_first() -> None:
    """It is gone through in the order in which they began to hold what they hold."""
    crowd: Crowd[str] = Crowd(0)
    for holder in "abc":
        crowd.hold(holder, 1)

    crowd.hold("b", 2)
    crowd.hold("a", 2, anew=True)

    assert list(crowd) == ["b", "c", "a"]


def test_half_gone_is_half_of_the_bound() -> None:
    """Half the bound leaves room until there is a crowd again, one byte more does not."""
    crowd: Crowd[str] = Crowd(10)

    crowd.hold("a", 6)
    assert not crowd.is_half_gone
    crowd.hold("a", 5)
    assert crowd.is_half_gone
