import keyword
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from traced import __version__
from traced.cli.main import COMMANDS, GROUPS, application

Traced = Callable[..., subprocess.CompletedProcess[str]]


def test_help_lists_every_command(traced: Traced) -> None:
    """Help names each command with a sentence that is not cut, below its group."""
    done = traced("--help")

    assert done.returncode == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []
    assert "..." not in done.stdout.partition(f"{next(iter(GROUPS))}:")[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command: str) -> None:
    """A command's help ends in an example of itself."""
    module = import_module(f"traced.cli.{COMMANDS[command]}")
    text = getattr(module, f"{command}_" if keyword.iskeyword(command) else command).__doc__

    assert f"Example: traced {command}" in text


def test_only_the_command_asked_for_is_made() -> None:
    """A command does not wait for the libraries of the others; a wrong name sees them all."""
    assert [info.name for info in application("show").registered_commands] == ["show"]
    assert [info.name for info in application("shw").registered_commands] == list(COMMANDS)


def test_reading_starts_without_the_daemons_libraries(environment: dict[str, str]) -> None:
    """`traced show` imports nothing of asyncio, whose import alone takes longer than a query."""
    code = (
        "import sys; sys.argv = ['traced', 'show', '--help']\n"
        "from traced.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('asyncio' in sys.modules, 'anyio' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.endswith("False False\n")


def test_version(traced: Traced) -> None:
    """The version is told without a command."""
    assert traced("--version").stdout == f"traced {__version__}\n"


def test_wrong_usage_is_2(traced: Traced) -> None:
    """A command that is none ends with 2, a guess at what was meant, and no traceback."""
    done = traced("shwo")

    assert done.returncode == 2
    assert "Did you mean 'show'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_failure_is_1(traced: Traced) -> None:
    """What traced reports is one line on standard error, and ends with 1."""
    done = traced("show", "last")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("traced: there is no database at ")
    assert done.stderr.count("\n") == 1


def test_wrong_configuration_is_78(traced: Traced) -> None:
    """Settings that are wrong end with 78."""
    done = traced("show", "last", TRACED_DB="relative.db")

    assert done.returncode == 78
    assert "TRACED_DB" in done.stderr


def test_messages_are_safe_to_show(traced: Traced, tmp_path: Path) -> None:
    """What the user typed comes back in a message without its escape sequences."""
    done = traced("sessions", "--db", str(tmp_path / "\x1b[2J"))

    assert done.returncode == 1
    assert "\\x1b[2J" in done.stderr
    assert "\x1b" not in done.stderr
