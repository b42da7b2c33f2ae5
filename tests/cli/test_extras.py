"""Modules whose libraries are not installed with the others."""

import json

import pytest

from traced.cli.extras import load
from traced.core.errors import TracedError


def test_what_is_installed_is_loaded() -> None:
    """As the module that it is."""
    assert load("json", "otlp") is json


def test_what_is_not_is_told() -> None:
    """With what is missing, and how to get it."""
    with pytest.raises(TracedError) as caught:
        load("traced.none", "otlp")

    assert str(caught.value) == (
        "this needs the `otlp` extra, which is not installed (No module named 'traced.none'):"
        " pip install 'agent-traced[otlp]', or '.[otlp]' in a clone"
    )
