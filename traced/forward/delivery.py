"""
A slice of spans, brought to the backend whole, or all but what it will never take.

Law: what is refused is given up only when its neighbours were taken. A backend that refuses
everything has a fault of its own (MLflow says 422 where its experiment is not named), and is waited
for. One that fails is waited for as well; only when that has lasted are the spans suspected, and a
failure is then taken for a refusal.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import structlog

from traced.forward.answers import Answer, Failed, Held, Refused, Taken, shown
from traced.telemetry.spans import Span

# As many as the batches of OpenTelemetry's own SDKs (OTEL_BSP_MAX_EXPORT_BATCH_SIZE).
REQUEST_SPANS_MAX: Final = 512
# Two bad spans are found in some 2 * log2(512) requests; nothing taken in so many is no accident.
REFUSALS_MAX: Final = 32

Send = Callable[[Sequence[Span]], Awaitable[Answer]]

log = structlog.get_logger()


class Delivered(NamedTuple):
    """How many spans the backend took, and how many it will never take."""

    sent: int
    rejected: int


class HeldBack(Exception):
    """The backend takes nothing now: all that was to be delivered is to be delivered again."""

    def __init__(self, why: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.retry_after_seconds = retry_after_seconds


async def deliver(send: Send, spans: Sequence[Span], *, suspected: bool = False) -> Delivered:
    """
    Deliver spans; a part that is refused is halved, down to the spans that are to blame.

    So is a part at which the backend fails, where the spans are `suspected` to be why.

    Raises:
        HeldBack: If the backend takes nothing now.
    """
    parts = [
        spans[start : start + REQUEST_SPANS_MAX]
        for start in range(0, len(spans), REQUEST_SPANS_MAX)
    ][::-1]
    sent = rejected = refusals = 0
    given_up: list[tuple[Span, str]] = []
    while parts:
        part = parts.pop()
        match _meant(await send(part), suspected=suspected):
            case Taken(partial):
                lost = 0 if partial is None else min(partial.rejected, len(part))
                if partial is not None:
                    log.warning("spans_rejected", count=lost, said=shown(partial.message))
                sent, rejected, refusals = sent + len(part) - lost, rejected + lost, 0
            case Held(why, retry_after_seconds):
                raise HeldBack(why, retry_after_seconds)
            case Refused(why):
                refusals += 1
                if refusals >= REFUSALS_MAX:
                    raise HeldBack(why)
                if len(part) == 1:
                    given_up.append((part[0], why))
                else:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
    if given_up and not sent:
        raise HeldBack(given_up[-1][1])
    for span, why in given_up:
        named = {"trace_id": span.trace_id.hex(), "span_id": span.span_id.hex()}
        log.warning("span_refused", why=why, **named)
    return Delivered(sent, rejected + len(given_up))


def _meant(answer: Answer, *, suspected: bool) -> Taken | Refused | Held:
    if isinstance(answer, Failed):
        return Refused(answer.why) if suspected else Held(*answer)
    return answer
