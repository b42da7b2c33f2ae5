import pytest
import typer

from traced.cli.amounts import parse_length, parse_size

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("30d", 30 * DAY_MS),
        ("12h", DAY_MS // 2),
        ("2w", 14 * DAY_MS),
        ("90min", 5_400_000),
        ("1.5d", DAY_MS * 3 // 2),
        (" 7 d ", 7 * DAY_MS),
        ("36500d", 36_500 * DAY_MS),
    ],
)
def test_lengths_are_read(text: str, milliseconds: int) -> None:
    """A number and a unit, with a space between them or not."""
    assert parse_length(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("1GiB", 1 << 30), ("500MiB", 500 << 20), ("0.5KiB", 512), ("7B", 7), ("1024TiB", 1 << 50)],
)
def test_sizes_are_read(text: str, count: int) -> None:
    """In powers of two."""
    assert parse_size(text) == count


@pytest.mark.parametrize(
    "text", ["", "30", "d", "30m", "30D", "-1d", "0d", "1e3d", "36501d", "٣d", "1 000d", "1d2h"]
)
def test_what_is_no_length_is_refused(text: str) -> None:
    """Without a unit, with an unclear one (a minute, a month?), nothing, or out of bounds."""
    with pytest.raises(typer.BadParameter, match="expected something like 30d"):
        parse_length(text)


@pytest.mark.parametrize("text", ["1", "1GB", "1gib", "0MiB", "0.4B", "1025TiB", "-1GiB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """GB could mean two things; nothing and out of bounds are no sizes."""
    with pytest.raises(typer.BadParameter, match="expected something like 1GiB"):
        parse_size(text)
