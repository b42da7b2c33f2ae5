import re

import pytest

from traced.config import RULES, Config


def test_flag_and_variable_follow_from_the_key() -> None:
    """A key is written with dots as `_` and upper case in a variable, and with `-` in a flag."""
    rule = RULES["redact.patterns"]

    assert (rule.env, rule.flag) == ("TRACED_REDACT_PATTERNS", "--redact-patterns")


def test_paths_have_their_short_variables() -> None:
    """TRACED_SOCKET, TRACED_DB and TRACED_SPOOL name the three paths."""
    names = [RULES[key].env for key in ("socket", "db", "spool")]

    assert names == ["TRACED_SOCKET", "TRACED_DB", "TRACED_SPOOL"]


@pytest.mark.parametrize("key", RULES)
def test_bounded_setting_names_its_unit(key: str) -> None:
    """Every setting with bounds ends in its unit, or in its unit and `_max`."""
    rule = RULES[key]

    if re.match(r"[\d.]+ to ", rule.expected):
        assert rule.unit
        assert key.removesuffix("_max").endswith(rule.unit)


@pytest.mark.parametrize("key", RULES)
def test_every_setting_has_one_line_of_help(key: str) -> None:
    """Help is one short line, without the full stop that a list of options does not have."""
    text = RULES[key].help

    assert 10 < len(text) < 90
    assert "\n" not in text
    assert not text.endswith(".")


def test_table_has_the_documented_defaults() -> None:
    """The defaults are those that the README promises."""
    defaults = {key: rule.default for key, rule in RULES.items()}

    assert defaults == {
        "socket": None,
        "db": None,
        "spool": None,
        "line_bytes_max": 8_388_608,
        "intake_bytes_max": 8_388_608,
        "partial_bytes_max": 33_554_432,
        "partial_seconds_max": 5,
        "connections_max": 10_000,
        "batch_events_max": 2000,
        "senders": "own",
        "durability": "power",
        "drain_seconds_max": 10,
        "capture": "summary",
        "redact.patterns": (),
        "spool_scan_seconds": 2,
        "retention.days_max": 90,
        "retention.bytes_max": 2_147_483_648,
        "log_level": "info",
        "log_format": "auto",
    }


def test_settings_cannot_be_changed_once_they_hold() -> None:
    """A Config is frozen: a reload makes another one."""
    assert Config.__struct_config__.frozen
