"""
What can go wrong at installing, and what its reader does next.

    TracedError
    └── InstallError
        ├── SettingsError   a settings file cannot be understood or written: mend it
        ├── AgentError      the agent is missing, or its version unknown or too old: name one
        ├── ClientError     the hook client does not work on this machine: reinstall traced
        └── UnitError       systemd is not there, or will not: its message says what to do

Nothing was changed where one of these is raised.
"""

from traced.core.errors import TracedError


class InstallError(TracedError):
    """Hooks could not be installed or removed."""


class SettingsError(InstallError):
    """A settings file cannot be understood, or cannot be written."""


class AgentError(InstallError):
    """The agent is missing, or hooks cannot be written for its version."""


class ClientError(InstallError):
    """No hook client of this installation does its work."""


class UnitError(InstallError):
    """systemd cannot be asked, or a unit cannot be written or started."""
