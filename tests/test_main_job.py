"""The main job as a new user does it: from the first start to letters for the customers that matter, in a browser."""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from config import PROJECT_ROOT
from tests.fixtures.program import START_SECONDS, Program, until
from tests.word.making import docx, field, merge_field, p
from tests.word.reading import read_letters

LIST = PROJECT_ROOT / "tests/data/sp500/constituents.csv"
PASSWORD = "kolme sanaa peräkkäin"
WORKER_MS = 60_000


def template() -> bytes:
    """A letter with fixed and custom fields, a date in Finnish words, a condition, and a field nothing fills."""
    return docx(
        p("To ", merge_field("Name", r"\* Upper"), ", ", merge_field("City"))
        + p("Sector: ", merge_field("Toimiala"), ", sub-industry: ", merge_field("sub_industry"))
        + p("In the index since ", merge_field("Date_added", r'\@ "d. MMMM yyyy"'), ", CIK ", merge_field("CIK"))
        + p("Founded ", merge_field("Founded", r"\# 0000"), merge_field("Founded (as text)"))
        + p(field(" IF ", merge_field("State"), ' = "Texas" "Howdy" "Hello" '))
        + p("Grade: ", merge_field("Luokka"))
    )


def expected_companies() -> list[dict[str, str]]:
    with LIST.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row["GICS Sector"] == "Utilities" and row["Date added"] >= "2000-01-01"]


def test_new_user_gets_from_first_start_to_letters(
    start: Callable[..., Program], browser: Browser, tmp_path: Path
) -> None:
    program = start()
    assert until(lambda: "with the code" in program.output.read_text(), START_SECONDS), program.output.read_text()
    page = browser.new_context(base_url=f"http://127.0.0.1:{program.port}", locale="en-GB").new_page()
    page.set_default_timeout(15_000)
    policy: list[str] = []
    page.on("console", lambda message: policy.append(message.text) if "Security Policy" in message.text else None)
    become_administrator(page, program)
    define_field(page)
    bring_in_list(program)
    filter_companies(page)
    grade_first_company(page)
    letters = make_letters(page, tmp_path)
    check_letters(letters)
    choose_all_that_match(page)
    assert policy == []
    page.context.close()


def become_administrator(page: Page, program: Program) -> None:
    code = re.findall(r"with the code (\S+)", program.output.read_text())[-1]
    page.goto("/companies/")
    expect(page).to_have_url(re.compile("/first-start/"))
    typed = {"code": code, "username": "anna", "first_name": "Anna", "last_name": "Admin",
             "email": "anna@example.com", "password": PASSWORD, "repeated": PASSWORD}  # fmt: skip
    for name, value in typed.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile("/setup/"))
    page.get_by_role("link", name="Leave for later").click()
    expect(page.get_by_role("link", name="Companies").first).to_be_visible()


def define_field(page: Page) -> None:
    page.goto("/settings/fields/company/add")
    page.get_by_label("Label in English").fill("Grade")
    page.get_by_label("Label in Finnish").fill("Luokka")
    page.locator("main .k-foot").get_by_role("button").first.click()
    expect(page.get_by_text("Grade").first).to_be_visible()


def bring_in_list(program: Program) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KORTISTO_")}
    environ["KORTISTO_DATA_DIR"] = str(program.folder)
    command = [str(Path(sys.executable).with_name("flask")), "--app", "app", "import-records", "company", str(LIST),
               "--mapping", "mappings/sp500.yaml"]  # fmt: skip
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "2013 (1888)" in done.stdout


def type_choice(page: Page, text: str, box: str = "flt-column") -> None:
    """Choose in a searchable select once it has the focus, by keyboard."""
    expect(page.locator(f"#{box}-ts-control")).to_be_focused()
    page.keyboard.type(text)
    expect(page.locator(".ts-dropdown:visible .option.active")).to_have_text(text)
    page.keyboard.press("Enter")


def filter_companies(page: Page) -> None:
    page.goto("/companies/")
    page.get_by_role("button", name="Add a condition").click()
    type_choice(page, "Sector")
    type_choice(page, "Utilities", "flt-value")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("button", name="Add a condition").click()
    type_choice(page, "Date added")
    page.locator("#flt-operator").select_option("ge")
    page.locator("#flt-value").fill("2000-01-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Sector is Utilities")).to_be_visible()
    expect(page.locator("table a.name")).to_have_count(len(expected_companies()))


def grade_first_company(page: Page) -> None:
    """The field that was defined by hand is filled by hand."""
    listed = page.url
    page.get_by_role("link", name="Alliant Energy").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Grade").fill("A & <B>")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("dd").get_by_text("A & <B>", exact=True)).to_be_visible()
    page.goto(listed)


def make_letters(page: Page, folder: Path) -> bytes:
    (folder / "letter.docx").write_bytes(template())
    page.get_by_label("Select all rows of the page").check()
    page.get_by_role("button", name="Letters").click()
    page.locator("input[type=file]").set_input_files(folder / "letter.docx")
    page.get_by_label("Name", exact=False).first.fill("Index letter")
    page.get_by_role("button", name="Add the template").click()
    page.get_by_role("button", name=re.compile("Make 14 letters")).click()
    # The worker may still be starting.
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=WORKER_MS)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(folder / "letters.docx")
    return (folder / "letters.docx").read_bytes()


def choose_all_that_match(page: Page) -> None:
    """Not the page's rows alone: every company of the list."""
    page.goto("/companies/")
    page.get_by_label("Select all rows of the page").check()
    page.get_by_role("button", name="Select all 503").click()
    page.get_by_role("button", name="Letters").click()
    expect(page.get_by_role("button", name="Make 503 letters")).to_be_visible()


def check_letters(data: bytes) -> None:
    letters = read_letters(data)
    companies = sorted(expected_companies(), key=lambda row: row["Security"].casefold())
    assert len(letters) == len(companies) == 14
    for letter, row in zip(letters, companies, strict=True):
        text = "\n".join(letter.lines)
        city, state = row["Headquarters Location"].split(", ")
        day = int(row["Date added"][8:])
        assert letter.lines[0] == f"To {row['Security'].upper()}, {city}"
        assert f"Sector: Utilities, sub-industry: {row['GICS Sub-Industry']}" in text
        assert f"since {day}. " in text
        assert f"CIK {row['CIK'].zfill(10)}" in text
        assert f"Founded {row['Founded']}" in text
        assert ("Howdy" if state == "Texas" else "Hello") in text
    assert "Grade: A & <B>" in "\n".join(letters[0].lines)
