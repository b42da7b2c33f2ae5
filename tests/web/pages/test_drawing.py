import pytest

from traced.web.pages.drawing import ago, base, plural, renderer, thousands, within


@pytest.mark.parametrize(
    ("path", "name"),
    [("/home/dev/shop", "shop"), ("/home/dev/shop/", "shop"), ("/", "/"), ("", ""), (None, "")],
)
def test_a_folder_is_named_by_its_last_part(path: str | None, name: str) -> None:
    """Its whole path would fill the line."""
    assert base(path) == name


def test_paths_are_relative_to_the_sessions_folder() -> None:
    """What all rows begin with says nothing; a folder of a like name is another one."""
    assert within("/home/dev/shop/a.py", "/home/dev/shop") == "a.py"
    assert within("/home/dev/shop2/a.py", "/home/dev/shop/") == "/home/dev/shop2/a.py"
    assert within("ls", None) == "ls"
    assert within(None, "/home") == ""


def test_counts_are_read_by_people() -> None:
    """Thousands are apart as on the command line, and one is not several."""
    assert thousands(1_234_567) == "1,234,567"
    assert [plural(number, "step") for number in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]


def test_ages_are_told_from_now() -> None:
    """A stored time is so long ago; none is nothing."""
    assert ago("2027-01-15T08:00:00.000Z", 1_800_000_300_000) == "5 min ago"
    assert ago(None, 1_800_000_300_000) == ""


def test_every_template_can_be_read() -> None:
    """None has a fault that only the page that nobody opens would show."""
    environment = renderer().environment

    assert environment.list_templates()
    for name in environment.list_templates():
        environment.get_template(name)
