"""The command that shows the settings in effect, and where each came from."""

import os
from pathlib import Path

import typer
from rich.text import Text

from traced.cli.common import AsJson
from traced.cli.output import Output, complain, print_json
from traced.cli.table import Column, table
from traced.config import RULES, Rule
from traced.settings import Effective, Setting, effective
from traced.show.amounts import size
from traced.show.escape import printable


def config(*, as_json: AsJson = False) -> None:
    """
    Show every setting in effect, and where it came from: a variable, the file, a default.

    What a flag of `traced run` set is known only to that daemon. Wrong settings are reported all at
    once, each with its place and what was expected; exit status 78.

    Example: traced config --json
    """
    found = effective({}, os.environ)
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    for warning in found.warnings:
        complain(f"warning: {warning}")


def _document(found: Effective) -> dict[str, object]:
    return {
        "config_file": str(found.folders.config_file),
        "settings": {
            key: {
                "value": _plain(setting.value),
                "origin": setting.origin,
                "variable": RULES[key].env,
                "expected": RULES[key].expected,
                "reloads": RULES[key].reloads,
            }
            for key, setting in found.settings.items()
        },
    }


def _print(found: Effective) -> None:
    file = found.folders.config_file
    there = "" if file.exists() else "  (not present; optional)"
    columns = [Column("setting"), Column("value"), Column("from", cut=_cut)]
    output = Output()
    rows = [
        [Text(key), Text(printable(_shown(RULES[key], setting))), _origin(setting)]
        for key, setting in found.settings.items()
    ]
    typer.echo(f"file: {printable(str(file))}{there}\n")
    output.print(table(output.screen.width, columns, rows))


def _origin(setting: Setting) -> Text:
    return Text(printable(setting.origin), "dim" if setting.origin == "default" else "")


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _shown(rule: Rule, setting: Setting) -> str:
    value = setting.value
    if rule.unit == "bytes" and isinstance(value, int) and value:
        return f"{value} ({size(value)})"
    if isinstance(value, tuple):  # a pattern can be what it hides
        return f"{len(value)} of your own" if value else "none"
    return f"{value} {rule.unit}" if rule.unit and rule.unit != "bytes" else str(value)


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
