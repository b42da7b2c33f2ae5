"""
The command `traced`: which commands there are, and how their failures end.

Law: what traced itself reports becomes one message on standard error and an exit status: 1, wrong
usage 2, wrong configuration 78; a traceback is a fault of the program.
"""

import inspect
import keyword
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Annotated, Final, Protocol

import typer
from typer.core import TyperGroup

from traced import __version__
from traced.cli.output import complain
from traced.core.errors import ConfigError, TracedError
from traced.streams import open_missing

# EX_CONFIG of sysexits.h.
EXIT_CONFIG: Final = 78
# Each command is the function of its name in this module of the folder. Only the module of the
# command asked for is imported: the daemon's libraries take longer than `traced show` does.
GROUPS: Final = {
    "Record": {
        "demo": "demo",
        "install": "hooks",
        "uninstall": "hooks",
        "run": "operate",
        "service": "service",
    },
    "Look at what was recorded": {
        "sessions": "reading",
        "show": "reading",
        "tail": "reading",
        "search": "search",
        "stats": "reading",
        "web": "web",
        "mcp": "recalling",
    },
    "Move it": {
        "export": "exporting",
        "import": "importing",
        "forward": "forwarding",
    },
    "Keep it running": {
        "status": "operate",
        "doctor": "doctoring",
        "config": "configuring",
        "rejected": "rejects",
        "prune": "keeping",
        "backup": "keeping",
    },
    "Called by agents": {
        "hook": "hooks",
    },
}
# One column for all groups.
NAME_CHARS: Final = 9
COMMANDS: Final = {name: module for group in GROUPS.values() for name, module in group.items()}


class _Formatter(Protocol):
    """What writes help."""

    def section(self, name: str) -> AbstractContextManager[None]:
        """Indent what is written within under a title."""

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write rows of two columns."""


class _Groups(TyperGroup):
    """The list of all commands, under what they are for."""

    def format_commands(self, ctx: object, formatter: _Formatter) -> None:  # noqa: ARG002
        """Write each group with the first sentence of its commands."""
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (f"{name:<{NAME_CHARS}}", self.commands[name].short_help or "")
                        for name in names
                    ]
                )


def main() -> None:
    """Run the command line."""
    open_missing()
    try:
        application(sys.argv[1] if len(sys.argv) > 1 else "")(prog_name="traced")
    except TracedError as error:
        complain(f"traced: {error}")
        sys.exit(EXIT_CONFIG if isinstance(error, ConfigError) else 1)


def application(first: str) -> typer.Typer:
    """Return the command line with only the command `first`, or with all if it is unknown."""
    app = typer.Typer(
        cls=_Groups,
        callback=_options,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in [first] if first in COMMANDS else COMMANDS:
        module = import_module(f"traced.cli.{COMMANDS[name]}")
        # Python keeps some names for itself.
        function = getattr(module, f"{name}_" if keyword.iskeyword(name) else name)
        # Its first sentence whole: without a short help the list of commands would cut it.
        told = inspect.getdoc(function) or ""
        app.command(name, short_help=told.partition("\n")[0])(function)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"traced {__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    """Record what coding agents do, and show it."""
