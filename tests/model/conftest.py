import sys

import pytest
from support.model_form import EXAMPLES, SEED


@pytest.fixture(autouse=True)
def _seed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Say how to repeat a long run, whether it fails or is killed."""
    if EXAMPLES:
        with capsys.disabled():
            sys.stdout.write(f"\nTRACED_MODEL_SEED={SEED}\n")
