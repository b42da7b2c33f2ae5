"""The way from a database to a backend."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.otlp import Backend, backend, resource_of
from support.rows import Recording

from traced.cli.bringing import Asked, bring
from traced.core.errors import ConfigError, TracedError
from traced.settings import effective

Forward = Callable[..., None]


@pytest.fixture
def forward_once(environ: dict[str, str]) -> Forward:
    """Forward what there is, as asked for, with variables beside those of the environment."""

    def run(asked: Asked | None = None, **variables: str) -> None:
        wanted = (asked or Asked())._replace(once=True)
        bring(effective({}, environ), environ | variables, wanted)

    return run


def test_what_was_recorded_is_sent_once(
    session: int, recording: Recording, forward_once: Forward, otlp: Backend
) -> None:
    """Without content, from this machine, and the second time only what is new."""
    forward_once(OTEL_RESOURCE_ATTRIBUTES="host.name=box")
    recording.step(session, 2, name="Read")
    forward_once(OTEL_RESOURCE_ATTRIBUTES="host.name=box")

    assert otlp.names == ["invoke_agent claude-code", "execute_tool Bash", "execute_tool Read"]
    assert {span.attributes["host.name"] for span in otlp.spans} == {"box"}
    assert resource_of(otlp.requests[0])["host.name"] == "box"
    assert "input.value" not in otlp.spans[1].attributes


@pytest.mark.usefixtures("session")
def test_content_is_sent_where_asked_for(forward_once: Forward, otlp: Backend) -> None:
    """Prompts, arguments and results."""
    forward_once(Asked(content=True))

    assert [span.attributes["input.value"] for span in otlp.spans] == ["Fix it", "ls"]


@pytest.mark.usefixtures("session")
def test_another_backend_gets_everything(
    forward_once: Forward, tmp_path: Path, otlp: Backend
) -> None:
    """Each has a place of its own; so has whoever names another file."""
    forward_once()
    with backend() as other:
        forward_once(Asked(other.url))
        forward_once(Asked(other.url, cursor=tmp_path / "anew"))

    assert len(otlp.spans) == 2
    assert len(other.spans) == 4


@pytest.mark.usefixtures("session")
def test_a_file_of_another_backend_is_not_gone_on_with(
    forward_once: Forward, tmp_path: Path, otlp: Backend
) -> None:
    """What the one was sent, the other would never get."""
    noted = tmp_path / "noted"
    forward_once(Asked(cursor=noted))
    before = noted.read_bytes()
    with (
        backend() as other,
        pytest.raises(ConfigError, match=f"{noted} notes what {otlp.url}/v1/traces was sent"),
    ):
        forward_once(Asked(other.url, cursor=noted))

    assert noted.read_bytes() == before


@pytest.mark.usefixtures("session")
def test_backends_that_differ_in_a_header_get_everything_each(
    forward_once: Forward, tmp_path: Path, otlp: Backend
) -> None:
    """Another experiment is another place; another key is not. A named file serves one of them."""
    noted = Asked(cursor=tmp_path / "noted")
    for header in ("experiment=0,api-key=a", "experiment=1,api-key=a", "experiment=1,api-key=b"):
        forward_once(OTEL_EXPORTER_OTLP_HEADERS=header)
    assert len(otlp.spans) == 4

    forward_once(noted, OTEL_EXPORTER_OTLP_HEADERS="experiment=0")
    with pytest.raises(ConfigError, match="was sent with another user, query or header"):
        forward_once(noted, OTEL_EXPORTER_OTLP_HEADERS="experiment=1")
    assert "experiment" not in (tmp_path / "noted").read_text()


def test_the_root_is_no_cursor(forward_once: Forward) -> None:
    """It has no name for a lock beside it."""
    with pytest.raises(ConfigError, match="--cursor / is a folder, expected a file"):
        forward_once(Asked(cursor=Path("/")))


def test_what_was_recorded_before_can_be_left_out(
    session: int, recording: Recording, forward_once: Forward, otlp: Backend
) -> None:
    """The first time; later it goes on where it was."""
    forward_once(Asked(skip_recorded=True))
    recording.step(session, 2, name="Read")
    forward_once(Asked(skip_recorded=True))

    assert otlp.names == ["invoke_agent claude-code", "execute_tool Read"]


@pytest.mark.usefixtures("session")
def test_a_backend_that_takes_nothing_fails_a_single_pass(
    forward_once: Forward, tmp_path: Path, otlp: Backend
) -> None:
    """With the reason; nothing counts as sent."""
    otlp.refused = {"invoke_agent claude-code", "execute_tool Bash"}
    with pytest.raises(TracedError) as caught:
        forward_once()

    assert str(caught.value) == (
        f"{otlp.url}/v1/traces takes nothing: it answers 422: cannot process"
    )
    assert [*tmp_path.rglob("*.json")] == []


def test_variables_that_are_wrong_are_told(forward_once: Forward) -> None:
    """Before anything is read."""
    with pytest.raises(ConfigError, match="OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', expected http/"):
        forward_once(OTEL_EXPORTER_OTLP_PROTOCOL="grpc")


def test_what_is_kept_is_private(
    session: int, recording: Recording, forward_once: Forward, tmp_path: Path
) -> None:
    """Folder and files, as all of traced's."""
    recording.step(session, 2, status="running")
    forward_once()

    folder = tmp_path / ".local/state/traced/forward"
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.suffix: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {".json": 0o600, ".lock": 0o600}


@pytest.mark.usefixtures("session")
def test_a_link_to_the_file_stays_one(forward_once: Forward, tmp_path: Path) -> None:
    """What it leads to is replaced; where it leads nowhere, that is told."""
    kept, link, loop = (tmp_path / name for name in ("kept", "link", "loop"))
    link.symlink_to(kept)
    loop.symlink_to(loop)
    forward_once(Asked(cursor=link))

    assert link.is_symlink()
    assert '"spans_sent":2' in kept.read_text()
    with pytest.raises(ConfigError, match=r"--cursor .*loop cannot .*: its links lead in a circle"):
        forward_once(Asked(cursor=loop))
