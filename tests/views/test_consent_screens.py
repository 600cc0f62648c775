"""Settings of marketing: rules for those who manage settings, suppressed addresses for administrators."""

from typing import Any

from flask.testing import FlaskClient

from models.changes import Change
from models.consent import Suppressed, marketing_rules
from models.rights import Access
from services.records import create_record, get_record
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from services.suppressed import list_suppressed
from tests.services.importing import import_text, records


def test_rules_are_chosen_on_their_page(client: FlaskClient) -> None:
    text = client.get("/settings/consent/").text
    assert 'name="person_mail"' in text
    answer = client.post("/settings/consent/", data={"version": "0", "person_mail": "unless_refused"})
    assert answer.status_code == 302
    assert marketing_rules()["person"]["mail"] == "unless_refused"
    late = client.post("/settings/consent/", data={"version": "0", "person_mail": "with_consent"},
                       follow_redirects=True)  # fmt: skip
    assert "Somebody else has changed the rules" in late.text
    wrong = client.post("/settings/consent/", data={"version": "1", "person_mail": "x"}, follow_redirects=True)
    assert "Choose from the list." in wrong.text
    assert marketing_rules()["person"]["mail"] == "unless_refused"


def test_an_address_is_added_found_and_removed_with_a_reason(client: FlaskClient, admin_access: Access) -> None:
    added = {"channel": "mail", "address": "Aino@Example.fi ", "note": "Called us"}
    assert client.post("/settings/suppressed/", data=added).status_code == 302
    assert client.post("/settings/suppressed/", data=added).status_code == 422
    assert client.post("/settings/suppressed/", data={"channel": "sms", "address": "040 123 4567"}).status_code == 302
    assert "aino@example.fi" in client.get("/settings/suppressed/?q=AINO").text
    assert "No such address here" in client.get("/settings/suppressed/?q=.*").text
    pk = Suppressed.objects.get(channel="mail").pk
    assert client.post(f"/settings/suppressed/remove/{pk}", data={"why": " "}).status_code == 422
    assert client.post(f"/settings/suppressed/remove/{pk}", data={"why": "Asked for it"}).status_code == 302
    assert client.post(f"/settings/suppressed/remove/{pk}", data={"why": "Again"}).status_code == 404
    assert [one["address"] for one in list_suppressed(admin_access)[0]] == ["+358401234567"]
    entries = list(Change._get_collection().find({"register": "suppressed", "record": pk}).sort("version"))
    assert [one["action"] for one in entries] == ["create", "delete"]
    assert entries[1]["changes"]["note"] == ["Called us", "Asked for it"]


def test_what_is_no_address_is_told_and_stays_as_typed(client: FlaskClient) -> None:
    for channel, address in (("mail", "aino"), ("mail", ""), ("sms", "12"), ("pigeon", "a@b.fi"), ("sms", "<b>")):
        answer = client.post("/settings/suppressed/", data={"channel": channel, "address": address, "note": "n<b>"})
        assert answer.status_code == 422
        assert 'value="n&lt;b&gt;"' in answer.text
    assert client.get("/settings/suppressed/remove/abc").status_code == 200
    assert client.post("/settings/suppressed/remove/abc", data={"why": "x"}).status_code == 404


def consent_inputs(state: str, source: str = "", day: str = "") -> dict[str, Any]:
    return {"name": "Firm", "email_consent": [state, source, day]}


def test_a_form_s_three_inputs_are_one_value(client: FlaskClient, admin_access: Access) -> None:
    client.post("/companies/add", data=consent_inputs("refused", "Trade fair", "2026-05-03"))
    raw = create_record(admin_access, "company", {"name": "Other"})
    found = client.get("/companies/?_flt_eq_email_consent=refused&view=all").text
    assert "Firm" in found
    assert str(raw["_id"]) not in found
    wrong = client.post("/companies/add", data=consent_inputs("", "Trade fair", "soon"))
    assert wrong.status_code == 422
    assert "Say whether the consent was granted or refused." in wrong.text
    assert 'value="Trade fair"' in wrong.text
    assert 'value="soon"' in wrong.text
    url = f"/companies/value/{raw['_id']}/email_consent"
    assert 'name="email_consent"' in client.get(url).text
    saved = client.post(url, data={"email_consent": ["granted", "", "2026-05-03"], "was": '""'})
    assert saved.status_code == 200
    assert '<span class="badge c-green">Granted</span>' in saved.text
    history = client.get(f"/companies/show/{raw['_id']}").text
    assert "3 May 2026" in history


def test_a_record_s_page_tells_where_marketing_may_go(client: FlaskClient, admin_access: Access) -> None:
    raw = create_record(admin_access, "person", {"name": "Aino", "email": "a@b.fi", "letter_consent": "refused; Phone"})
    assert f'data-part="/people/marketing/{raw["_id"]}"' in client.get(f"/people/show/{raw['_id']}").text
    text = client.get(f"/people/marketing/{raw['_id']}").text
    assert 'title="E-mail: Only with consent"' in text
    assert 'title="SMS: No address"' in text
    assert 'title="Letters: Refused (Phone, ' in text
    assert client.get("/people/marketing/abc").status_code == 404
    assert client.get(f"/campaigns/marketing/{raw['_id']}").status_code == 404


def test_a_list_and_a_report_tell_consents(client: FlaskClient, admin_access: Access) -> None:
    for name, said in (("A", "yes; Fair; 2026-05-03"), ("B", "no; ; 2026-05-04"), ("C", ""), ("D", "no")):
        create_record(admin_access, "company", {"name": name, "email_consent": said})
    text = client.get("/companies/?view=all&cols=name,email_consent").text
    assert '<span class="badge c-green">Granted</span> <span class="mute">Fair, 3 May 2026</span>' in text
    assert 'data-only="_flt_eq_email_consent=granted"' in text
    assert client.get("/companies/?view=all&cols=name,email_consent&group=email_consent").status_code == 200
    assert client.get("/companies/?view=all&order=email_consent").status_code == 200
    asked: dict[str, Any] = {"register": "company", "groups": [{"column": "email_consent"}],
                             "measures": [{"how": "count"}]}  # fmt: skip
    rows = figures_of(admin_access, definition_of(admin_access, asked)).rows
    assert [(row.texts[0], row.values[0]) for row in rows] == [("Granted", 1), ("Refused", 2), ("Not given", 1)]
    asked["conditions"] = list(rows[1].conditions)
    assert figures_of(admin_access, definition_of(admin_access, asked)).count == 2
    assert client.get("/companies/?view=all&_flt_eq_email_consent=x").status_code == 400


def test_many_records_are_given_a_consent_at_once(client: FlaskClient, admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "A"})
    typed = {"all_matching": "1", "conditions": "[]", "back": "?order=name",
             "email_consent": ["granted", "Fair", "2026-05-03"]}  # fmt: skip
    assert "Granted" in client.post("/companies/edit_chosen", data={**typed, "step": "preview"}).text
    assert 'value="Fair"' in client.post("/companies/edit_chosen", data={**typed, "step": "form"}).text
    client.post("/companies/edit_chosen", data={**typed, "step": "run"})
    value = get_record(admin_access, "company", raw["_id"])["email_consent"]
    assert (value["state"], value["source"]) == ("granted", "Fair")


def test_an_import_reads_consents_and_keeps_what_is_none(admin_access: Access) -> None:
    mapping = "columns:\n  Nimi: name\n  Lupa: email_consent\n"
    text = "Nimi,Lupa\nA,kyllä\nB,refused; messut 2026; 3.5.2026\nC,ehkä\n"
    report = import_text(admin_access, "company", text, mapping)
    assert report.created == 3
    told = {raw["name"]: raw.get("email_consent", {}).get("state") for raw in records()}
    assert told == {"A": "granted", "B": "refused", "C": None}
    assert [note.value for note in report.odd] == ["ehkä"]
