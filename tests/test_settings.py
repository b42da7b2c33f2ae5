import os
from pathlib import Path

import pytest

from traced.core.errors import ConfigError
from traced.settings import SOCKET_PATH_BYTES_MAX, Setting, effective


def environ(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which every folder is below `home`."""
    return {"HOME": str(home), **more}


def write_config(home: Path, text: str) -> Path:
    """Write the user's config.toml."""
    file = home / ".config/traced/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


def wrong(flags: dict[str, object], variables: dict[str, str]) -> list[str]:
    """Return the lines of the error that these settings get."""
    with pytest.raises(ConfigError) as caught:
        effective(flags, variables)
    return str(caught.value).splitlines()


def test_defaults_hold_without_anything_else(tmp_path: Path) -> None:
    """With nothing given every setting is its default and says so."""
    found = effective({}, environ(tmp_path))

    assert found.config.batch_events_max == 2000
    assert found.config.db == tmp_path / ".local/state/traced/traced.db"
    assert {setting.origin for setting in found.settings.values()} == {"default"}


def test_file_beats_default(tmp_path: Path) -> None:
    """A key in config.toml holds, and its origin is the file."""
    file = write_config(tmp_path, "batch_events_max = 7\n")

    found = effective({}, environ(tmp_path))

    assert found.settings["batch_events_max"] == Setting(7, str(file))


def test_variable_beats_file(tmp_path: Path) -> None:
    """A TRACED_* variable holds against the file, and is the origin."""
    write_config(tmp_path, "batch_events_max = 7\n")

    found = effective({}, environ(tmp_path, TRACED_BATCH_EVENTS_MAX="8"))

    assert found.settings["batch_events_max"] == Setting(8, "TRACED_BATCH_EVENTS_MAX")


def test_flag_beats_variable(tmp_path: Path) -> None:
    """A flag holds against everything, and is the origin."""
    found = effective({"db": "/a/b.db"}, environ(tmp_path, TRACED_DB="/c/d.db"))

    assert found.config.db == Path("/a/b.db")
    assert found.settings["db"] == Setting(Path("/a/b.db"), "flag --db")


def test_flag_that_was_not_given_is_none(tmp_path: Path) -> None:
    """None among the flags leaves the setting to the others."""
    found = effective({"db": None}, environ(tmp_path, TRACED_DB="/c/d.db"))

    assert found.config.db == Path("/c/d.db")


def test_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    """An empty TRACED_DB is how scripts unset it."""
    found = effective({}, environ(tmp_path, TRACED_DB=""))

    assert found.settings["db"].origin == "default"


def test_table_in_the_file_is_a_dotted_key(tmp_path: Path) -> None:
    """[redact] patterns is the setting redact.patterns."""
    write_config(tmp_path, '[redact]\npatterns = ["ACME-[0-9]+"]\n')

    assert effective({}, environ(tmp_path)).config.redact_patterns == ("ACME-[0-9]+",)


def test_variable_with_patterns_holds_one_a_line(tmp_path: Path) -> None:
    """Patterns may hold any character but a newline, so that parts them."""
    found = effective({}, environ(tmp_path, TRACED_REDACT_PATTERNS="a,b\nc d"))

    assert found.config.redact_patterns == ("a,b", "c d")


def test_home_is_expanded_in_a_path(tmp_path: Path) -> None:
    """~/ in a file or variable, where no shell expands it, is the home folder."""
    found = effective({}, environ(tmp_path, TRACED_SPOOL="~/spool"))

    assert found.config.spool == tmp_path / "spool"


def test_relative_flag_is_below_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag's path is relative to where it was typed."""
    monkeypatch.chdir(tmp_path)

    found = effective({"db": "x.db"}, environ(tmp_path))

    assert found.config.db == tmp_path / "x.db"


@pytest.mark.parametrize("path", ["x.db", "/", "//", "/x/.."])
def test_relative_variable_is_wrong(tmp_path: Path, path: str) -> None:
    """It cannot depend on where a hook or the daemon happens to run; the root is no place."""
    (problem,) = wrong({}, environ(tmp_path, TRACED_DB=path))
    assert problem == f"TRACED_DB is {path!r}, expected an absolute path below /"


def test_value_out_of_bounds_names_file_value_and_bounds(tmp_path: Path) -> None:
    """The message has all that is needed to mend the file."""
    file = write_config(tmp_path, "batch_events_max = 0\n")

    assert wrong({}, environ(tmp_path)) == [
        f"{file}: batch_events_max is 0, expected 1 to 10000",
    ]


def test_every_wrong_value_is_told_at_once(tmp_path: Path) -> None:
    """Nobody has to mend one key to hear of the next."""
    file = write_config(tmp_path, 'durability = "no"\nlog_level = 5\nfoo = 1\n')

    assert wrong({"drain_seconds_max": -1}, environ(tmp_path, TRACED_CONNECTIONS_MAX="many")) == [
        f"{file}: foo is not a setting, expected one that `traced config` lists",
        "TRACED_CONNECTIONS_MAX is 'many', expected 1 to 1000000",
        f"{file}: durability is 'no', expected power or process",
        "--drain-seconds-max is -1, expected 0 to 3600",
        f"{file}: log_level is 5, expected debug, error, info or warning",
    ]


def test_misspelt_key_in_the_file_is_wrong_and_told_what_was_meant(tmp_path: Path) -> None:
    """A key that nobody reads would be a setting that silently does not hold."""
    file = write_config(tmp_path, "batch_event_max = 5\n[redact]\npattern = []\n")

    assert wrong({}, environ(tmp_path)) == [
        f"{file}: batch_event_max is not a setting, did you mean batch_events_max?",
        f"{file}: redact.pattern is not a setting, did you mean redact.patterns?",
    ]


def test_misspelt_variable_is_warned_about(tmp_path: Path) -> None:
    """A variable may belong to another version, so it is only a warning."""
    found = effective({}, environ(tmp_path, TRACED_SOKET="/x"))

    assert found.warnings == [
        "TRACED_SOKET is not a setting and has no effect; did you mean TRACED_SOCKET?"
    ]


@pytest.mark.parametrize(
    ("text", "why"), [("batch_events_max 5\n", "line 1"), ("a = " + "[" * 9999, "depth")]
)
def test_file_that_is_not_toml_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    """The parser's own words say where, or that it gave up."""
    file = write_config(tmp_path, text)

    (line,) = wrong({}, environ(tmp_path))

    assert line.startswith(f"{file} is not TOML: ")
    assert why in line


def test_file_that_is_not_utf8_is_wrong(tmp_path: Path) -> None:
    """TOML is UTF-8, and what is not is told, not raised as another exception."""
    file = write_config(tmp_path, "")
    file.write_bytes(b'db = "\xff"\n')

    assert wrong({}, environ(tmp_path))[0].startswith(f"{file} is not TOML: ")


def test_config_file_that_is_a_folder_is_wrong(tmp_path: Path) -> None:
    """What cannot be read is not taken for a file without settings."""
    file = tmp_path / ".config/traced/config.toml"
    file.mkdir(parents=True)

    assert wrong({}, environ(tmp_path)) == [
        f"{file} cannot be read (Is a directory), expected a file of your own"
    ]


@pytest.mark.parametrize("text", ["nan", "inf", "true", "1_0", "", " 5"])
def test_number_of_a_file_must_be_a_number(tmp_path: Path, text: str) -> None:
    """Neither text nor truth nor what is no finite number passes for seconds in the file."""
    write_config(tmp_path, f"partial_seconds_max = '{text}'\n")

    assert len(wrong({}, environ(tmp_path))) == 1


@pytest.mark.parametrize("text", ["nan", "inf", "true"])
def test_bare_word_of_toml_is_no_number_of_seconds(tmp_path: Path, text: str) -> None:
    """TOML's nan, inf and booleans are refused by the bounds."""
    write_config(tmp_path, f"partial_seconds_max = {text}\n")

    assert len(wrong({}, environ(tmp_path))) == 1


def test_pattern_that_is_no_regular_expression_is_named(tmp_path: Path) -> None:
    """Of several patterns the wrong one is named, with what is wrong about it."""
    assert wrong({}, environ(tmp_path, TRACED_REDACT_PATTERNS="a\n(")) == [
        (
            r"TRACED_REDACT_PATTERNS is 'a\n(', expected regular expressions, and '(' is none:"
            " missing ), unterminated subpattern at position 0"
        )
    ]


def test_pattern_that_matches_no_text_is_wrong(tmp_path: Path) -> None:
    """Such a pattern would put the mark of a redaction between any two characters."""
    assert wrong({}, environ(tmp_path, TRACED_REDACT_PATTERNS="x*")) == [
        (
            "TRACED_REDACT_PATTERNS is 'x*', expected patterns that need a text to match,"
            " and 'x*' needs none"
        )
    ]


@pytest.mark.parametrize("pattern", ["(" * 5000 + ")" * 5000, "a{1,99999999999999999999}"])
def test_pattern_beyond_what_can_be_compiled_is_wrong(tmp_path: Path, pattern: str) -> None:
    """Too deep or too large, it is told as any other wrong one."""
    (told,) = wrong({}, environ(tmp_path, TRACED_REDACT_PATTERNS=pattern))

    assert "expected regular expressions, and '" in told


def test_socket_path_may_fill_the_address(tmp_path: Path) -> None:
    """The longest path that the system takes is taken."""
    path = "/" + "s" * (SOCKET_PATH_BYTES_MAX - 1)

    assert effective({"socket": path}, environ(tmp_path)).config.socket == Path(path)


def test_socket_path_beyond_the_address_is_wrong(tmp_path: Path) -> None:
    """Bytes count, not characters: sun_path is a field of bytes."""
    path = "/" + "ä" * (SOCKET_PATH_BYTES_MAX // 2 + 1)

    (line,) = wrong({"socket": path}, environ(tmp_path))

    assert line == (
        f"socket (flag --socket) is {path}, {len(os.fsencode(path))} bytes long, expected at most"
        f" {SOCKET_PATH_BYTES_MAX}, which is all that a socket's address holds:"
        " name a shorter one with --socket or TRACED_SOCKET"
    )


def test_line_must_fit_into_what_holds_unfinished_lines(tmp_path: Path) -> None:
    """A line longer than the bound of all unfinished ones could never be read."""
    variables = environ(
        tmp_path, TRACED_PARTIAL_BYTES_MAX="1048576", TRACED_LINE_BYTES_MAX="1048577"
    )

    assert wrong({}, variables) == [
        (
            "line_bytes_max (TRACED_LINE_BYTES_MAX) is 1048577,"
            " expected at most partial_bytes_max, 1048576"
        )
    ]


def test_long_wrong_value_is_cut(tmp_path: Path) -> None:
    """A message stays a line whatever the file holds."""
    (line,) = wrong({}, environ(tmp_path, TRACED_CAPTURE="\x1b" + "x" * 5000))

    assert "\x1b" not in line
    assert len(line) < 160


def test_client_looks_in_both_default_places(tmp_path: Path) -> None:
    """Daemon and client need not agree on whether there is a runtime folder."""
    runtime = tmp_path / "runtime"
    runtime.mkdir()

    found = effective({}, environ(tmp_path, XDG_RUNTIME_DIR=str(runtime)))

    assert found.socket_places == [
        runtime / "traced/traced.sock",
        tmp_path / ".local/state/traced/run/traced.sock",
    ]


def test_client_looks_once_where_both_defaults_are_one(tmp_path: Path) -> None:
    """Without a runtime folder the fallback is the only place."""
    assert effective({}, environ(tmp_path)).socket_places == [
        tmp_path / ".local/state/traced/run/traced.sock"
    ]


def test_client_looks_only_where_it_is_told(tmp_path: Path) -> None:
    """A named socket is the only place: another daemon's answer would mislead."""
    found = effective({}, environ(tmp_path, TRACED_SOCKET="/x/t.sock"))

    assert found.socket_places == [Path("/x/t.sock")]
