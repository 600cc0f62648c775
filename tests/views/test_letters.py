"""Letters in timelines and as files, the choice that keeps them there, and the page of all merge fields."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.jobs import Job
from models.letters import Letter, LetterBatch
from models.rights import Access
from models.security import User
from services.jobs import wake_due
from services.merge import Form, history
from services.merge.errors import MergeProblem
from tests.factories import CompanyFactory, PersonFactory
from tests.fixtures.app import PASSWORD
from tests.services.merging import keep, lines, make


@pytest.fixture
def anna(make_user: Callable[..., User]) -> User:
    return make_user("anna", "Staff")


@pytest.fixture
def staff(anna: User, sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    return sign_in(anna)


@pytest.fixture
def access(anna: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(anna)


def test_timeline_tells_of_a_letter_and_hands_it_out_alone(staff: FlaskClient, access: Access) -> None:
    companies = [CompanyFactory(name=name) for name in ("Alfa Oy", "Beta <b> Oy")]
    make(access, keep(access, "name", name="Joulukirje 2026"))
    page = staff.get(f"/companies/timeline/{companies[1]['_id']}").text
    assert "Letter “Joulukirje 2026”" in page
    assert "letter 2 of 2" in page
    letter = Letter._get_collection().find_one({"record": companies[1]["_id"]})
    assert f'href="/letters/{letter["_id"]}"' in page
    with staff.get(f"/letters/{letter['_id']}") as found:
        assert (found.status_code, lines(found.data)) == (200, ["Beta <b> Oy"])
        assert "attachment" in found.headers["Content-Disposition"]
        assert "no-store" in found.headers["Cache-Control"]


def test_timeline_of_a_company_names_the_person_whose_letter_it_was(staff: FlaskClient, access: Access) -> None:
    company = CompanyFactory()
    person = PersonFactory(first_name="Aino", last_name="Aalto", companies=[str(company["_id"])])
    make(access, keep(access, "name", register="person"), form=Form("one", pdf=True))
    page = staff.get(f"/companies/timeline/{company['_id']}").text
    assert f'href="/people/show/{person["_id"]}">Aino Aalto</a>' in page
    assert "letter 1 of" not in page


@pytest.mark.parametrize("address", ["0123456789abcdef01234567", "x", "%00"])
def test_letter_that_is_not_there_is_not_found(staff: FlaskClient, address: str) -> None:
    assert staff.get(f"/letters/{address}").status_code == 404


def test_letter_that_can_t_be_taken_out_says_so(
    staff: FlaskClient, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    CompanyFactory()
    make(access, keep(access, "name"))

    def fails(*_given: object) -> None:
        raise MergeProblem("LibreOffice failed")

    monkeypatch.setattr(history, "take_out", fails)
    found = staff.get(f"/letters/{Letter._get_collection().find_one()['_id']}", follow_redirects=True)
    assert "LibreOffice failed" in found.text


def test_start_page_offers_to_keep_letters_and_keeps_the_choice(staff: FlaskClient, access: Access) -> None:
    company = CompanyFactory()
    template = keep(access, "name", "Outo")
    chosen = {"rowid": str(company["_id"]), "template": str(template["_id"])}
    box = 'name="history" value="1"'
    assert f"{box} checked" in staff.post("/merge/start/company", data=chosen).text
    again = staff.post("/merge/run/company", data={**chosen, "asked": "1"})
    assert (again.status_code, f"{box} checked" in again.text, box in again.text) == (422, False, True)
    assert staff.post("/merge/run/company", data={**chosen, "asked": "1", "leave_empty": "1"}).status_code == 302
    wake_due()
    assert LetterBatch.objects.count() == 0
    staff.post("/merge/run/company", data={**chosen, "asked": "1", "history": "1", "leave_empty": "1"})
    wake_due()
    assert LetterBatch.objects.count() == 1


def test_leaving_out_is_offered_where_refusals_are_known_and_not_mixed_up(
    staff: FlaskClient, access: Access
) -> None:
    company = CompanyFactory()
    chosen = {"rowid": str(company["_id"]), "template": str(keep(access, "name", "Outo")["_id"])}
    assert 'name="leave_out" value="1">' in staff.post("/merge/start/company", data=chosen).text
    assert 'name="leave_out"' not in staff.post("/merge/start/opportunity", data=chosen).text
    staff.post("/merge/run/company", data={**chosen, "leave_empty": "1", "leave_out": "1"})
    assert Job._get_collection().find_one({"kind": "merge"})["params"]["leave_out"] is True


def test_page_of_merge_fields_names_own_linked_and_repeated_ones(staff: FlaskClient) -> None:
    page = staff.get("/merge/fields/opportunity").text
    names = ("closes_on", "company.city", "people.email", "owner.phone", "products.total", "products.quantity")
    assert [name for name in names if f"<code>{name}</code>" not in page] == []
    assert staff.get("/merge/fields/nothing").status_code == 404


def test_merge_field_is_copied(page: Page, admin: User) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/login/?next=/merge/fields/company")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    page.goto("/merge/fields/company")
    page.get_by_role("button", name="Copy city", exact=True).click()
    expect(page.get_by_text("city", exact=True).first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "city"
