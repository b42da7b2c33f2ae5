import pytest

from traced.core.errors import TracedError
from traced.install.errors import AgentError, ClientError, InstallError, SettingsError


@pytest.mark.parametrize("error", [AgentError, ClientError, SettingsError])
def test_every_failure_of_the_installer_is_a_traced_error(error: type[InstallError]) -> None:
    """The command line catches one base class and prints its message."""
    assert issubclass(error, InstallError)
    assert issubclass(error, TracedError)
