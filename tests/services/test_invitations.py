"""Invitations: what a real SMTP server gets, who gets it, and what follows when the entry moves or is called off."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from icalendar import Calendar

from models.activities import Activity
from models.changes import DeletedRecord
from models.notices import Notice
from models.outbox import Message
from models.people import Person
from models.rights import Access, NotAllowed
from models.security import FieldRight, User
from services.invitations import NothingToSend, plan_of, seen_plan, send_invitations, why_untold
from services.mail import is_address
from services.occurrences import change_occurrence, skip_occurrence
from services.outbox import send_due
from services.records import Overtaken, RecordNotFound, create_record, delete_record, update_record
from services.recycle_bin import restore_records
from tests.factories import PersonFactory
from tests.fixtures.mail import Inbox
from tests.services import faults

Raw = dict[str, Any]
GRANTS = (*(("activity", action, "all") for action in ("see", "add", "change", "delete", "send")),
          ("person", "see", "all"), ("company", "see", "all"))  # fmt: skip


@pytest.fixture
def users(make_user: Callable[..., User], make_role: Callable[..., Any]) -> dict[str, User]:
    """Aino may do everything here, Ville is Finnish, Noora sees no e-mail addresses, Eero no people."""
    role, own = make_role("All", *GRANTS), make_role("Activities", *GRANTS[:5])
    blind = make_role("Blind", *GRANTS, field_rights=[FieldRight(register="person", column="email", access="hidden")])
    return {"aino": make_user("aino", role), "ville": make_user("ville", role, language="fi"),
            "noora": make_user("noora", blind), "eero": make_user("eero", own)}  # fmt: skip


@pytest.fixture
def rights(users: dict[str, User], access_of: Callable[[User], Access]) -> dict[str, Access]:
    return {name: access_of(user) for name, user in users.items()}


@pytest.fixture
def people(app: Any) -> list[Raw]:
    return [PersonFactory.create(first_name="Matti", last_name="Virtanen", email="matti@example.org"),
            PersonFactory.create(first_name="Liisa", last_name="Laine")]  # fmt: skip


@pytest.fixture
def meeting(rights: dict[str, Access], users: dict[str, User], people: list[Raw]) -> Raw:
    return add(rights["aino"], people, users["ville"])


def add(access: Access, people: list[Raw], *users: User, **values: Any) -> Raw:
    return create_record(access, "activity", {
        "name": "Offer; and, more", "kind": "meeting", "starts_at": "2099-03-03T09:00", "ends_at": "2099-03-03T10:00",
        "people": [str(one["_id"]) for one in people], "users": [str(one.pk) for one in users], "place": "Room 5",
        "text": "<p>Bring the <b>papers</b> &amp; pens</p>", **values,
    })  # fmt: skip


def sent(inbox: Inbox) -> dict[str, tuple[Any, Calendar]]:
    """Address -> (message, its calendar), of what is sent now."""
    inbox.messages.clear()
    send_due()
    found = {}
    for message in inbox.messages:
        (part,) = (one for one in message.walk() if one.get_content_type() == "text/calendar")
        calendar = Calendar.from_ical(part.get_content())
        assert part["Content-Type"].params["method"] == str(calendar["METHOD"])
        found[str(message["To"])] = message, calendar
    return found


def event(calendar: Calendar) -> Any:
    return calendar.walk("VEVENT")[0]


def test_everybody_with_an_address_gets_the_entry_as_a_request(
    inbox: Inbox, rights: dict[str, Access], users: dict[str, User], people: list[Raw], meeting: Raw
) -> None:
    plan = plan_of(rights["aino"], meeting["_id"])
    assert ([one.name for one in plan.new], plan.without_address) == (
        ["Ville Tester", "Matti Virtanen"], ["Liisa Laine"])  # fmt: skip
    send_invitations(rights["aino"], meeting["_id"])
    found = sent(inbox)
    assert set(found) == {"matti@example.org", "ville@example.com"}
    message, calendar = found["matti@example.org"]
    assert message["Subject"].startswith("Invitation: Offer; and, more, ")
    assert "Bring the" in message.get_body(("plain",)).get_content()
    assert ["klo" in found[address][0]["Subject"] for address in ("ville@example.com", "matti@example.org")] == [
        True, False]  # fmt: skip
    one = event(calendar)
    assert (str(calendar["METHOD"]), str(one["SUMMARY"]), str(one["LOCATION"])) == (
        "REQUEST", "Offer; and, more", "Room 5")  # fmt: skip
    assert (str(one["UID"]), one["SEQUENCE"]) == (f"{meeting['_id']}@kortisto", 0)
    assert str(one["DESCRIPTION"]).split() == ["Bring", "the", "papers", "&", "pens"]
    assert one["DTSTART"].dt.astimezone(dt.UTC) == meeting["starts_at"]
    assert one["DTSTART"].params["TZID"] == "Europe/Helsinki"
    assert [str(part["TZID"]) for part in calendar.walk("VTIMEZONE")] == ["Europe/Helsinki"]
    assert (str(one["ORGANIZER"]), one["ORGANIZER"].params["CN"]) == ("mailto:aino@example.com", "Aino Tester")
    # Nobody is told others' addresses.
    assert (str(one["ATTENDEE"]), one["ATTENDEE"].params["RSVP"]) == ("mailto:matti@example.org", "TRUE")
    assert b"ville" not in calendar.to_ical()
    assert not plan_of(rights["aino"], meeting["_id"]).anybody
    with pytest.raises(NothingToSend):
        send_invitations(rights["aino"], meeting["_id"])


def test_a_moved_entry_is_told_with_the_next_sequence_and_what_tells_nothing_is_not(
    inbox: Inbox, rights: dict[str, Access], meeting: Raw
) -> None:
    send_invitations(rights["aino"], meeting["_id"])
    sent(inbox)
    update_record(rights["aino"], "activity", meeting["_id"], {"priority": "high", "state": "done"})
    assert not plan_of(rights["aino"], meeting["_id"]).out_of_date
    update_record(rights["aino"], "activity", meeting["_id"],
                  {"starts_at": "2099-03-04T09:00", "ends_at": "2099-03-04T10:00"})  # fmt: skip
    assert plan_of(rights["aino"], meeting["_id"]).out_of_date
    send_invitations(rights["aino"], meeting["_id"])
    message, calendar = sent(inbox)["matti@example.org"]
    assert message["Subject"].startswith("Changed: ")
    assert (str(calendar["METHOD"]), event(calendar)["SEQUENCE"], event(calendar)["DTSTART"].dt.day) == (
        "REQUEST", 1, 4)  # fmt: skip


def test_who_is_added_later_is_invited_alone_and_who_is_taken_off_is_told(
    inbox: Inbox, rights: dict[str, Access], users: dict[str, User], people: list[Raw], meeting: Raw
) -> None:
    send_invitations(rights["aino"], meeting["_id"])
    sent(inbox)
    both = [str(users[name].pk) for name in ("ville", "eero")]
    update_record(rights["aino"], "activity", meeting["_id"], {"users": both})
    assert not plan_of(rights["aino"], meeting["_id"]).out_of_date
    send_invitations(rights["aino"], meeting["_id"])
    ((address, (_message, calendar)),) = sent(inbox).items()
    assert (address, event(calendar)["SEQUENCE"]) == ("eero@example.com", 0)
    update_record(rights["aino"], "activity", meeting["_id"], {"people": []})
    send_invitations(rights["aino"], meeting["_id"])
    ((address, (_message, calendar)),) = sent(inbox).items()
    assert (address, str(calendar["METHOD"]), str(event(calendar)["STATUS"])) == (
        "matti@example.org", "CANCEL", "CANCELLED")  # fmt: skip


def test_a_cancelled_entry_is_called_off_and_can_be_invited_to_again(
    inbox: Inbox, rights: dict[str, Access], meeting: Raw
) -> None:
    send_invitations(rights["aino"], meeting["_id"])
    update_record(rights["aino"], "activity", meeting["_id"], {"state": "cancelled"})
    sent(inbox)
    assert plan_of(rights["aino"], meeting["_id"]).out_of_date
    send_invitations(rights["aino"], meeting["_id"])
    message, calendar = sent(inbox)["matti@example.org"]
    assert message["Subject"].startswith("Cancelled: ")
    assert (str(calendar["METHOD"]), event(calendar)["SEQUENCE"]) == ("CANCEL", 1)
    update_record(rights["aino"], "activity", meeting["_id"], {"state": "open"})
    send_invitations(rights["aino"], meeting["_id"])
    assert event(sent(inbox)["matti@example.org"][1])["SEQUENCE"] == 2


def test_a_deleted_entry_is_called_off_out_of_the_recycle_bin(
    inbox: Inbox, rights: dict[str, Access], users: dict[str, User], meeting: Raw
) -> None:
    send_invitations(rights["aino"], meeting["_id"])
    sent(inbox)
    delete_record(rights["aino"], "activity", meeting["_id"])
    notice = Notice._get_collection().find_one({"user": users["aino"].pk, "kind": "invited_not_told"})
    assert notice["url"] == f"/calendar/invitations/{meeting['_id']}"
    send_invitations(rights["aino"], meeting["_id"])
    assert str(sent(inbox)["matti@example.org"][1]["METHOD"]) == "CANCEL"
    assert DeletedRecord._get_collection().find_one()["document"]["invited"] == []
    restore_records(rights["aino"], [meeting["_id"]])
    plan = plan_of(rights["aino"], meeting["_id"])
    assert (len(plan.new), plan.sequence) == (2, 2)


def test_an_entry_that_lost_its_time_is_called_off(inbox: Inbox, rights: dict[str, Access], meeting: Raw) -> None:
    send_invitations(rights["aino"], meeting["_id"])
    sent(inbox)
    update_record(rights["aino"], "activity", meeting["_id"], {"starts_at": "", "ends_at": ""})
    send_invitations(rights["aino"], meeting["_id"])
    calendar = sent(inbox)["matti@example.org"][1]
    assert (str(calendar["METHOD"]), "DTSTART" in event(calendar)) == ("CANCEL", False)


def test_a_series_goes_with_its_rule_its_gaps_and_its_changed_occurrences(
    inbox: Inbox, rights: dict[str, Access], people: list[Raw]
) -> None:
    series = add(rights["aino"], people, repeats="FREQ=WEEKLY")
    send_invitations(rights["aino"], series["_id"])
    sent(inbox)
    week = dt.timedelta(days=7)
    skip_occurrence(rights["aino"], series["_id"], series["starts_at"] + week)
    own = change_occurrence(rights["aino"], series["_id"], series["starts_at"] + 2 * week, {"place": "Room 6"})
    plan = plan_of(rights["aino"], own["_id"])
    assert (plan.raw["_id"], plan.out_of_date) == (series["_id"], True)
    send_invitations(rights["aino"], own["_id"])
    calendar = sent(inbox)["matti@example.org"][1]
    first, other = calendar.walk("VEVENT")
    assert first["RRULE"]["FREQ"] == ["WEEKLY"]
    assert [one.dt.astimezone(dt.UTC) for one in first["EXDATE"].dts] == [series["starts_at"] + week]
    assert other["RECURRENCE-ID"].dt.astimezone(dt.UTC) == series["starts_at"] + 2 * week
    assert (str(other["LOCATION"]), other["UID"], other["SEQUENCE"]) == ("Room 6", first["UID"], 1)


def test_only_whom_the_sender_sees_is_invited_and_a_hidden_address_is_none(
    rights: dict[str, Access], people: list[Raw], meeting: Raw
) -> None:
    noora, eero = (plan_of(rights[name], meeting["_id"]) for name in ("noora", "eero"))
    assert [one.address for one in noora.new] == ["ville@example.com"]
    assert sorted(noora.without_address) == ["Liisa Laine", "Matti Virtanen"]
    assert ([one.address for one in eero.new], eero.without_address) == (["ville@example.com"], [])
    send_invitations(rights["aino"], meeting["_id"])
    update_record(rights["aino"], "activity", meeting["_id"], {"place": "Room 7"})
    send_invitations(rights["eero"], meeting["_id"])
    # Whom Eero does not see is still to be told by somebody who does.
    assert [one.address for one in plan_of(rights["aino"], meeting["_id"]).changed] == ["matti@example.org"]


def test_who_may_not_change_the_entry_sends_nothing(
    rights: dict[str, Access], meeting: Raw, make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    reader = access_of(make_user("reader", make_role("Looks on", ("activity", "see", "all"))))
    with pytest.raises(NotAllowed):
        send_invitations(reader, meeting["_id"])
    assert seen_plan(reader, meeting) is None
    private = add(rights["aino"], [], private="1")
    with pytest.raises(RecordNotFound):
        send_invitations(rights["eero"], private["_id"])
    with pytest.raises(Overtaken):
        send_invitations(rights["aino"], meeting["_id"], version=99)
    assert Message.objects.count() == 0


def test_who_may_change_the_entry_and_not_send_is_told_that_nothing_goes_out(
    rights: dict[str, Access], meeting: Raw, make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    grants = [grant for grant in GRANTS if grant[1] != "send"]
    writer = access_of(make_user("writer", make_role("Writes", *grants)))
    assert seen_plan(writer, meeting) is None
    assert "you may not send" in why_untold(writer, meeting)
    for send in (plan_of, send_invitations):
        with pytest.raises(NotAllowed, match="may not send invitations"):
            send(writer, meeting["_id"])
    # Who may send, and an entry of which nobody would be told, need no remark.
    assert why_untold(rights["aino"], meeting) == why_untold(writer, add(writer, [])) == ""
    send_invitations(rights["aino"], meeting["_id"])
    meeting = update_record(writer, "activity", meeting["_id"], {"place": "Room 8"})
    assert "you may not send" in why_untold(writer, meeting)
    delete_record(writer, "activity", meeting["_id"])
    with pytest.raises(NotAllowed, match="may not send invitations"):
        send_invitations(writer, meeting["_id"])
    assert Notice.objects.get(user=writer.user_id).url == "/calendar/"
    assert Message.objects.count() == 2


def test_who_sends_to_own_entries_alone_does_not_invite_to_others(
    meeting: Raw, make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access], people: list[Raw],
) -> None:  # fmt: skip
    grants = [*(grant for grant in GRANTS if grant[1] != "send"), ("activity", "send", "own")]
    own = access_of(make_user("own", make_role("Own", *grants)))
    with pytest.raises(NotAllowed):
        send_invitations(own, meeting["_id"])
    assert len(send_invitations(own, add(own, people)["_id"]).new) == 1


def test_a_hostile_name_forges_no_header_and_no_line_of_the_calendar(
    inbox: Inbox, rights: dict[str, Access], meeting: Raw, people: list[Raw]
) -> None:
    evil = 'X"\r\nBcc: all@example.com\r\nATTENDEE:mailto:evil@example.com'
    Activity._get_collection().update_one({"_id": meeting["_id"]}, {"$set": {"name": evil, "place": evil}})
    Person._get_collection().update_one({"_id": people[0]["_id"]}, {"$set": {"name": evil}})
    User.objects(username="aino").update(first_name=evil)
    send_invitations(rights["aino"], meeting["_id"])
    message, calendar = sent(inbox)["matti@example.org"]
    assert (message["Bcc"], str(event(calendar)["ATTENDEE"])) == (None, "mailto:matti@example.org")
    assert "\n" not in message["Subject"]
    for address in ("a@b\r\nBcc: c@d", "a b@c.d", "no", "", "a@", "@b", '"a\nb"@c.d', "ä@c.d"):
        assert not is_address(address)


def test_messages_and_what_is_kept_of_them_are_all_or_nothing(
    rights: dict[str, Access], meeting: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.state
    monkeypatch.setattr(faults, "state", lambda: (*kept(), *(
        tuple(sorted(repr(sorted(raw.items())) for raw in document._get_collection().find()))
        for document in (Activity, Message))))  # fmt: skip
    before = Message.objects.count()
    assert faults.failed_at_each_write(
        monkeypatch, lambda: send_invitations(rights["aino"], meeting["_id"])) >= 3  # fmt: skip
    assert Message.objects.count() == before + 2
