"""Who may be sent marketing, by what was said, by suppressed addresses and by the organisation's rules."""

import datetime as dt
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.changes import Change
from models.consent import LETTER, MAIL, SMS, UNLESS_REFUSED, WITH_CONSENT, Reason, Suppressed
from models.fields.errors import ValidationFailed
from models.rights import Access, NotAllowed, Scope
from models.transactions import in_transaction
from services.consent import (
    allowed_channels,
    reasons,
    refusal,
    rules_for_settings,
    save_rules,
    unsubscribe_headers,
    unsubscribe_url,
)
from services.records import VersionConflict, create_record, get_record, update_record
from services.search import find_page
from services.settings import define_field
from services.unsubscribing import BadLink, read_link, subscribe_again, suppress, unsubscribe
from tests.fixtures.commands import commands

Raw = dict[str, Any]


def person(access: Access, **values: Any) -> Raw:
    given = {"name": "Aino", "email": "Aino@Example.fi", "phone": "0401234567", **values}
    return create_record(access, "person", given)


def message(raw: Raw, **values: Any) -> Raw:
    return {"channel": MAIL, "address": raw["email"], "register": "person", "record": raw["_id"], "marketing": True,
            **values}  # fmt: skip


def suppress_address(channel: str, address: str) -> None:
    in_transaction(lambda session: suppress(session, channel, address, Reason.BY_HAND))


def test_people_are_asked_and_companies_are_not_at_first(app: Flask, admin_access: Access) -> None:
    asked, granted = person(admin_access), person(admin_access, email_consent="granted")
    refused, unreachable = person(admin_access, email_consent="refused"), person(admin_access, email="")
    found = reasons(admin_access, MAIL, [asked, granted, refused, unreachable], "person")
    assert found == ["no_consent", "", "refused", "no_address"]
    assert reasons(None, LETTER, [asked, refused], "person") == ["", ""]
    firms = [create_record(admin_access, "company", {"name": "Firm", "email": "info@firm.fi", **values})
             for values in ({}, {"email_consent": "refused"}, {"phone": ""})]  # fmt: skip
    assert reasons(None, MAIL, firms, "company") == ["", "refused", ""]
    assert reasons(None, SMS, firms, "company") == ["no_address"] * 3


def test_a_suppressed_address_gets_nothing_whichever_record_has_it(app: Flask, admin_access: Access) -> None:
    rows = [person(admin_access, email_consent="yes", sms_consent="yes") for _ in range(3)]
    suppress_address(MAIL, "aino@example.fi")
    with commands(lambda name: name.endswith("suppressed")) as asked:
        assert reasons(None, MAIL, rows, "person") == ["suppressed"] * 3
    assert len(asked) == 1
    assert reasons(None, SMS, rows, "person") == [""] * 3
    assert refusal(message(rows[0])) == "suppressed"


def test_a_message_is_held_back_by_what_holds_when_it_is_sent(app: Flask, admin_access: Access) -> None:
    raw = person(admin_access, email_consent="granted")
    assert refusal(message(raw)) == ""
    update_record(admin_access, "person", raw["_id"], {"email_consent": "refused; called us"})
    assert refusal(message(raw)) == "refused"
    assert refusal(message(raw, marketing=False)) == ""
    assert refusal(message(raw, record=ObjectId())) == "deleted"
    assert refusal(message(raw, register="", record=None)) == ""


def test_rules_are_the_organisation_s_and_every_change_is_told(app: Flask, admin_access: Access) -> None:
    raw = person(admin_access)
    _rules, version = rules_for_settings(admin_access)
    save_rules(admin_access, {"person": {MAIL: UNLESS_REFUSED}}, version)
    assert reasons(None, MAIL, [raw], "person") == [""]
    save_rules(admin_access, {"person": {MAIL: UNLESS_REFUSED}})
    told = list(Change._get_collection().find({"register": "marketing_rules"}))
    assert [one["changes"] for one in told] == [{"person_mail": [WITH_CONSENT, UNLESS_REFUSED]}]
    with pytest.raises(VersionConflict):
        save_rules(admin_access, {"person": {MAIL: WITH_CONSENT}}, version)
    with pytest.raises(ValidationFailed):
        save_rules(admin_access, {"person": {MAIL: "always"}})
    with pytest.raises(NotAllowed):
        save_rules(Access(), {"person": {MAIL: WITH_CONSENT}})


def test_unsubscribing_writes_record_and_address_and_may_be_taken_back(app: Flask, admin_access: Access) -> None:
    mailing = create_record(admin_access, "mailing", {"name": "Autumn news"})
    raw = person(admin_access, email_consent="granted; Fair; 2026-05-03")
    # A field that became mandatory since must not keep anybody subscribed.
    define_field(admin_access, {"register": "person", "key": "new", "kind": "text", "required": True,
                                "label": {"en": "New"}})  # fmt: skip
    link = read_link(unsubscribe_url(message(raw, mailing=mailing["_id"])).rpartition("/")[2])
    unsubscribe(link)
    unsubscribe(link)
    now = get_record(admin_access, "person", raw["_id"])
    assert (now["email_consent"]["state"], now["email_consent"]["source"]) == ("refused", "Autumn news")
    assert now["version"] == raw["version"] + 1
    entry = Change._get_collection().find_one({"record": raw["_id"], "action": "update"})
    assert (entry["by"], entry["source"], list(entry["changes"])) == (None, "recipient", ["email_consent"])
    assert Suppressed.objects.get().address == "aino@example.fi"
    assert subscribe_again(link)
    assert not subscribe_again(link)
    assert get_record(admin_access, "person", raw["_id"])["email_consent"] == raw["email_consent"]
    assert not Suppressed.objects.count()


def test_a_link_does_not_take_back_what_was_refused_otherwise(app: Flask, admin_access: Access) -> None:
    raw = person(admin_access, email_consent="refused; Phone; 2026-05-03")
    link = read_link(unsubscribe_url(message(raw)).rpartition("/")[2])
    unsubscribe(link)
    assert subscribe_again(link)
    assert get_record(admin_access, "person", raw["_id"])["email_consent"] == raw["email_consent"]


def test_unsubscribing_works_when_the_record_is_gone(app: Flask, admin_access: Access) -> None:
    link = read_link(unsubscribe_url(message({"_id": ObjectId(), "email": "gone@example.fi"})).rpartition("/")[2])
    unsubscribe(link)
    assert Suppressed.objects.get().address == "gone@example.fi"


@pytest.mark.parametrize("token", ["", "x", "a.b", "." * 50, "x" * 5_000, "é.é", "W10.abc"])
def test_a_link_that_was_not_made_here_is_none(app: Flask, token: str) -> None:
    with pytest.raises(BadLink):
        read_link(token)


def test_one_click_is_promised_where_the_address_is_safe(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = message({"_id": ObjectId(), "email": "a@example.fi"})
    monkeypatch.setitem(app.config, "PUBLIC_ADDRESS", "http://crm.firm.fi")
    assert list(unsubscribe_headers(sent)) == ["List-Unsubscribe"]
    monkeypatch.setitem(app.config, "PUBLIC_ADDRESS", "https://crm.firm.fi")
    headers = unsubscribe_headers(sent)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<https://crm.firm.fi/unsubscribe/")
    assert headers["List-Unsubscribe"].endswith(">")


def test_channels_tell_what_may_be_sent_and_why(app: Flask, admin_access: Access) -> None:
    raw = person(admin_access, sms_consent="refused; Fair; 2026-05-03")
    states = {one.channel: (one.reason, one.why) for one in allowed_channels(admin_access, "person", raw)}
    assert states == {MAIL: ("no_consent", "Only with consent"), SMS: ("refused", "Refused (Fair, 3 May 2026)"),
                      LETTER: ("", "Unless refused")}  # fmt: skip
    blind = Access(grants={("person", "see"): Scope.ALL}, hidden={"person": frozenset({"sms_consent"})})
    assert [one.channel for one in allowed_channels(blind, "person", raw)] == [MAIL, LETTER]


def test_records_are_found_by_what_they_said(app: Flask, admin_access: Access) -> None:
    for name, said in (("A", "yes"), ("B", "no"), ("C", "")):
        create_record(admin_access, "company", {"name": name, "email_consent": said})

    def found(operator: str, value: str = "") -> str:
        asked = [{"col": "email_consent", "opr": operator, "value": value}]
        return "".join(raw["name"] for raw in find_page(admin_access, "company", asked).rows)

    assert (found("eq", "granted"), found("neq", "Granted"), found("empty")) == ("A", "BC", "C")


def test_a_day_is_kept_as_midnight_of_no_zone(app: Flask, admin_access: Access) -> None:
    raw = person(admin_access, email_consent={"state": "granted", "on": "2026-05-03"})
    assert raw["email_consent"]["on"] == dt.datetime(2026, 5, 3, tzinfo=dt.UTC)
