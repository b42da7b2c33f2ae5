"""
Whose spans they are: OpenTelemetry's resource, which distinguishes the machines of a fleet.

Law: OTEL_SERVICE_NAME beats OTEL_RESOURCE_ATTRIBUTES, which beats what the machine says itself; an
instance keeps its id as long as it keeps its machine's name, its user and its database.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote
from uuid import UUID, uuid5

from traced import __version__
from traced.core.errors import ConfigError
from traced.telemetry import names

ATTRIBUTES: Final = "OTEL_RESOURCE_ATTRIBUTES"
SERVICE_NAME: Final = "OTEL_SERVICE_NAME"
# What the semantic conventions of service.instance.id give for ids that follow from other things.
NAMESPACE: Final = UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")


def resource(environ: Mapping[str, str], host: str, uid: int, database: Path) -> dict[str, str]:
    """
    Return the attributes of the resource; `host` is the machine's own name for itself.

    Raises:
        ConfigError: If the variable cannot be read.
    """
    told = _attributes(environ.get(ATTRIBUTES, ""))
    if name := environ.get(SERVICE_NAME, "").strip():
        told[names.SERVICE_NAME] = _sendable(name)
    host = told.get(names.HOST_NAME, _sendable(host))
    instance = uuid5(NAMESPACE, _sendable(f"{host}\0{uid}\0{database}"))
    return {
        names.SERVICE_NAME: names.SERVICE,
        names.SERVICE_VERSION: __version__,
        names.SERVICE_INSTANCE_ID: str(instance),
        names.HOST_NAME: host,
        **told,
    }


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        name = _sendable(unquote(name).strip())
        if not pair.strip():
            continue
        if not equals or not name:
            raise ConfigError(
                f"{ATTRIBUTES} holds {pair.strip()!r}, expected name=value,name=value"
            )
        found[name] = _sendable(unquote(value).strip())
    return found


def _sendable(text: str) -> str:
    # An undecodable byte of the environment is a lone surrogate, which no backend takes.
    return text.encode("utf-8", "replace").decode()
