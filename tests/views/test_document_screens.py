"""Sending files in a real browser: dropped on lists and records, with progress, errors and what can be done at once."""

import io
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from reportlab.pdfgen.canvas import Canvas

from models.documents import Document
from models.rights import Access
from models.security import User
from services.documents import add_document
from services.records import create_record, get_record
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
DROP = """([selector, names]) => {
  const data = new DataTransfer();
  for (const name of names) data.items.add(new File(name.startsWith("empty") ? [] : ["same"], name));
  const place = document.querySelector(selector);
  for (const type of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true,
                                                                                    cancelable: true}));
}"""


@pytest.fixture
def signed_in(page: Page, admin: User) -> Page:
    page.goto("/login/")
    page.locator("#username").fill("admin")
    page.locator("#password").fill(PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    return page


def names() -> list[str]:
    return sorted(raw.name for raw in Document.objects)


def test_files_dropped_on_the_list_become_documents_each_by_itself(signed_in: Page, admin_access: Access) -> None:
    signed_in.goto("/documents/")
    expect(signed_in.get_by_text("Drop files here, or choose them.")).to_be_visible()
    signed_in.evaluate(DROP, ["main", ["Offer 1.txt", "empty.txt", "Contract.txt"]])
    panel = signed_in.get_by_role("region", name="Files being sent")
    expect(panel.get_by_role("status")).to_have_text("Sent: 2 of 3 (1 failed)")
    expect(panel.get_by_role("alert")).to_contain_text("“empty.txt” is empty")
    kind = panel.get_by_role("combobox", name="Kind of Offer 1")
    expect(kind).to_have_value("offer")
    with signed_in.expect_response("**/value/*/kind"):
        kind.select_option("request")
    expect(panel).to_contain_text("The same content is here already: Offer 1")
    panel.get_by_role("button", name="Remove the new one").click()
    expect(panel).to_contain_text("Removed")
    panel.get_by_role("button", name="Close").click()
    expect(signed_in.locator("td.l-name a.name")).to_have_text(["Offer 1"])
    assert [(raw.name, raw.kind) for raw in Document.objects] == [("Offer 1", "request")]


def test_files_dropped_on_a_record_are_linked_to_it(signed_in: Page, admin_access: Access) -> None:
    company = create_record(admin_access, "company", {"name": "Acme"})
    signed_in.goto(f"/companies/show/{company['_id']}")
    signed_in.evaluate(DROP, ["main h1", ["Paper.txt"]])
    block = signed_in.locator("section", has=signed_in.get_by_role("heading", name="Documents"))
    expect(block.locator("a.name")).to_have_text(["Paper"])
    assert Document.objects.get().companies == [company["_id"]]
    block.locator("input[type=file]").set_input_files({"name": "Other.txt", "mimeType": "x/y", "buffer": b"b"})
    expect(block.locator("a.name")).to_have_count(2)


def test_file_dropped_on_a_document_is_its_newest_version(signed_in: Page, admin_access: Access) -> None:
    raw = add_document(admin_access, "a.txt", io.BytesIO(b"one"), {})
    signed_in.goto(f"/documents/show/{raw['_id']}")
    with signed_in.expect_navigation():
        signed_in.evaluate(DROP, ["main h1", ["b.txt"]])
    expect(signed_in.locator(".k-versionlist li")).to_have_count(2)
    with signed_in.expect_navigation():
        signed_in.get_by_role("button", name="Make version 1 the newest").click()
    expect(signed_in.locator(".k-thefile a.name")).to_have_text("a.txt")
    with signed_in.expect_download() as download:
        signed_in.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"one"


def test_file_is_cancelled_while_others_go_on(signed_in: Page) -> None:
    waiting: list[Any] = []
    signed_in.route("**/documents/upload?name=slow.txt", lambda route: waiting.append(route))
    signed_in.goto("/documents/")
    signed_in.evaluate(DROP, ["main", ["slow.txt", "quick.txt"]])
    panel = signed_in.get_by_role("region", name="Files being sent")
    expect(panel.get_by_role("status")).to_have_text("Sending: 0 of 2")
    panel.get_by_role("button", name="Cancel slow.txt").click()
    expect(panel.get_by_role("status")).to_have_text("Sent: 1 of 2")
    expect(panel).to_contain_text("Cancelled")
    assert names() == ["quick"]


def test_pages_of_a_pdf_are_drawn(signed_in: Page, admin_access: Access) -> None:
    content = io.BytesIO()
    canvas = Canvas(content)
    for number in range(2):
        canvas.setFont("Helvetica", 40)
        canvas.drawString(100, 500, f"Page {number + 1}")
        canvas.rect(0, 0, 600, 400, fill=1)
        canvas.showPage()
    canvas.save()
    content.seek(0)
    raw = add_document(admin_access, "a.pdf", content, {})
    signed_in.goto(f"/documents/show/{raw['_id']}")
    expect(signed_in.locator("[data-pdf][data-drawn]")).to_be_visible()
    expect(signed_in.get_by_role("img", name="a.pdf. Page 1 of 2")).to_be_visible()
    dark = "(it) => it.getContext('2d').getImageData(it.width / 2, it.height - 9, 1, 1).data[0] < 99"
    assert signed_in.locator("[data-pdf] canvas").evaluate(dark)
    signed_in.get_by_role("button", name="Next page").click()
    expect(signed_in.get_by_role("img", name="a.pdf. Page 2 of 2")).to_be_visible()


def test_pdf_that_is_damaged_says_so_in_its_place(signed_in: Page, admin_access: Access) -> None:
    raw = add_document(admin_access, "a.pdf", io.BytesIO(b"%PDF-1.7 nothing"), {})
    signed_in.goto(f"/documents/show/{raw['_id']}")
    expect(signed_in.get_by_text("The preview could not be shown.")).to_be_visible()


def test_page_sent_as_a_picture_runs_nothing_where_it_is_opened(signed_in: Page, admin_access: Access) -> None:
    page = b"<html><script>document.title = 'ran'; parent.ran = true</script>text</html>"
    raw = add_document(admin_access, "cat.png", io.BytesIO(page), {})
    signed_in.goto(f"/documents/show/{raw['_id']}")
    expect(signed_in.get_by_text("promises another kind of file")).to_be_visible()
    with signed_in.expect_download() as download:
        signed_in.evaluate("(address) => window.location.assign(address)", f"/documents/file/{raw['_id']}?show=1")
    assert download.value.path().read_bytes() == page
    assert "ran" not in signed_in.title()
    assert get_record(admin_access, "document", raw["_id"])["type"] == "text"
