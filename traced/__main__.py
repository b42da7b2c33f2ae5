"""
The command `traced`, also as `python -m traced`.

Law: `traced hook` runs at every tool call of an agent, so nothing is imported before it but the
client; this is the one function of the house that imports.
"""

import sys

from traced.client import hook


def main() -> None:
    """Run the command line; `traced hook` never gets as far as the other commands."""
    if sys.argv[1:2] == ["hook"] and not {"-h", "--help"}.intersection(sys.argv[2:]):
        del sys.argv[1]
        hook.main()
    from traced.cli.main import main as command_line  # noqa: PLC0415  # see the module's law

    command_line()


if __name__ == "__main__":
    main()
