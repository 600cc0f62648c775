"""The recycle bin on screen, and taking a deletion back by the message's button."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.companies import Company
from models.organisation import organisation
from models.rights import Access
from models.security import User
from services.records import create_record, delete_record
from tests.fixtures.app import PASSWORD


@pytest.fixture
def deleted(admin_access: Access) -> dict[str, Any]:
    raw = create_record(admin_access, "company", {"name": "<i>Alfa</i> Oy", "city": "Oulu"})
    return delete_record(admin_access, "company", raw["_id"])


def test_list_and_record_show_what_was_deleted(client: FlaskClient, deleted: dict[str, Any]) -> None:
    listed = client.get("/bin/")
    assert "&lt;i&gt;Alfa&lt;/i&gt; Oy" in listed.text
    shown = client.get(f"/bin/show/{deleted['_id']}")
    assert "Oulu" in shown.text
    assert "Restore" in shown.text
    assert client.get("/bin/?register=person").text.count("Alfa") == 0
    assert client.get("/bin/?register=$where&page=99999999999").status_code == 200


def test_message_of_a_deletion_takes_it_back(client: FlaskClient, admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Beta Oy"})
    client.post(f"/companies/delete/{raw['_id']}")
    page = client.get("/companies/").text
    assert f'name="rowid" value="{raw["_id"]}">Undo</button>' in page
    back = client.post("/bin/restore", data={"rowid": str(raw["_id"])})
    assert back.location.endswith(f"/companies/show/{raw['_id']}")
    assert Company.objects.count() == 1
    again = client.post("/bin/restore", data={"rowid": str(raw["_id"])}, follow_redirects=True)
    assert "not in the recycle bin any more" in again.text


def test_several_deleted_at_once_are_taken_back_at_once(client: FlaskClient, admin_access: Access) -> None:
    rows = [str(create_record(admin_access, "company", {"name": f"C{n}"})["_id"]) for n in range(3)]
    client.post("/companies/delete_chosen", data={"rowid": rows})
    page = client.get("/companies/").text
    batch = re.search(r'name="batch" value="([0-9a-f]+)"', page)
    assert batch
    back = client.post("/bin/restore", data={"batch": batch[1]}, follow_redirects=True)
    assert "3 records were restored" in back.text
    assert Company.objects.count() == 3


def test_nothing_chosen_restores_nothing(client: FlaskClient, deleted: dict[str, Any]) -> None:
    answer = client.post("/bin/restore", data={}, follow_redirects=True)
    assert answer.status_code == 200
    assert "Choose what to restore" in answer.text


def test_days_are_set_by_administrators_alone(
    client: FlaskClient, make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    assert client.post("/bin/days", data={"bin_days": "30"}).status_code == 302
    assert organisation().bin_days == 30
    assert "Give a number of days" in client.post("/bin/days", data={"bin_days": "x"}, follow_redirects=True).text
    staff = sign_in(make_user("staff", "Staff"))
    assert staff.post("/bin/days", data={"bin_days": "1"}).status_code == 403
    assert "How long" not in staff.get("/bin/").text
    assert organisation().bin_days == 30


def test_reader_has_no_bin_in_the_menu(make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient],
                                       deleted: dict[str, Any]) -> None:  # fmt: skip
    reader = sign_in(make_user("reader", "Reader"))
    assert 'href="/bin/"' not in reader.get("/companies/").text
    assert reader.get(f"/bin/show/{deleted['_id']}").status_code == 404
    assert "Alfa" not in reader.get("/bin/").text


def test_chosen_rows_are_restored_in_the_browser(page: Page, admin: User, admin_access: Access) -> None:
    for name in ("Alfa Oy", "Beta Oy", "Gamma Oy"):
        raw = create_record(admin_access, "company", {"name": name})
        delete_record(admin_access, "company", raw["_id"])
    page.goto("/bin/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    page.get_by_role("checkbox", name="Select Alfa Oy").check()
    page.get_by_role("checkbox", name="Select Gamma Oy").check()
    page.locator(".k-bulk").get_by_role("button", name="Restore").click()
    expect(page.locator(".k-toast")).to_contain_text("2 records were restored")
    page.goto("/bin/")
    page.get_by_role("button", name="Restore Beta Oy").click()
    expect(page.locator("h1")).to_have_text("Beta Oy")
