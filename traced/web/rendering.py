"""
Pages for people, made from the templates.

Law: everything is escaped unless a template says otherwise, and a name that a template misspells
is an error, not an empty place.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse


class Renderer:
    """Renders the templates of a folder."""

    def __init__(self, folder: Path) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def page(self, template: str, status_code: int = 200, **values: object) -> HTMLResponse:
        """Return the page that a template makes of these values."""
        text = self.environment.get_template(template).render(values)
        return HTMLResponse(text, status_code)
