"""The registers' screens through the test client: what people may send, and what they see."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.companies import Company
from models.rights import Access
from services.records import create_record
from views.registers import RegisterView


@pytest.fixture
def companies(admin_access: Access) -> list[dict]:
    rows = [{"name": "Åkerlund Oy", "status": "customer"}, {"name": "Zeta Ab", "status": "prospect"},
            {"name": "alfa Oy"}, {"name": "Ähtärin Saha"}]  # fmt: skip
    return [create_record(admin_access, "company", row) for row in rows]


def names(html: str) -> list[str]:
    return [part.split("</a>")[0] for part in html.split('class="name" href="/companies/show/')[1:]]


def test_list_without_order_is_in_finnish_name_order(client: FlaskClient, companies: list[dict]) -> None:
    found = [name.split('">')[1] for name in names(client.get("/companies/").text)]
    assert found == ["alfa Oy", "Zeta Ab", "Åkerlund Oy", "Ähtärin Saha"]


@pytest.mark.parametrize("query", [
    "page=abc", "page=-1", "page=99999999999999999999", "page_size=0", "page_size=1e9", "order=nope", "order=$where",
    "order=custom.x&dir=sideways", "dir=%00", "count=exact",
])  # fmt: skip
def test_list_with_odd_paging_shows_the_list(client: FlaskClient, companies: list[dict], query: str) -> None:
    assert client.get(f"/companies/?{query}").status_code == 200


@pytest.mark.parametrize("query", [
    "_flt_eq_nope=1", "_flt_$where_name=1", "_flt_zz_name=1", "_flt_eq_status=abc", "_flt_eq_owner=abc",
    "_flt_ge_created_at=yesterday", "_flt_eq_$where=1", "_flt_ct_name=%00", "_flt_=1", "_flt_eq_name=",
    "_flt_eq_name=a&_flt_eq_name=b",
])  # fmt: skip
def test_list_with_wrong_condition_says_so_and_shows_no_rows(
    client: FlaskClient, companies: list[dict], query: str
) -> None:
    answer = client.get(f"/companies/?{query}")
    assert answer.status_code == 400
    assert "alert-danger" in answer.text
    assert names(answer.text) == []


def test_list_filtered_shows_only_what_matches(client: FlaskClient, companies: list[dict]) -> None:
    assert len(names(client.get("/companies/?_flt_eq_status=customer").text)) == 1
    assert len(names(client.get("/companies/?_flt_neq_status=customer").text)) == 3
    assert len(names(client.get("/companies/?_flt_empty_status=1").text)) == 2
    assert len(names(client.get("/companies/?_flt_in_status=customer&_flt_in_status=prospect").text)) == 2


def test_add_with_errors_keeps_what_was_typed(client: FlaskClient) -> None:
    answer = client.post("/companies/add", data={"name": "", "business_id": "123", "phone": "abc", "city": "Ähtäri"})
    assert answer.status_code == 422
    for typed in ("123", "abc", "Ähtäri"):
        assert f'value="{typed}"' in answer.text
    assert Company.objects.count() == 0


def test_add_with_odd_values_kept_on_purpose_saves_them(client: FlaskClient) -> None:
    data = {"name": "Outo Oy", "business_id": "123", "phone": "call Matti", "keep": ["business_id", "phone"]}
    assert client.post("/companies/add", data=data).status_code == 302
    saved = Company.objects.get(name="Outo Oy")
    assert (saved.business_id, saved.phone) == ("123", "call Matti")
    edited = {"name": "Outo Oy", "business_id": "123", "phone": "call Matti", "city": "Espoo", "version": "1"}
    assert client.post(f"/companies/edit/{saved.pk}", data=edited).status_code == 302


def test_edit_of_a_record_changed_meanwhile_shows_both_values(client: FlaskClient, companies: list[dict]) -> None:
    address = f"/companies/edit/{companies[0]['_id']}"
    assert client.post(address, data={"name": "Åkerlund Oy", "city": "Turku", "version": "1"}).status_code == 302
    late = client.post(address, data={"name": "Åkerlund Oy", "city": "Oulu", "version": "1"})
    assert late.status_code == 409
    assert 'value="Oulu"' in late.text
    assert "It is now: Turku" in late.text
    assert client.post(address, data={"name": "Åkerlund Oy", "city": "Oulu", "version": "2"}).status_code == 302


@pytest.mark.parametrize("address", ["/companies/show/abc", "/companies/show/0123456789abcdef01234567",
                                     "/companies/edit/abc", "/people/show/{company}"])  # fmt: skip
def test_record_that_is_not_there_is_a_404(client: FlaskClient, companies: list[dict], address: str) -> None:
    assert client.get(address.format(company=companies[0]["_id"])).status_code == 404


def test_delete_chosen_moves_them_to_the_recycle_bin(client: FlaskClient, companies: list[dict]) -> None:
    chosen = [str(company["_id"]) for company in companies[:2]]
    answer = client.post("/companies/delete_chosen", data={"rowid": chosen})
    assert answer.status_code == 302
    assert Company.objects.count() == 2
    matching = '[{"col": "name", "opr": "ct", "value": "alfa"}]'
    client.post("/companies/delete_chosen", data={"all_matching": "1", "conditions": matching})
    assert [company.name for company in Company.objects] == ["Ähtärin Saha"]


@pytest.mark.parametrize("data", [
    {}, {"rowid": ["abc"]}, {"all_matching": "1", "conditions": "{"}, {"all_matching": "1", "conditions": "[1]"},
    {"all_matching": "1", "conditions": '[{"col": "$where", "opr": "eq", "value": 1}]'},
    {"all_matching": "1", "conditions": '[{"col": "name", "opr": "eq", "value": {"$ne": 1}}]'},
])  # fmt: skip
def test_delete_chosen_with_nonsense_deletes_nothing(client: FlaskClient, companies: list[dict], data: dict) -> None:
    assert client.post("/companies/delete_chosen", data=data).status_code in (302, 400)
    assert Company.objects.count() == 4


def test_columns_chosen_are_shown_in_their_order(client: FlaskClient, companies: list[dict]) -> None:
    client.post("/companies/columns", data={"column": ["status", "name", "nope"]})
    html = client.get("/companies/").text
    head = html.split("<thead>")[1].split("</thead>")[0]
    assert head.index("Status") < head.index("Name")
    assert "Phone" not in head


def test_person_linked_to_a_company_shows_on_both(client: FlaskClient, companies: list[dict]) -> None:
    company = companies[0]
    data = {"first_name": "Matti", "last_name": "Malli", "companies": ["", str(company["_id"])]}
    answer = client.post("/people/add", data=data)
    assert answer.status_code == 302
    assert "Åkerlund Oy" in client.get(answer.headers["Location"]).text
    assert "Matti Malli" in client.get(f"/companies/show/{company['_id']}").text


def test_add_person_to_an_unknown_company_is_refused(client: FlaskClient) -> None:
    answer = client.post("/people/add", data={"name": "Matti", "companies": ["0123456789abcdef01234567"]})
    assert answer.status_code == 422


def test_edit_of_a_person_whose_company_is_deleted_keeps_the_link_and_takes_another(
    client: FlaskClient, companies: list[dict], admin_access: Access
) -> None:
    gone, other = str(companies[0]["_id"]), str(companies[1]["_id"])
    person = create_record(admin_access, "person", {"name": "Matti", "companies": [gone]})
    client.post(f"/companies/delete/{gone}")
    page = client.get(f"/people/edit/{person['_id']}").text
    assert "Not visible to you, or deleted" in page
    assert f">{gone}<" not in page
    data = {"name": "Matti", "companies": ["", gone, other], "version": "1"}
    assert client.post(f"/people/edit/{person['_id']}", data=data).status_code == 302
    unknown = {"name": "Matti", "companies": ["", "0123456789abcdef01234567"], "version": "2"}
    assert client.post(f"/people/edit/{person['_id']}", data=unknown).status_code == 422


def test_column_that_a_condition_makes_the_same_throughout_is_left_out(
    client: FlaskClient, admin_access: Access
) -> None:
    create_record(admin_access, "company", {"name": "Alfa", "city": "Oulu"})
    cell = 'data-label="City"'
    assert cell in client.get("/companies/").text
    assert cell not in client.get("/companies/?_flt_eq_city=Oulu").text
    assert cell in client.get("/companies/?_flt_ct_city=Oulu").text
    assert cell in client.get("/companies/?_flt_eq_city=Oulu&cols=name,city").text
    assert 'data-label="Name"' in client.get("/companies/?_flt_eq_name=Alfa").text
    assert client.get("/companies/?_flt_eq_nothing=1").status_code == 400


def test_no_part_of_a_register_s_view_hides_another_s_screen(app: Flask) -> None:
    """A method of the same name in two parts takes the place of the other, whose address would be gone."""
    views = [view for view in app.extensions["appbuilder"].baseviews if isinstance(view, RegisterView)]
    hidden = []
    for view in views:
        there = {url for name in dir(type(view)) for url, _methods in getattr(getattr(type(view), name), "_urls", ())}
        parts = [part for part in type(view).__mro__ if part.__module__.startswith("views.")]
        hidden += [(type(view).__name__, name, url) for part in parts for name, member in vars(part).items()
                   for url, _methods in getattr(member, "_urls", ())
                   if url not in there]  # fmt: skip
    assert views
    assert hidden == []
