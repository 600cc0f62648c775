"""A person's data (GDPR): all of it is found and handed out, and nothing of it is left when it is erased."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import mongoengine as me
import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient

from models.audit import AuditEntry
from models.consent import MAIL, Suppressed
from models.outbox import Message
from models.people import Person
from models.rights import Access, NotAllowed
from models.security import User
from models.transactions import in_transaction
from services.audit.chain import check_chain
from services.consent import suppressed_among
from services.outbox import queue_message
from services.personal_data import ANONYMISE, ERASE, collect, erase
from services.records import RecordNotFound, create_record, delete_record, update_record
from services.relationships import Told, relate
from services.security import access_for
from services.settings import define_field

NAME, ADDRESS, PHONE, OLD = "Vilhelmiina Kurkipää", "vilhelmiina@kurki.example", "+358401234567", "old@kurki.example"
SECRETS = ("vilhelmiina", "kurkipää", "kurkipaa", "kurki.example", "401234567", "allergic")


@pytest.fixture
def boss(admin: User) -> Access:
    return access_for(admin)


@pytest.fixture
def person(boss: Access) -> dict[str, Any]:
    """A person with a past, links, messages and a field of their own."""
    define_field(boss, {"register": "person", "key": "diet", "kind": "text", "label": "Diet"})
    define_field(boss, {"register": "person", "key": "size", "kind": "choice", "label": "Size", "choices": ["S", "L"]})
    company = create_record(boss, "company", {"name": "Kohde Oy"})
    raw = create_record(boss, "person", {"name": NAME, "email": OLD, "phone": PHONE, "x_diet": "allergic to nuts",
                                         "x_size": "L", "companies": [str(company["_id"])]})  # fmt: skip
    raw = update_record(boss, "person", raw["_id"], {"email": ADDRESS})
    other = create_record(boss, "person", {"name": "Toinen Ihminen"})
    relate(boss, "person", raw["_id"], "knows", "subject", other["_id"], Told(f"friend of {NAME}"))
    create_record(boss, "activity", {"name": "A call", "kind": "task", "people": [str(raw["_id"])]})
    for _number in range(2):
        in_transaction(lambda session: queue_message(
            session, purpose="direct", address=ADDRESS, subject=f"To {NAME}", text="Dear Vilhelmiina"))  # fmt: skip
    # One of the two is known to be to the person, the other by the address alone.
    Message._get_collection().update_one({}, {"$set": {"register": "person", "record": raw["_id"]}})
    return raw


def everything_kept() -> str:
    """All that the database holds, as text in small letters."""
    database = me.get_db()
    return "\n".join(str(raw) for name in database.list_collection_names() for raw in database[name].find()).lower()


def parts_of(access: Access, person_id: Any) -> dict[str, Any]:
    return {part.key: part.rows for part in collect(access, person_id).parts}


def test_all_that_there_is_is_collected(boss: Access, person: dict[str, Any]) -> None:
    parts = parts_of(boss, person["_id"])
    assert {"field": "Diet", "value": "allergic to nuts"} in parts["fields"]
    assert [row["name"] for row in parts["records"]] == ["A call"]
    assert {row["name"] for row in parts["relationships"]} == {"Kohde Oy", "Toinen Ihminen"}
    assert [(row["subject"], row["address"]) for row in parts["messages"]] == [(f"To {NAME}", ADDRESS)]
    assert (OLD, ADDRESS) in [(row["before"], row["after"]) for row in parts["history"]]


def test_place_where_the_name_stands_is_told_for_a_decision(boss: Access, person: dict[str, Any]) -> None:
    named = create_record(boss, "activity", {"name": f"Ring {NAME} back", "kind": "task"})
    create_record(boss, "activity", {"name": "Ring Kurki back", "kind": "task"})
    assert [row["id"] for row in collect(boss, person["_id"]).mentions] == [str(named["_id"])]
    erase(boss, person["_id"], ERASE, why="wish", name=NAME, also=[("activity", str(named["_id"]))])
    assert not [one for one in SECRETS if one in everything_kept()]


@pytest.mark.parametrize("in_bin", [False, True])
def test_nothing_of_an_erased_person_is_left_anywhere(boss: Access, person: dict[str, Any], in_bin: bool) -> None:
    if in_bin:
        delete_record(boss, "person", person["_id"])
    erase(boss, person["_id"], ERASE, why="Asked for it on 1.11.", name=f" {NAME.upper()} ")
    kept = everything_kept()
    assert [one for one in SECRETS if one in kept] == []
    entry = AuditEntry.objects(what="person_erased").get()
    assert (entry.target["id"], entry.details["reason"]) == (person["_id"], "Asked for it on 1.11.")
    assert Message.objects(state="waiting").count() == 0
    check_chain()


def test_nobody_writes_again_to_the_addresses_of_an_erased_person(boss: Access, person: dict[str, Any]) -> None:
    in_transaction(lambda session: Suppressed._get_collection().insert_one(
        {"channel": MAIL, "address": ADDRESS, "reason": "unsubscribed", "note": "", "at": dt.datetime.now(dt.UTC)},
        session=session))  # fmt: skip
    erase(boss, person["_id"], ERASE, why="wish", name=NAME)
    asked = {(MAIL, ADDRESS), (MAIL, OLD), ("sms", PHONE)}
    assert suppressed_among([*asked, (MAIL, "another@kurki.example")]) == asked


def test_anonymised_person_keeps_what_figures_are_made_of_alone(boss: Access, person: dict[str, Any]) -> None:
    erase(boss, person["_id"], ANONYMISE, why="wish", name=NAME)
    raw = Person._get_collection().find_one({"_id": person["_id"]}) or {}
    assert raw["name"] == "Anonymised person"
    assert raw["custom"] == {"size": person["custom"]["size"]}
    assert raw["companies"] == person["companies"]
    kept = everything_kept()
    assert [one for one in SECRETS if one in kept] == []


@pytest.mark.parametrize(("values", "column"), [
    ({"name": "Someone Else"}, "name"), ({"why": " "}, "why"), ({"why": "x" * 501}, "why"),
    ({"why": f"{NAME} asked for it"}, "why"), ({"how": "hide"}, "how"), ({"how": ""}, "how"),
])  # fmt: skip
def test_mistake_erases_nothing_and_keeps_what_was_typed(
    client: FlaskClient, person: dict[str, Any], values: dict[str, str], column: str
) -> None:
    sent = {"how": ERASE, "why": "wish", "name": NAME, **values}
    answer = client.post(f"/people/erase/{person['_id']}", data=sent)
    assert answer.status_code == 422
    assert f'id="{column}-error"' in answer.text
    assert Person.objects(pk=person["_id"]).count() == 1


def test_what_is_to_go_along_and_is_not_there_stops_the_whole(boss: Access, person: dict[str, Any]) -> None:
    for other in (("x", str(ObjectId())), ("activity", "abc")):
        with pytest.raises(RecordNotFound):
            erase(boss, person["_id"], ERASE, why="wish", name=NAME, also=[other])
    assert Person.objects(pk=person["_id"]).count() == 1


def test_nobody_but_administrators_collects_or_erases(
    person: dict[str, Any], make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    staff = make_user("staff", "Staff")
    for act in (lambda: collect(access_for(staff), person["_id"]),
                lambda: erase(access_for(staff), person["_id"], ERASE, why="x", name=NAME)):  # fmt: skip
        with pytest.raises(NotAllowed):
            act()
    browser, pk = sign_in(staff), person["_id"]
    assert browser.get(f"/people/personal_data/{pk}").status_code == 403
    assert browser.post(f"/people/personal_data_file/{pk}").status_code == 403
    assert browser.post(f"/people/erase/{pk}", data={"how": ERASE, "why": "x", "name": NAME}).status_code == 403
    assert "/people/personal_data/" not in browser.get(f"/people/show/{pk}").text


def test_private_entries_of_others_are_counted_and_not_told(
    boss: Access, person: dict[str, Any], make_user: Callable
) -> None:
    other = access_for(make_user("other", "Staff"))
    create_record(other, "activity", {"name": "A doctor", "kind": "task", "private": True,
                                      "people": [str(person["_id"])]})  # fmt: skip
    data = collect(boss, person["_id"])
    assert data.private == 1
    assert "A doctor" not in str(data)


def test_file_is_handed_out_to_read_and_for_machines_and_the_audit_tells(
    app: Flask, client: FlaskClient, person: dict[str, Any]
) -> None:
    assert f"/people/personal_data/{person['_id']}" in client.get(f"/people/show/{person['_id']}").text
    assert "allergic to nuts" in client.get(f"/people/personal_data/{person['_id']}").text
    page = client.post(f"/people/personal_data_file/{person['_id']}", data={"as": "html"})
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert "allergic to nuts" in page.text
    told = json.loads(client.post(f"/people/personal_data_file/{person['_id']}", data={"as": "json"}).text)
    assert {"field": "Diet", "value": "allergic to nuts"} in told["fields"]
    entries = AuditEntry.objects(what="personal_data_given").order_by("id")
    assert [one.details["form"] for one in entries] == ["html", "json"]
    assert NAME not in str([one.to_mongo() for one in entries])
