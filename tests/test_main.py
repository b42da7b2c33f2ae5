import subprocess
import sys

from traced import __version__


def test_package_runs_as_a_command() -> None:
    """`python -m traced` is the command `traced`."""
    found = subprocess.run(
        [sys.executable, "-m", "traced", "--version"], capture_output=True, text=True, check=False
    )

    assert (found.returncode, found.stdout) == (0, f"traced {__version__}\n")


def test_hook_imports_nothing_but_the_client() -> None:
    """`traced hook` starts no command line: an agent waits for it at every tool call."""
    code = (
        "import sys; sys.argv = ['traced', 'hook', '--help-me-not'];"
        "sys.stdin.close();"
        "import traced.__main__;"
        "print(sorted(m for m in sys.modules if m.startswith(('typer', 'msgspec', 'rich'))))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
