"""
Units of systemd, as this installation needs them.

Law: what is packaged is what is installed, but for the interpreter, the socket's place and the
settings that only the installer's environment tells. A file that this did not write is left alone.
"""

import importlib.resources
import pwd
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from traced.install.errors import UnitError

Variant = Literal["user", "system"]

SOCKET: Final = "agent-traced.socket"
SERVICE: Final = "agent-traced.service"
WEB: Final = "agent-traced-web.service"
UNITS: Final = (SOCKET, SERVICE, WEB)

MARK: Final = "# Written by `traced service install`."
# The ExecStart= of the packaged units, for those who package traced for a distribution.
PROGRAM: Final = "/usr/bin/traced"
SYSTEM_SOCKET: Final = Path("/run/agent-traced/traced.sock")
# ProtectHome= and PrivateTmp= hide them from the system's service, and root's home.
HIDDEN_FOLDERS: Final = tuple(map(Path, ("/home", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A file that systemd reads: where it belongs, and what is to stand in it."""

    path: Path
    text: str

    def found(self) -> str | None:
        """
        Return what stands there; None if there is no file.

        Raises:
            UnitError: If it was not written by this program, or cannot be read.
        """
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UnitError(f"{self.path} cannot be read: {error}") from error
        if not text.startswith(MARK):
            raise UnitError(
                f"{self.path} was not written by `traced service install`,"
                f" expected {MARK!r} in its first line: move it away"
            )
        return text


def user_units(
    folder: Path, python: Path, socket: Path, environment: Mapping[str, str]
) -> list[UnitFile]:
    """
    Return the units of one user, to be put into `folder`.

    `environment` has the variables that the services need beyond those of the user's manager.

    Raises:
        UnitError: If a path cannot stand in a unit.
    """
    settings = [f'Environment="{_quoted(f"{key}={value}")}"' for key, value in environment.items()]
    return [
        UnitFile(folder / name, _rendered("user", name, python, socket, settings)) for name in UNITS
    ]


def system_units(root: Path, python: Path) -> list[UnitFile]:
    """
    Return the units of the system, its user and its drop folder, to be put below `root` (/etc).

    Raises:
        UnitError: If a path cannot stand in a unit.
    """
    units = [
        UnitFile(
            root / "systemd/system" / name, _rendered("system", name, python, SYSTEM_SOCKET, ())
        )
        for name in UNITS
    ]
    for folder in ("sysusers.d", "tmpfiles.d"):
        text = f"{MARK}\n{_packaged(folder, 'agent-traced.conf')}"
        units.append(UnitFile(root / folder / "agent-traced.conf", text))
    return units


def check_for_system(python: Path) -> None:
    """
    Refuse an interpreter that the system's service could not run.

    Raises:
        UnitError: If it is where the service cannot look.
    """
    hidden = (*HIDDEN_FOLDERS, Path(pwd.getpwuid(0).pw_dir))
    for path in (python, python.resolve()):
        if any(path.is_relative_to(folder) for folder in hidden):
            raise UnitError(
                f"{path} is where the system's service cannot look, expected an interpreter"
                " elsewhere: install traced for all, as in /opt/agent-traced"
            )


def _rendered(
    variant: Variant, name: str, python: Path, socket: Path, settings: Sequence[str]
) -> str:
    if "$" in str(python):  # which systemd would take for a variable
        raise UnitError(f"{python} cannot stand in a unit, expected a path without $")
    command = f'"{_quoted(str(python))}" -P -m traced'
    editor = _editor(variant, name)
    head = f"{MARK}\n# The next install overwrites it: for changes run `{editor}`.\n"
    lines: list[str] = []
    for line in _packaged(variant, name).splitlines():
        if line.startswith("ListenStream="):
            lines.append(f"ListenStream={_escaped(str(socket))}")
        elif line.startswith("ExecStart="):
            lines += [line.replace(PROGRAM, command), *settings]
        else:
            lines.append(line)
    return head + "\n".join(lines) + "\n"


def _packaged(folder: str, name: str) -> str:
    return importlib.resources.files("traced.systemd").joinpath(folder, name).read_text("utf-8")


def _editor(variant: Variant, name: str) -> str:
    return f"systemctl --user edit {name}" if variant == "user" else f"systemctl edit {name}"


def _quoted(text: str) -> str:
    """Return a text as it stands between double quotes of a command line or of Environment=."""
    return _escaped(text.replace("\\", "\\\\").replace('"', '\\"'))


def _escaped(text: str) -> str:
    """
    Return a text in which systemd finds no specifier.

    Raises:
        UnitError: If it has a control character, which no unit can hold.
    """
    if re.search(r"[\x00-\x1f\x7f]", text) or not text.isprintable():
        raise UnitError(
            f"{text!r} cannot stand in a unit, expected text without control characters"
        )
    return text.replace("%", "%%")


def interpreter() -> Path:
    """
    Return the interpreter of this installation, the one of its virtual environment included.

    Raises:
        UnitError: If Python does not know it.
    """
    if not sys.executable:
        raise UnitError("Python does not know its own path, expected sys.executable to name it")
    return Path(sys.executable)
