"""Slices on their way to a backend."""

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from traced.forward.answers import Answer, Failed, Held, Refused, Taken
from traced.forward.delivery import REFUSALS_MAX, Delivered, HeldBack, deliver
from traced.forward.protobuf import Partial
from traced.telemetry.spans import Span


def spans(number: int) -> list[Span]:
    """Return so many spans, named by their places."""
    return [
        Span(bytes(16), place.to_bytes(8, "big"), None, str(place), 0, 0, {})
        for place in range(number)
    ]


class Backend:
    """Takes all but spans of some names."""

    def __init__(
        self,
        *bad: str,
        answer: Answer | None = None,
        to_bad: Answer = Refused("it answers 422"),  # noqa: B008  # it is a tuple
    ) -> None:
        self.bad = set(bad)
        self.to_bad = to_bad
        self.answer = answer
        self.taken: list[str] = []
        self.requests = 0

    async def send(self, some: Sequence[Span]) -> Answer:
        """Take some spans."""
        self.requests += 1
        names = [span.name for span in some]
        if self.bad.intersection(names):
            return self.to_bad
        if self.answer is not None:
            return self.answer
        self.taken += names
        return Taken()


async def test_a_slice_is_sent_in_order_and_in_bounds() -> None:
    """No request holds more than what backends are used to."""
    backend = Backend()

    assert await deliver(backend.send, spans(1025)) == Delivered(1025, 0)
    assert backend.taken == [str(place) for place in range(1025)]
    assert backend.requests == 3


async def test_a_bad_span_costs_itself_alone() -> None:
    """Its neighbours are sent, and the log says which it was and why."""
    backend = Backend("3", "200")

    with capture_logs() as logs:
        assert await deliver(backend.send, spans(256)) == Delivered(254, 2)
    assert backend.taken == [str(place) for place in range(256) if place not in {3, 200}]
    assert [(each["event"], each["span_id"], each["why"]) for each in logs] == [
        ("span_refused", "0000000000000003", "it answers 422"),
        ("span_refused", "00000000000000c8", "it answers 422"),
    ]


@pytest.mark.parametrize("number", [1, 512])
async def test_who_refuses_everything_is_waited_for(number: int) -> None:
    """That is a fault of the backend or of its address; it is found out within bounds."""
    backend = Backend(*(str(place) for place in range(number)))

    with pytest.raises(HeldBack, match="it answers 422"):
        await deliver(backend.send, spans(number))
    assert backend.requests <= REFUSALS_MAX


async def test_a_backend_that_waits_is_waited_for() -> None:
    """For as long as it says."""
    backend = Backend(answer=Held("it answers 429", 30.0))

    with pytest.raises(HeldBack, match="it answers 429") as caught:
        await deliver(backend.send, spans(1000))
    assert caught.value.retry_after_seconds == 30.0
    assert backend.requests == 1


async def test_a_backend_that_fails_is_waited_for() -> None:
    """Nothing says that the spans are why; it may be back soon."""
    backend = Backend("3", to_bad=Failed("it answers 500", 5.0))

    with pytest.raises(HeldBack, match="it answers 500") as caught:
        await deliver(backend.send, spans(8))
    assert caught.value.retry_after_seconds == 5.0
    assert backend.requests == 1


async def test_a_span_at_which_a_backend_always_fails_is_given_up_once_it_is_suspected() -> None:
    """If its neighbours are taken; else the backend fails at everything."""
    backend = Backend("3", to_bad=Failed("it answers 500"))
    broken = Backend(*map(str, range(8)), to_bad=Failed("it answers 500"))

    assert await deliver(backend.send, spans(8), suspected=True) == Delivered(7, 1)
    assert "3" not in backend.taken
    with pytest.raises(HeldBack, match="it answers 500"):
        await deliver(broken.send, spans(8), suspected=True)


async def test_what_a_backend_says_it_did_not_take_is_counted() -> None:
    """And not sent again, for it said so knowing the spans; no more than were sent."""
    backend = Backend(answer=Taken(Partial(2, "too\nold")))

    with capture_logs() as logs:
        assert await deliver(backend.send, spans(5)) == Delivered(3, 2)
    assert logs == [
        {"event": "spans_rejected", "log_level": "warning", "count": 2, "said": "too old"}
    ]
    assert await deliver(Backend(answer=Taken(Partial(9, ""))).send, spans(5)) == Delivered(0, 5)
