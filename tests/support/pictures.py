"""
Makes the pictures of docs/pictures: `make pictures`.

The sessions are those of `support.story`, recorded by a real daemon and drawn by a real Chromium.
"""

import fcntl
import io
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from support import perfetto
from support.daemon import PYTHON, Daemon
from support.site import Site
from support.story import tell

DESKTOP = (1200, 1060)
PHONE = (390, 780)
COLUMNS = 104
TERMINAL = """<!doctype html><meta charset="utf-8"><body style="margin: 0; background: {background};
color: {foreground}"><pre style="margin: 0; padding: 16px 20px; font: 14px/1.35 'DejaVu Sans Mono',
monospace">{code}</pre></body>"""


def main(folder: Path) -> None:
    """Write all pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="traced-") as work, Daemon(Path(work) / "d") as daemon:
        session_id = tell(daemon, time.time_ns() // 1_000_000)
        site = Site(daemon)
        try:
            draw(daemon, site, session_id, folder)
        finally:
            site.close()


def draw(daemon: Daemon, site: Site, session_id: str, folder: Path) -> None:
    """Draw the pages."""
    chromium = os.environ.get("TRACED_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = f"/sessions/{session_id}"
        shoot(browser, site, page, folder / "session.png", DESKTOP, opened=2)
        shoot(browser, site, page, folder / "session-dark.png", DESKTOP, opened=2, dark=True)
        shoot(browser, site, page, folder / "phone.png", PHONE)
        shoot(browser, site, "/", folder / "sessions.png", (DESKTOP[0], 280))
        print_session(browser, daemon, session_id, folder / "show.png")
        show_perfetto(browser, daemon, session_id, folder / "perfetto.png")
        browser.close()


def shoot(
    browser: Browser,
    site: Site,
    path: str,
    file: Path,
    size: tuple[int, int],
    *,
    opened: int | None = None,
    dark: bool = False,
) -> None:
    """Draw one page once it is live, with the prompt `opened` besides what is open anyway."""
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(path)
    page.locator("#live", has_text="live").wait_for()
    if opened is not None:
        page.locator(f"#prompt-{opened} summary").click()
        page.locator(f"#prompt-{opened} .step").first.wait_for()
        page.evaluate("document.activeElement.blur()")
        page.mouse.move(2, 2)
    page.screenshot(path=file)
    context.close()


def show_perfetto(browser: Browser, daemon: Daemon, session_id: str, file: Path) -> None:
    """Draw what Perfetto makes of the export for it."""
    exported = daemon.folder / "session.json"
    told = daemon.traced("export", session_id, "-f", "perfetto", "-o", str(exported))
    assert told.returncode == 0, told.stderr
    with perfetto.perfetto() as address:
        page = browser.new_page(viewport={"width": DESKTOP[0], "height": 450})
        perfetto.open_trace(page, address, exported)
        page.wait_for_function("!app.trace.engine.numRequestsPending")
        page.screenshot(path=file)
        page.close()


def print_session(browser: Browser, daemon: Daemon, session_id: str, file: Path) -> None:
    """Draw what `traced show` prints on a terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(on_a_terminal(daemon, "show", session_id)))
    html = console.export_html(theme=MONOKAI, code_format=TERMINAL, inline_styles=True)
    page = browser.new_page(viewport={"width": 940, "height": 100})
    page.set_content(html)
    page.screenshot(path=file, full_page=True)
    page.close()


def on_a_terminal(daemon: Daemon, *arguments: str) -> str:
    """Return what a command of traced writes where it sees a terminal."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    command = [PYTHON, "-m", "traced", *arguments]
    environment = daemon.environment | {"TERM": "xterm-256color"}
    with subprocess.Popen(command, env=environment, stdin=its, stdout=its) as process:
        os.close(its)
        written = b""
        with suppress(OSError):  # EIO is the end of a terminal, on Linux
            while piece := os.read(ours, 65_536):
                written += piece
        os.close(ours)
        assert process.wait() == 0
    return written.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
