"""Conditions that speak of what a reader does not see: hidden wherever they would be read, and never written over."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from models.base import stored_value
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.fields.unseen import UNSEEN
from models.rights import Access, NotAllowed
from models.security import FieldRight
from models.segments import Segment
from services.conditions import asks_unseen
from services.exports.plain import JsonLinesWriter
from services.exports.tables import cells_of
from services.history import events_of, undo_change
from services.labels import context_for
from services.personal_data.collecting import record_rows
from services.records import create_record, get_record, update_record
from services.reports.saved import save_report
from services.saved_views import Query, get_view, save_view

Raw = dict[str, Any]
PHONE = {"col": "phone", "opr": "sw", "value": "040"}
OULU = {"col": "city", "opr": "eq", "value": "Oulu"}


@pytest.fixture
def reader(make_role: Callable[..., Any], make_user: Callable[..., Any], access_of: Callable[..., Access]) -> Access:
    """One who may change segments, and does not see the phone of companies."""
    make_role("Clerk", ("company", "see", "all"), ("person", "see", "all"), ("segment", "see", "all"),
              ("segment", "add", "all"), ("segment", "change", "all"),
              field_rights=[FieldRight(register="company", column="phone", access="hidden")])  # fmt: skip
    return access_of(make_user("reader", "Clerk"))


def segment(access: Access, *conditions: Any, members: str = "company") -> Raw:
    return create_record(access, "segment", {"name": "One", "members": members, "conditions": list(conditions)})


def kept(raw: Raw) -> Any:
    return Segment._get_collection().find_one({"_id": raw["_id"]})["conditions"]


def read(access: Access, raw: Raw) -> Any:
    return stored_value(schema_of("segment").for_access(access).field("conditions"), raw)


def test_conditions_are_read_by_who_sees_all_that_they_speak_of(admin_access: Access, reader: Access) -> None:
    phones = segment(admin_access, PHONE)
    hidden = (
        phones, segment(admin_access, OULU, {"any": [OULU, {"none": [PHONE]}]}),
        segment(admin_access, {"segment": str(phones["_id"])}),
        segment(admin_access, {"through": "companies", "all": [PHONE]}, members="person"),
    )  # fmt: skip
    for raw in hidden:
        assert read(reader, raw) is UNSEEN
        assert read(admin_access, raw) == raw["conditions"]
    seen = (
        segment(admin_access, OULU), segment(admin_access, PHONE, members="person"),
        segment(admin_access, {"through": "companies", "all": [OULU]}, members="person"), segment(admin_access),
    )  # fmt: skip
    for raw in seen:
        assert read(reader, raw) == raw.get("conditions")


def test_conditions_about_a_register_that_one_does_not_see_are_hidden(
    admin_access: Access, make_role: Callable[..., Any], make_user: Callable[..., Any],
    access_of: Callable[..., Access],
) -> None:  # fmt: skip
    make_role("Narrow", ("person", "see", "all"), ("segment", "see", "all"))
    narrow = access_of(make_user("narrow", "Narrow"))
    assert read(narrow, segment(admin_access, OULU)) is UNSEEN
    assert read(narrow, segment(admin_access, PHONE, members="person")) == [PHONE]


def test_exports_and_copies_of_personal_data_do_not_tell_them(admin_access: Access, reader: Access) -> None:
    raw = segment(admin_access, PHONE)
    fields = [schema_of("segment").for_access(reader).field("conditions")]
    out = BytesIO()
    JsonLinesWriter(out, fields).write([raw], context_for(reader, fields, [raw]))
    assert b'"conditions": null' in out.getvalue()
    assert cells_of(fields, raw, context_for(reader, fields, [raw])) == [""]
    says = record_rows(reader, schema_of("segment").register, [raw])[0]["says"]
    assert says["Conditions"] == "Hidden: they speak of fields that you don’t see"
    says = record_rows(admin_access, schema_of("segment").register, [raw])[0]["says"]
    assert says["Conditions"] == "1 condition"


def test_history_hides_them_and_does_not_take_them_back(admin_access: Access, reader: Access) -> None:
    raw = segment(admin_access, OULU)
    raw = update_record(admin_access, "segment", raw["_id"], {"conditions": [PHONE]})
    raw = update_record(admin_access, "segment", raw["_id"], {"conditions": [OULU]})
    told = [(change.before, change.after) for event in events_of(reader, "segment", raw)[0]
            for change in event.changes if change.field.column == "conditions"]  # fmt: skip
    assert told == [(UNSEEN, [OULU]), ([OULU], UNSEEN), (None, [OULU])]
    with pytest.raises(NotAllowed):
        undo_change(reader, "segment", raw["_id"], raw["version"])
    assert kept(undo_change(admin_access, "segment", raw["_id"], raw["version"])) == [PHONE]


def test_saving_keeps_them_and_does_not_write_over_them(admin_access: Access, reader: Access) -> None:
    raw = segment(admin_access, PHONE)
    for nothing in (None, ""):
        update_record(reader, "segment", raw["_id"], {"name": f"Named {nothing!r}", "conditions": nothing})
        assert get_record(reader, "segment", raw["_id"])["name"] == f"Named {nothing!r}"
        assert kept(raw) == [PHONE]
    for written in ([OULU], [], [PHONE]):
        with pytest.raises(ValidationFailed, match="they stay as they are"):
            update_record(reader, "segment", raw["_id"], {"conditions": written})
    # Neither are they made to speak of other records, nor is it told by an error what they ask.
    for values in ({"members": "person"}, {"kind": "fixed"}):
        with pytest.raises(ValidationFailed, match="has to stay as it is"):
            update_record(reader, "segment", raw["_id"], values)
    assert kept(raw) == [PHONE]
    update_record(admin_access, "segment", raw["_id"], {"conditions": [OULU]})
    update_record(reader, "segment", raw["_id"], {"conditions": []})
    assert read(reader, get_record(reader, "segment", raw["_id"])) is None


def test_view_keeps_what_its_owner_does_not_see_any_more(reader: Access, make_role: Callable[..., Any]) -> None:
    seeing = Access(reader.user_id, grants=reader.grants, language="en")
    view = save_view(seeing, "company", "Phones", "me", Query([PHONE]))
    assert asks_unseen(reader, view)
    with pytest.raises(ValidationFailed, match="they stay as they are"):
        save_view(reader, "company", "Phones", "me", Query([OULU]), replaces=view["_id"])
    save_view(reader, "company", "Renamed", "me", Query(None), replaces=view["_id"])
    after = get_view(seeing, view["_id"])
    assert (after["name"], after["conditions"]) == ("Renamed", [PHONE])


def test_report_is_not_changed_by_who_does_not_see_what_it_asks(reader: Access) -> None:
    seeing = Access(reader.user_id, grants=reader.grants, language="en")
    report = save_report(seeing, {"name": "Phones", "register": "company", "audience": "me", "conditions": [PHONE]})
    for values in ({"name": "Renamed"}, {"conditions": [OULU]}):
        with pytest.raises(NotAllowed, match="fields that you don’t see"):
            save_report(reader, values, report["_id"])
