from pathlib import Path

import pytest
from jinja2 import UndefinedError

from traced.web.rendering import Renderer


def renderer(folder: Path, text: str) -> Renderer:
    """Return a renderer whose one template is this text."""
    (folder / "page.html").write_text(text)
    return Renderer(folder)


def test_what_comes_from_outside_is_escaped(tmp_path: Path) -> None:
    """Markup in a value is text on the page, in attributes too."""
    page = renderer(tmp_path, '<a title="{{ name }}">{{ name }}</a>').page(
        "page.html", name="\"'><script>"
    )

    assert page.body == b'<a title="&#34;&#39;&gt;&lt;script&gt;">&#34;&#39;&gt;&lt;script&gt;</a>'
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_a_misspelt_name_is_an_error(tmp_path: Path) -> None:
    """A template cannot ask for what is not there."""
    with pytest.raises(UndefinedError):
        renderer(tmp_path, "{{ nmae }}").page("page.html", name="x")


def test_an_error_page_has_its_status(tmp_path: Path) -> None:
    """A page may tell of a failure."""
    assert renderer(tmp_path, "gone").page("page.html", 404).status_code == 404
