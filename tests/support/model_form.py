"""
The two forms of the model's tests: short and always the same, or long and never the same.

`TRACED_MODEL_EXAMPLES=2000` makes it long; it shows `TRACED_MODEL_SEED`, which repeats it.
"""

import os
import random
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, seed, settings

Test = TypeVar("Test", bound=Callable[..., object])

EXAMPLES = int(os.environ.get("TRACED_MODEL_EXAMPLES", "0"))
SEED = int(os.environ.get("TRACED_MODEL_SEED") or random.randrange(2**32))
# Shrinking a failing walk takes up to five minutes more.
SECONDS_MAX = 120 + 2 * EXAMPLES + (300 if EXAMPLES else 0)


def form(examples: int, *, steps: int = 40) -> settings:
    """Return settings for this many examples, each of so many steps, if the form is short."""
    return settings(
        max_examples=EXAMPLES or examples,
        stateful_step_count=2 * steps if EXAMPLES else steps,
        derandomize=not EXAMPLES,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def seeded(test: Test) -> Test:
    """Give a test the seed of the long form."""
    return seed(SEED)(test) if EXAMPLES else test
