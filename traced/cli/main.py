"""
The command `traced`: which commands there are, and how their failures end.

Law: what traced itself reports becomes one message on standard error and an exit status: 1, wrong
usage 2, wrong configuration 78; a traceback is a fault of the program.
"""

import inspect
import keyword
import sys
from importlib import import_module
from typing import Annotated, Final

import typer

from traced import __version__
from traced.cli.output import complain
from traced.core.errors import ConfigError, TracedError
from traced.streams import open_missing

# EX_CONFIG of sysexits.h.
EXIT_CONFIG: Final = 78
# Each command is the function of its name in this module of the folder. Only the module of the
# command asked for is imported: the daemon's libraries take longer than `traced show` does.
COMMANDS: Final = {
    "run": "operate",
    "status": "operate",
    "service": "service",
    "doctor": "doctoring",
    "demo": "demo",
    "web": "web",
    "config": "configuring",
    "prune": "keeping",
    "backup": "keeping",
    "export": "exporting",
    "forward": "forwarding",
    "import": "importing",
    "install": "hooks",
    "uninstall": "hooks",
    "hook": "hooks",
    "sessions": "reading",
    "show": "reading",
    "tail": "reading",
    "stats": "reading",
    "search": "search",
    "mcp": "recalling",
    "rejected": "rejects",
}


def main() -> None:
    """Run the command line."""
    open_missing()
    try:
        application(sys.argv[1] if len(sys.argv) > 1 else "")(prog_name="traced")
    except TracedError as error:
        complain(f"traced: {error}")
        sys.exit(EXIT_CONFIG if isinstance(error, ConfigError) else 1)


def application(first: str) -> typer.Typer:
    """Return the command line with the command `first`, or with all if there is none such."""
    app = typer.Typer(
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
