"""How much is run of a long test: all of it with TRACED_FAULTS=long, else the short form."""

import os

import pytest

LONG = os.environ.get("TRACED_FAULTS") == "long"
SEED = int(os.environ.get("TRACED_FAULTS_SEED", "20261122"))

long_form = pytest.mark.skipif(not LONG, reason="belongs to the long form: TRACED_FAULTS=long")
