"""What an export wrote is imported again over the same records: nothing changes, whatever kind the fields are of."""

import io
from typing import Any

import pytest

from models.changes import Change
from models.fields.kinds import OFFERED_KINDS
from models.fields.schema import schema_of
from models.rights import Access
from models.security import Team, User
from services.exports import Wanted
from services.imports import drafts
from services.records import create_record
from services.security import access_for
from services.settings import define_field
from tests.services.importing import records
from tests.services.test_exports import exported
from tests.services.test_imports_drafts import done

ODD = "=1+1; '=2, \"three\"\t-4"
#: kind -> values as they are typed; kinds that point at something are filled below. Files don't stand in tables.
VALUES: dict[str, list[Any]] = {
    "text": [ODD, "'=SUM(A1)", "-", "@team", "007", "1e5", "TRUE", "2024-01-02", "'s-Hertogenbosch"],
    "long_text": ["=First\n'-second\n\n  third", "+"],
    "rich_text": ["<p>First <strong>second</strong> &amp; third</p>", "<ul><li>=1</li></ul>"],
    "number": ["-1234.5", "0", "12345678901234.25", "9007199254740993"], "money": ["1200.50 EUR", "-7 USD", "0.01 EUR"],
    "date": ["2024-01-31", "1850-02-01"], "datetime": ["2024-01-31T14:30", "2024-10-27T03:30", "1899-12-31T00:00"],
    "boolean": ["yes", "no"], "choice": ["energy", "plus"], "choices": [["energy", "plus"], ["plus"]],
    "email": ["matti@example.fi", "=odd@example.fi"], "phone": ["+358 40 1234567", "040 765 4321"],
    "url": ["https://example.com/a?b=1&c=%20", "www.example.fi"], "business_id": ["0112038-9", "FI20774740"],
    "time": ["9:05", "23:59"], "consent": ["granted; Trade fair; 2026-05-03", "refused"],
    "recurrence": ["FREQ=WEEKLY;BYDAY=MO"], "files": [],
}  # fmt: skip
CHOICES = [{"key": "energy", "label": "Energy"}, {"key": "plus", "label": "+ Plus, more; =most"}]


@pytest.fixture
def access(admin: User) -> Access:
    return access_for(admin)


def furnish(access: Access, admin: User) -> None:
    """Fields of every kind that one may make, and a company for each of their values."""
    other, team = create_record(access, "company", {"name": "=Other"}), Team(name="-Team").save()
    linked = {"user": [str(admin.pk)], "users": [[str(admin.pk)]], "team": [str(team.pk)],
              "link": [str(other["_id"])], "links": [[str(other["_id"])]]}  # fmt: skip
    values = {kind: {**VALUES, **linked}[kind] for kind in OFFERED_KINDS}
    for kind in OFFERED_KINDS:
        chosen = {"choices": CHOICES} if kind.startswith("choice") else {}
        field = {"register": "company", "key": f"of_{kind}", "kind": kind, "label": f"Of {kind}"}
        define_field(access, {**field, **chosen})
    for number in range(max(len(given) for given in values.values())):
        filled = {f"x_of_{kind}": given[number] for kind, given in values.items() if number < len(given)}
        create_record(access, "company", {"name": f"@Company {number}", "city": ODD, **filled})


def brought_back(access: Access, register: str, wanted: Wanted, match: str) -> dict[str, Any]:
    """The outcome of importing what an export of all fields wrote, over the records that it is of."""
    content = exported(access, register, wanted)
    draft_id = drafts.start_draft(access, register, io.BytesIO(content), f"list.{wanted.form}")
    columns = drafts.get_draft(access, draft_id)["columns"]
    unread = {field.label_in("en") for field in schema_of(register).fields if field.read_only or field.derived
              or not field.kind.importable}  # fmt: skip
    assert {column["header"] for column in columns if column["choice"] == {}} <= unread
    assert not [column["header"] for column in columns if "define" in column["choice"]]
    drafts.set_columns(access, draft_id, [], match=[match], on_existing="overwrite")
    return done(access, draft_id)["result"]


@pytest.mark.parametrize("wanted", [
    Wanted("csv"), Wanted("csv", separator=",", decimal="."), Wanted("csv", separator="\t"), Wanted("xlsx"),
], ids=["semicolons", "commas", "tabs", "xlsx"])  # fmt: skip
def test_every_kind_of_field_comes_back_as_it_was(access: Access, admin: User, wanted: Wanted) -> None:
    furnish(access, admin)
    before, entries = records(), Change.objects.count()
    result = brought_back(access, "company", wanted, "name")
    assert {name: result[name] for name in ("created", "changed", "skipped", "failed", "odd")} == {
        "created": 0, "changed": 0, "skipped": len(before), "failed": 0, "odd": 0}  # fmt: skip
    assert (records(), Change.objects.count()) == (before, entries)


def furnish_others(access: Access, register: str) -> None:
    """Records of another register with something in their fields, some of it like a formula."""
    company = create_record(access, "company", {"name": "=Firm"})
    texts = {"person": {"first_name": "+Anna", "last_name": "-Aho", "title": "@boss", "email": "anna@example.fi"},
             "product": {"name": "=Pump", "code": "00123", "price": "1200.50 EUR"},
             "opportunity": {"name": "=Sale", "company": str(company["_id"]), "value": "500 EUR"},
             "activity": {"name": "=Call", "starts_at": "2026-03-04T10:15"}}[register]  # fmt: skip
    create_record(access, register, texts)


@pytest.mark.parametrize("register", ["person", "product", "opportunity", "activity"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_records_of_every_register_come_back_as_they_were(access: Access, register: str, form: str) -> None:
    furnish_others(access, register)
    before, entries = records(register), Change.objects.count()
    result = brought_back(access, register, Wanted(form), "name")
    assert (result["created"], result["changed"], result["skipped"], result["failed"]) == (0, 0, 1, 0)
    assert (records(register), Change.objects.count()) == (before, entries)


def test_what_is_written_anew_in_the_sheet_is_taken(access: Access, admin: User) -> None:
    define_field(access, {"register": "company", "key": "story", "kind": "rich_text", "label": "Story"})
    create_record(access, "company", {"name": "Aho", "x_story": "<p>Old <strong>story</strong></p>"})
    content = exported(access, "company", Wanted("csv", ("name", "x_story"))).replace(b"Old", b"New")
    draft_id = drafts.start_draft(access, "company", io.BytesIO(content), "list.csv")
    drafts.set_columns(access, draft_id, [], match=["name"], on_existing="overwrite")
    assert done(access, draft_id)["result"]["changed"] == 1
    assert records()[0]["custom"]["story"] == "<p>New story</p>"
