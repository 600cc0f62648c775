"""The README's pictures, taken anew of the demo organisation: `make screenshots`.

Kortisto is started in a folder of its own with its own database, filled, looked at in a real Chromium, and stopped.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
USER, PASSWORD = "tiina.saarinen", "screenshots-sign-in-once"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
START_SECONDS = 60.0


@dataclass(frozen=True)
class Picture:
    """One picture: its file's name, the address, the window, and what is done before it is taken."""

    name: str
    address: str
    width: int = 1440
    height: int = 900
    scheme: str = "light"
    language: str = "en-GB"
    prepare: Callable[[Page], None] = lambda _page: None


def right_click(page: Page) -> None:
    page.locator("tr[data-row]").nth(4).locator("td[data-only]").nth(2).click(button="right")


def first_record(page: Page) -> None:
    page.locator("tr[data-row] a.name").nth(2).click()
    page.locator("[data-edit-start]").nth(4).press("Enter")
    page.locator(".k-inplace .k-field").wait_for()


def settle(page: Page) -> None:
    page.locator("[data-filled]").filter(has_text="%").first.wait_for()


PICTURES = (
    Picture("companies", "/companies/?_flt_eq_status=customer&_flt_ge_x_headcount=10", prepare=right_click),
    Picture("record", "/companies/", prepare=first_record, scheme="dark"),
    Picture("fields", "/settings/fields/company", prepare=settle, language="fi-FI"),
    Picture("companies-phone", "/companies/", 390, 800, language="fi-FI"),
)


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Chromium takes the pictures: install it (apt-get install chromium).")
    IMAGES.mkdir(exist_ok=True)
    with kortisto() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for picture in PICTURES:
            take(browser, address, picture)
        browser.close()


def take(browser: Browser, address: str, picture: Picture) -> None:
    context = browser.new_context(
        base_url=address, viewport={"width": picture.width, "height": picture.height}, locale=picture.language,
        color_scheme="dark" if picture.scheme == "dark" else "light", reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    page.goto("/login/")
    page.fill("#username", USER)
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url(f"{address}/")
    page.goto(picture.address)
    picture.prepare(page)
    page.evaluate("document.fonts.ready")
    page.screenshot(path=IMAGES / f"{picture.name}.png")
    context.close()
    sys.stdout.write(f"docs/images/{picture.name}.png\n")


@contextmanager
def kortisto() -> Iterator[str]:
    """A Kortisto with the demo organisation, at the address given; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="kortisto-pictures-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        environ = {name: value for name, value in os.environ.items() if not name.startswith("KORTISTO_")}
        environ |= {"KORTISTO_DATA_DIR": folder, "KORTISTO_PORT": str(port), "KORTISTO_LOG_LEVEL": "WARNING"}
        process = subprocess.Popen([sys.executable, "run.py"], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/health")
            command = [sys.executable, "-m", "flask", "--app", "app", "load-demo", "--password", PASSWORD]
            subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
            yield address
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


main()
