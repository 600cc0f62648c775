"""The pictures of the README and the help in both languages, taken anew of the demo organisation: `make screenshots`.

Kortisto is started in a folder of its own with its own database, filled, looked at in a real Chromium, and stopped.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from app.mongod import Place, running, stop
from models.organisation import THE_ONE, Organisation
from tests.fixtures.browser import CHROMIUM, FLAGS
from tests.fixtures.program import START_SECONDS, Program, free_port, until

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"en": ROOT / "docs" / "images", "fi": ROOT / "docs" / "fi" / "images"}
#: So many colours are enough for a screen, and a third of the bytes.
COLOURS = 192
USER, PASSWORD = "tiina.saarinen", "screenshots-sign-in-once"


@dataclass(frozen=True)
class Picture:
    """One picture: its file's name, the address, the window, and what is done before it is taken."""

    name: str
    address: str
    width: int = 1440
    height: int = 900
    dark: bool = False
    prepare: Callable[[Page], None] = lambda _page: None


def right_click(page: Page) -> None:
    page.locator("tr[data-row]").nth(4).locator("td[data-only]").nth(2).click(button="right")


def edit_in_place(page: Page) -> None:
    page.locator("tr[data-row] a.name").nth(2).click()
    page.locator("[data-edit-start]").nth(4).press("Enter")
    page.locator(".k-inplace .k-field").wait_for()


def wait_for_counts(page: Page) -> None:
    page.locator("[data-filled]").filter(has_text="%").first.wait_for()


def wait_for_the_calendar(page: Page) -> None:
    page.locator(".ec-body").first.wait_for()
    page.wait_for_load_state("networkidle")


def wait_for_the_chart(page: Page) -> None:
    page.locator("[data-chart] svg").first.wait_for()


PICTURES = (
    Picture("companies", "/companies/?_flt_eq_status=customer&_flt_ge_x_headcount=10", prepare=right_click),
    Picture("record", "/companies/", prepare=edit_in_place, dark=True),
    Picture("fields", "/settings/fields/company", prepare=wait_for_counts),
    Picture("companies-phone", "/companies/", 390, 800),
    Picture("tray", "/"),
    Picture("board", "/opportunities/board"),
    Picture("calendar", "/calendar/?view=week", prepare=wait_for_the_calendar),
    Picture("report", "/reports/ready/offer_book", prepare=wait_for_the_chart),
    Picture("support", "/support/?page=/companies/&reference=3f9a1c52e07b4d68", 1000, 640),
)


def main() -> None:
    with kortisto() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for language, folder in FOLDERS.items():
            for picture in PICTURES:
                take(browser, address, picture, language, folder)
        browser.close()


def take(browser: Browser, address: str, picture: Picture, language: str, folder: Path) -> None:
    """Put one picture into a folder."""
    context = browser.new_context(
        base_url=address, viewport={"width": picture.width, "height": picture.height}, reduced_motion="reduce",
        color_scheme="dark" if picture.dark else "light", locale="fi-FI" if language == "fi" else "en-GB",
    )  # fmt: skip
    page = context.new_page()
    page.goto("/login/")
    page.fill("#username", USER)
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url(f"{address}/")
    page.goto(f"/lang/{language}")
    page.goto(picture.address)
    picture.prepare(page)
    page.evaluate("document.fonts.ready")
    with Image.open(BytesIO(page.screenshot())) as taken:
        folder.mkdir(parents=True, exist_ok=True)
        taken.convert("RGB").quantize(COLOURS).save(folder / f"{picture.name}.png", optimize=True)
    context.close()
    sys.stdout.write(f"{folder.parent.name}/{picture.name}\n")


def name_support() -> None:
    """Give the demo organisation an address for support."""
    Organisation.objects(pk=THE_ONE).modify(upsert=True, set__support_email="tuki@example.com")


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
            named = [*command[:5], "shell"]
            subprocess.run(named, cwd=ROOT, env=program.environ, check=True, text=True, stdout=subprocess.DEVNULL,
                           input="from tests.screenshots import name_support; name_support()\n")  # fmt: skip
            yield f"http://127.0.0.1:{program.port}"
        finally:
            program.kill_everything()
            if mongod := running(Place(folder)):
                stop(Place(folder), mongod)


if __name__ == "__main__":
    main()
