"""Whose spans they are."""

from pathlib import Path

import pytest

from traced import __version__
from traced.core.errors import ConfigError
from traced.forward.resource import resource

DATABASE = Path("/var/traced.db")


def test_the_machine_and_the_service_are_named() -> None:
    """The instance's id follows from host, user and database, in every release."""
    assert resource({}, "build7", 1000, DATABASE) == {
        "service.name": "agent-traced",
        "service.version": __version__,
        "service.instance.id": "e7e1a5dc-2f41-5b39-9ee5-95b858901429",
        "host.name": "build7",
    }


def test_variables_win() -> None:
    """The service's name has a variable of its own, which wins over the list."""
    environ = {
        "OTEL_RESOURCE_ATTRIBUTES": "host.name=box,service.name=x, team=a%2Cb ,",
        "OTEL_SERVICE_NAME": "agents",
    }
    found = resource(environ, "build7", 1000, DATABASE)

    assert found["host.name"] == "box"
    assert found["service.name"] == "agents"
    assert found["team"] == "a,b"


def test_instances_differ() -> None:
    """By host, user and database."""
    found = [
        resource({}, "a", 1, DATABASE),
        resource({}, "b", 1, DATABASE),
        resource({}, "a", 2, DATABASE),
        resource({}, "a", 1, Path("/other.db")),
    ]

    assert len({each["service.instance.id"] for each in found}) == 4


def test_bytes_that_are_no_text_are_replaced() -> None:
    """The environment, the machine's name and a path may hold them; a request cannot."""
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "a\udce9=b\udce9", "OTEL_SERVICE_NAME": "c\udce9"}
    found = resource(environ, "d\udce9", 1, Path("/\udce9.db"))

    assert (found["a?"], found["service.name"], found["host.name"]) == ("b?", "c?", "d?")


def test_a_list_that_is_none_is_wrong() -> None:
    """The message shows the part."""
    with pytest.raises(
        ConfigError, match="OTEL_RESOURCE_ATTRIBUTES holds 'team', expected name=value,name=value"
    ):
        resource({"OTEL_RESOURCE_ATTRIBUTES": "a=b,team"}, "a", 1, DATABASE)
