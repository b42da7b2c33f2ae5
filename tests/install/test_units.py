import configparser
import sys
from pathlib import Path

import pytest

from traced.install.errors import UnitError
from traced.install.units import (
    MARK,
    UnitFile,
    check_for_system,
    interpreter,
    system_units,
    user_units,
)

PYTHON = Path("/opt/x/bin/python")


def text_of(files: list[UnitFile], name: str) -> str:
    """Return the text of the file of this name."""
    return next(file.text for file in files if file.path.name == name)


def lines_of(files: list[UnitFile], name: str) -> list[str]:
    """Return its lines."""
    return text_of(files, name).splitlines()


def test_a_users_units_name_interpreter_socket_and_settings(tmp_path: Path) -> None:
    """What the manager of the user cannot know by itself; nothing else is changed."""
    files = user_units(tmp_path, PYTHON, Path("/run/user/7/traced/traced.sock"), {"A": "b c"})

    assert [file.path for file in files] == [
        tmp_path / "agent-traced.socket",
        tmp_path / "agent-traced.service",
        tmp_path / "agent-traced-web.service",
    ]
    assert "ListenStream=/run/user/7/traced/traced.sock" in lines_of(files, "agent-traced.socket")
    service = lines_of(files, "agent-traced.service")
    assert 'ExecStart="/opt/x/bin/python" -P -m traced run' in service
    assert 'Environment="A=b c"' in service
    assert "Type=notify" in service
    web = lines_of(files, "agent-traced-web.service")
    assert 'ExecStart="/opt/x/bin/python" -P -m traced web' in web


@pytest.mark.parametrize("name", ["agent-traced.socket", "agent-traced.service"])
def test_each_says_who_wrote_it(tmp_path: Path, name: str) -> None:
    """The first line, by which it is known again."""
    files = user_units(tmp_path, PYTHON, Path("/s"), {})

    assert text_of(files, name).startswith(f"{MARK}\n# The next install overwrites it")
    assert f"`systemctl --user edit {name}`" in text_of(files, name)


def test_what_systemd_would_read_in_a_path_is_escaped(tmp_path: Path) -> None:
    """A per cent sign is a specifier's, a quote ends the word."""
    files = user_units(tmp_path, Path('/a%b "c"/python'), Path("/s%h"), {"X": "100%"})

    assert "ListenStream=/s%%h" in lines_of(files, "agent-traced.socket")
    service = lines_of(files, "agent-traced.service")
    assert r'ExecStart="/a%%b \"c\"/python" -P -m traced run' in service
    assert 'Environment="X=100%%"' in service


@pytest.mark.parametrize("path", ["/a$b/python", "/a\nb/python"])
def test_a_path_that_no_unit_can_hold_is_refused(tmp_path: Path, path: str) -> None:
    """Before anything is written."""
    with pytest.raises(UnitError, match="cannot stand in a unit"):
        user_units(tmp_path, Path(path), Path("/s"), {})


def test_the_systems_files_have_its_user_and_its_drop_folder(tmp_path: Path) -> None:
    """Beside the units; where hooks report to is the same everywhere."""
    files = system_units(tmp_path, Path("/usr/bin/python3"))

    assert sorted(str(file.path.relative_to(tmp_path)) for file in files) == [
        "systemd/system/agent-traced-web.service",
        "systemd/system/agent-traced.service",
        "systemd/system/agent-traced.socket",
        "sysusers.d/agent-traced.conf",
        "tmpfiles.d/agent-traced.conf",
    ]
    socket = lines_of(files, "agent-traced.socket")
    assert "ListenStream=/run/agent-traced/traced.sock" in socket
    assert "SocketMode=0660" in socket
    assert "systemctl edit agent-traced.socket" in "".join(socket)


@pytest.mark.parametrize("path", ["/home/me/.venv/bin/python", "/tmp/x/bin/python"])
def test_an_interpreter_that_the_system_cannot_see_is_refused(path: str) -> None:
    """Its service would fail at each start."""
    check_for_system(Path("/usr/bin/env"))
    with pytest.raises(UnitError, match="expected an interpreter elsewhere"):
        check_for_system(Path(path))


def test_another_ones_file_is_not_read_as_ours(tmp_path: Path) -> None:
    """It was not written by this program; a missing one is just missing."""
    path = tmp_path / "agent-traced.service"
    assert UnitFile(path, "x").found() is None
    path.write_text("[Service]\n")

    with pytest.raises(UnitError, match="was not written by `traced service install`"):
        UnitFile(path, "x").found()


@pytest.mark.parametrize("variant", ["user", "system"])
def test_daemon_may_take_as_long_to_stop_as_its_settings_say(variant: str) -> None:
    """By default it drains for 10 s, and says that it may take 10 s more."""
    unit = Path(__file__).parents[2] / "systemd" / variant / "agent-traced.service"
    parsed = configparser.ConfigParser(strict=False, interpolation=None, delimiters=["="])
    parsed.read(unit)

    assert parsed["Service"]["TimeoutStopSec"] == "20"


def test_interpreter_is_the_one_that_runs() -> None:
    """The virtual environment's, not the one behind it."""
    assert interpreter() == Path(sys.executable)
