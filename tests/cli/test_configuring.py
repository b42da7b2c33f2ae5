import json
from pathlib import Path
from typing import Any

import pytest

from traced.config import RULES

Traced = Any  # what conftest.py returns


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """The user's file of settings, whose folder is there."""
    folder = tmp_path / ".config" / "traced"
    folder.mkdir(parents=True)
    return folder / "config.toml"


def told(traced: Traced, **variables: str) -> dict[str, Any]:
    """Return what `traced config --json` says."""
    found = traced("config", "--json", **variables)
    assert (found.returncode, found.stderr) == (0, "")
    document: dict[str, Any] = json.loads(found.stdout)
    return document


def test_every_setting_is_told_with_its_value_and_origin(
    traced: Traced, config_file: Path, tmp_path: Path
) -> None:
    """A variable beats the file, the file the default."""
    config_file.write_text('capture = "full"\nconnections_max = 7\n[retention]\ndays_max = 30\n')
    found = told(traced, TRACED_CONNECTIONS_MAX="9")
    settings = found["settings"]

    assert found["config_file"] == str(config_file)
    assert settings.keys() == RULES.keys()
    assert [
        (settings[key]["value"], settings[key]["origin"])
        for key in ("capture", "connections_max", "retention.days_max", "durability", "db")
    ] == [
        ("full", str(config_file)),
        (9, "TRACED_CONNECTIONS_MAX"),
        (30, str(config_file)),
        ("power", "default"),
        (str(tmp_path / "traced.db"), "TRACED_DB"),
    ]


def test_people_get_a_line_for_each(traced: Traced, config_file: Path) -> None:
    """With units that can be read; a pattern, which can be what it hides, is only counted."""
    config_file.write_text('redact.patterns = ["hush[0-9]+"]\n')
    found = traced("config")

    assert found.returncode == 0
    lines = found.stdout.splitlines()
    assert lines[0] == f"file: {config_file}"
    shown = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[3:]}
    assert shown.keys() == RULES.keys()
    assert shown["line_bytes_max"] == "8388608 (8.0 MiB) default"
    assert shown["drain_seconds_max"] == "10 seconds default"
    assert shown["redact.patterns"].startswith("1 of your own ")
    assert "hush" not in found.stdout


def test_wrong_settings_are_wrong_configuration(traced: Traced, config_file: Path) -> None:
    """All of them at once, each with its place; exit 78."""
    config_file.write_text('capture = "all"\nretention.days = 3\n')
    found = traced("config", TRACED_LOG_LEVEL="loud")

    assert found.returncode == 78
    assert found.stdout == ""
    for word in ("capture", "retention.days", "TRACED_LOG_LEVEL"):
        assert word in found.stderr


def test_unknown_variables_are_warned_of(traced: Traced) -> None:
    """They set nothing, and may be spelt wrong."""
    found = traced("config", TRACED_SOCKETT="/x")

    assert found.returncode == 0
    assert "TRACED_SOCKETT" in found.stderr
