"""The README's pictures, taken anew of the demo organisation: `make screenshots`.

Kortisto is started in a folder of its own with its own database, filled, looked at in a real Chromium, and stopped.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from app.mongod import Place, running, stop
from tests.fixtures.browser import CHROMIUM, FLAGS
from tests.fixtures.program import START_SECONDS, Program, free_port, until

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
USER, PASSWORD = "tiina.saarinen", "screenshots-sign-in-once"


@dataclass(frozen=True)
class Picture:
    """One picture: its file's name, the address, the window, and what is done before it is taken."""

    name: str
    address: str
    width: int = 1440
    height: int = 900
    dark: bool = False
    language: str = "en"
    prepare: Callable[[Page], None] = lambda _page: None


def right_click(page: Page) -> None:
    page.locator("tr[data-row]").nth(4).locator("td[data-only]").nth(2).click(button="right")


def edit_in_place(page: Page) -> None:
    page.locator("tr[data-row] a.name").nth(2).click()
    page.locator("[data-edit-start]").nth(4).press("Enter")
    page.locator(".k-inplace .k-field").wait_for()


def wait_for_counts(page: Page) -> None:
    page.locator("[data-filled]").filter(has_text="%").first.wait_for()


PICTURES = (
    Picture("companies", "/companies/?_flt_eq_status=customer&_flt_ge_x_headcount=10", prepare=right_click),
    Picture("record", "/companies/", prepare=edit_in_place, dark=True),
    Picture("fields", "/settings/fields/company", prepare=wait_for_counts),
    Picture("companies-phone", "/companies/", 390, 800, language="fi"),
)


def main() -> None:
    with kortisto() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for picture in PICTURES:
            take(browser, address, picture)
        browser.close()


def take(browser: Browser, address: str, picture: Picture) -> None:
    context = browser.new_context(
        base_url=address, viewport={"width": picture.width, "height": picture.height}, reduced_motion="reduce",
        color_scheme="dark" if picture.dark else "light",
    )  # fmt: skip
    page = context.new_page()
    page.goto("/login/")
    page.fill("#username", USER)
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url(f"{address}/")
    page.goto(f"/lang/{picture.language}")
    page.goto(picture.address)
    picture.prepare(page)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=IMAGES / f"{picture.name}.png")
    context.close()
    sys.stdout.write(f"docs/images/{picture.name}.png\n")


@contextmanager
def kortisto() -> Iterator[str]:
    """A Kortisto with the demo organisation, at the address given; gone at the end. Raises RuntimeError."""
    with tempfile.TemporaryDirectory(prefix="kortisto-pictures-") as place:
        folder = Path(place) / "data"
        program = Program(folder, free_port())
        try:
            if not until(program.is_up, START_SECONDS):
                raise RuntimeError(program.output.read_text())
            command = [sys.executable, "-m", "flask", "--app", "app", "load-demo", "--password", PASSWORD]
            subprocess.run(command, cwd=ROOT, env=program.environ, check=True, stdout=subprocess.DEVNULL)
            yield f"http://127.0.0.1:{program.port}"
        finally:
            program.kill_everything()
            if mongod := running(Place(folder)):
                stop(Place(folder), mongod)


if __name__ == "__main__":
    main()
