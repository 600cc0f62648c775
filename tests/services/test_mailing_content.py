"""What mailings say: merge fields, values that try to break out, the plain text, the link to unsubscribe."""

import re
from email import message_from_bytes
from email.policy import SMTP, default
from html.parser import HTMLParser
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from models.fields.errors import ValidationFailed
from models.mail_html import clean_mail
from models.mailings import Mailing
from models.rights import Access
from models.security import FieldRight
from services.bulk_edit import Edit, edit_selected
from services.history import undo_change
from services.mail import email_of
from services.mailings import copy_mailing, merge_fields, preview, save_content
from services.mailings.content import Written, compose
from services.mailings.merge_fields import MergeFields, Place, html_template, line_template, text_template
from services.outbox import Content
from services.records import VersionConflict, delete_record, get_record, now, update_record
from services.search import Selection
from services.settings import define_field
from tests.services.mailing_fixtures import HTML, everybody, mailing_to, people_of

Raw = dict[str, Any]


def ready(html: str = HTML, **values: Any) -> Any:
    given_values: Raw = {"mail": True, "marketing": True, "language": "en", "subject": "S", **values}
    return compose(Written(html=clean_mail(html), **given_values))


# Merge fields


@pytest.mark.parametrize(("inner", "place"), [
    (" first_name ", Place("first_name")), ("First Name|dear  customer", Place("first_name", "dear customer")),
    ("\xa0etunimi\xa0|\xa0asiakas", Place("etunimi", "asiakas")), ("Peru tilaus", Place("unsubscribe")),
    ("company.name|x|y", Place("company.name", "x|y")), ("UNSUBSCRIBE", Place("unsubscribe")),
])  # fmt: skip
def test_places_are_read_as_people_type_them(inner: str, place: Place) -> None:
    assert Place.read(inner) == place


def test_values_stand_in_texts_as_they_are() -> None:
    assert text_template("Hei {{a}}, {{ b | x }}{{c}}").render({"a": "1 < 2 & {{b}}", "c": "\n"}) == (
        "Hei 1 < 2 & {{b}}, x\n"
    )
    assert line_template("Hei {{a}}").render({"a": "x\r\nBcc: y@z.fi\x00"}) == "Hei x Bcc: y@z.fi"


def test_hard_spaces_of_editors_and_escaped_defaults_are_read() -> None:
    html = clean_mail("<p>{{&nbsp;first_name&nbsp;|&nbsp;A &amp; B&nbsp;}}</p>")
    assert html_template(html, "").render({}) == "<p>A &amp; B</p>"


@pytest.mark.parametrize(("href", "value", "filled"), [
    ("{{website}}", "https://a.fi/?a=1&b=2", "https://a.fi/?a=1&amp;b=2"), ("{{website}}", "javascript:alert(1)", "#"),
    ("{{website}}", "data:text/html,x", "#"), ("{{website}}", "", "#"),
    ("https://a.fi/?e={{website}}", 'a&b="><script>', "https://a.fi/?e=a%26b%3D%22%3E%3Cscript%3E"),
    ("mailto:{{website}}", "a@b.fi", "mailto:a@b.fi"), ("{{website}}", "java\nscript:alert(1)", "#"),
    ("{{website}}", " javascript:alert(1)", "#"),
])  # fmt: skip
def test_links_filled_with_values_lead_where_links_may(href: str, value: str, filled: str) -> None:
    html = clean_mail(f'<p><a href="{href}">x</a></p>')
    assert html_template(html, "").render({"website": value}) == f'<p><a href="{filled}">x</a></p>'


class Shape(HTMLParser):
    """The elements of HTML with the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Any] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.elements.append((tag, sorted(name for name, _value in attrs)))


HOSTILE = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='x", "{{email}}", "</style><b>",
    "\r\nBcc: evil@example.com", "\u2028To: x", "=?utf-8?q?=0aBcc:x?=", "&lt;", "\x00\x1b[2J",
])  # fmt: skip


@given(HOSTILE)
def test_hostile_values_make_no_element_and_no_header(built_app: Flask, value: str) -> None:
    with built_app.app_context():
        found = ready(HTML + '<p title="x">{{a}}<a href="{{a}}">y</a></p>', subject="Hei {{a}}", preheader="{{a}}")
        values = dict.fromkeys(("a", "first_name", "company.name", "email"), value)
        harmless = dict.fromkeys(values, "x")
        link = {"unsubscribe": "https://example.fi/u"}
        rendered = found.render({**values, **link})
        assert Shape(rendered.html).elements == Shape(found.render({**harmless, **link}).html).elements
        hrefs = re.findall(r'href="([^"]*)"', rendered.html)
        assert all(re.match(r"https?://|mailto:|tel:|#$", href, re.IGNORECASE) for href in hrefs)
        raw = {"address": "a@example.com", "message_id": "<x@y>", "created_at": now(), "purpose": "mailing"}
        email = email_of(raw, Content(subject=rendered.subject, text=rendered.text, html=rendered.html))
        parsed = message_from_bytes(email.as_bytes(policy=SMTP), policy=default)
        assert "Bcc" not in parsed
        assert parsed["To"] == "a@example.com"
        assert set(parsed.keys()) == set(email.keys())


def test_fields_are_found_by_key_and_label_in_both_languages_and_behind_links(admin_access: Access) -> None:
    [raw] = people_of(admin_access, "a@example.com")
    fields = MergeFields.of(admin_access, "person", "fi")
    for name in ("first_name", "etunimi", "company.name", "yritys.nimi", "companies.city",
                 "yritykset.postitoimipaikka"):  # fmt: skip
        assert fields.find(name), name
    assert fields.find("company.nothing") is None
    assert fields.find("nothing.name") is None
    assert fields.nearest("frist_name") == "first_name"
    assert fields.nearest("company.naem") == "company.name"
    [values] = fields.values(["etunimi", "company.name", "title", "owner"], [raw])
    assert values == {"etunimi": "Matti0", "company.name": "Voima & Pojat Oy"}


def test_numbers_and_days_are_written_in_the_mailings_language(admin_access: Access) -> None:
    define_field(admin_access, {"register": "person", "key": "bonus", "kind": "number", "label": {"en": "Bonus"}})
    define_field(admin_access, {"register": "person", "key": "since", "kind": "date", "label": {"en": "Since"}})
    [raw] = people_of(admin_access, "a@example.com", x_bonus="1234,5", x_since="2026-03-04")
    said = {language: MergeFields.of(admin_access, "person", language).values(["bonus", "since"], [raw])[0]
            for language in ("fi", "en")}  # fmt: skip
    assert said["fi"] == {"bonus": "1234,5", "since": "4.3.2026"}
    assert said["en"]["bonus"] == "1234.5"


def test_fields_that_the_sender_does_not_see_fill_nothing(admin_access: Access, make_user: Any, make_role: Any,
                                                         access_of: Any) -> None:  # fmt: skip
    role = make_role("Some", *((register, action, "all") for register in ("person", "segment", "mailing")
                               for action in ("see", "change", "send")),
                     field_rights=[FieldRight(register="person", column="title", access="hidden")])  # fmt: skip
    access = access_of(make_user("seller", role))
    [raw] = people_of(admin_access, "a@example.com", title="Boss")
    fields = MergeFields.of(access, "person", "en")
    assert fields.find("title") is None
    assert fields.find("company.name") is None
    assert fields.values(["title", "company.name", "first_name"], [raw]) == [{"first_name": "Matti0"}]


# The whole message


def test_styles_are_put_on_elements_and_small_screens_keep_theirs() -> None:
    found = ready("<style>p{color:#123456} @media (max-width:600px){.a{width:100%}}</style><p class=a>x</p>")
    html = found.render({}).html
    assert '<p class="a" style="color: #123456;">x</p>' in html
    assert "@media (max-width:600px){.a{width:100%}}" in html
    assert html.startswith("<!DOCTYPE html>")


def test_link_to_unsubscribe_is_added_to_marketing_alone_and_once() -> None:
    values = {"unsubscribe": "https://example.fi/u?a=1&b=2"}
    added = ready("<p>x</p>").render(values)
    assert added.html.count("https://example.fi/u?a=1&amp;b=2") == 1
    assert added.text == "x\n\n-- \nUnsubscribe: https://example.fi/u?a=1&b=2"
    placed = ready("<p>x {{unsubscribe}}, <a href='{{peru tilaus}}'>stop</a></p>").render(values)
    assert placed.html.count("https://example.fi/u") == 2
    assert placed.text == "x https://example.fi/u?a=1&b=2, stop (https://example.fi/u?a=1&b=2)"
    assert "example.fi/u" not in ready("<p>x</p>", marketing=False).render(values).html
    sms = compose(Written(mail=False, marketing=True, language="en", text="Hi {{a}}")).render({**values, "a": "you"})
    assert sms.text == "Hi you\nUnsubscribe: https://example.fi/u?a=1&b=2"
    assert not sms.html


def test_preview_line_is_hidden_and_in_no_text() -> None:
    found = ready("<p>x</p>", preheader="Read {{a}}", marketing=False).render({"a": "<b>"})
    assert "Read &lt;b&gt;" in found.html
    assert re.search(r'<div style="display: ?none', found.html)
    assert found.text == "x"


def test_text_by_hand_stands_instead_of_the_one_made() -> None:
    assert ready("<p>x</p>", text="By hand {{a}}", marketing=False).render({"a": "1"}).text == "By hand 1"
    only_text = compose(Written(mail=True, marketing=False, language="en", subject="S", text="Alone")).render({})
    assert (only_text.text, only_text.html) == ("Alone", "")


def test_preview_shows_each_recipient_and_what_is_missing(admin_access: Access) -> None:
    people = people_of(admin_access, "a@example.com", "b@example.com")
    raw = mailing_to(admin_access, everybody(admin_access), html=HTML + "<p>{{title}}</p>")
    update_record(admin_access, "person", people[0]["_id"], {"email": ""})
    first, second = (preview(admin_access, raw["_id"], place) for place in (0, 9))
    assert (first.name, first.address, first.reason) == ("Matti0 Malli", "", "no_address")
    assert (second.name, second.address, second.place, second.count) == ("Matti1 Malli", "b@example.com", 1, 2)
    assert second.subject == "Hei Matti1"
    assert "Hei Matti1, Voima &amp; Pojat Oy!" in second.html
    assert "?e=b%40example.com" in second.html
    assert second.missing == ["title"]


def test_preview_without_recipients_shows_the_names_of_fields(admin_access: Access) -> None:
    found = preview(admin_access, mailing_to(admin_access, None)["_id"])
    assert (found.count, found.subject) == (0, "Hei [first_name]")
    assert "Hei [first_name], [company.name]!" in found.html


def test_preview_shows_what_its_reader_may_see(admin_access: Access, make_user: Any, make_role: Any,
                                               access_of: Any) -> None:  # fmt: skip
    people_of(admin_access, "a@example.com")
    raw = mailing_to(admin_access, everybody(admin_access))
    sees = [(register, "see", "all") for register in ("mailing", "segment", "person")]
    reader = access_of(make_user("reader", make_role("Reads", *sees)))
    assert (preview(reader, raw["_id"]).count, preview(reader, raw["_id"]).subject) == (0, "Hei [first_name]")
    role = make_role("Sees less", *sees, field_rights=[FieldRight(register="mailing", column="html", access="hidden")])
    assert preview(access_of(make_user("other", role)), raw["_id"]).html == ""


def test_fields_offered_are_those_of_recipients_and_their_company(admin_access: Access) -> None:
    raw = mailing_to(admin_access, everybody(admin_access))
    names = [one.name for one in merge_fields(admin_access, raw["_id"])]
    assert {"first_name", "email", "company.name", "company.city"} <= set(names)
    assert names[-1] == "unsubscribe"
    fields = MergeFields.of(admin_access, "person", "fi")
    assert all(fields.find(name) for name in names[:-1])
    assert [one.name for one in merge_fields(admin_access, mailing_to(admin_access, None)["_id"])] == ["unsubscribe"]


# As a record


def test_content_is_a_record_s_value_with_versions_and_history(admin_access: Access) -> None:
    raw = mailing_to(admin_access, None)
    saved = save_content(admin_access, raw["_id"], {"html": "<p onclick=x()>Uusi</p>"}, raw["version"])
    assert saved["html"] == "<p>Uusi</p>"
    assert saved["texts"]["html"] == "Uusi"
    with pytest.raises(VersionConflict) as conflict:
        save_content(admin_access, raw["_id"], {"html": "<p>Toinen</p>"}, raw["version"])
    assert conflict.value.clashes == ["html"]
    with pytest.raises(ValidationFailed):
        save_content(admin_access, raw["_id"], {"state": "sent"})


@pytest.mark.parametrize("state", ["scheduled", "sending", "paused", "sent", "cancelled"])
def test_what_is_sent_can_t_be_changed_but_copied(admin_access: Access, state: str) -> None:
    first = mailing_to(admin_access, everybody(admin_access))
    raw = update_record(admin_access, "mailing", first["_id"], {"subject": "Changed"})
    Mailing._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"state": state}})
    for column, value in (("html", "<p>Uusi</p>"), ("subject", "x"), ("purpose", "marketing"), ("text", "x")):
        with pytest.raises(ValidationFailed, match="Copy it as a new mailing"):
            update_record(admin_access, "mailing", raw["_id"], {column: value})
    with pytest.raises(ValidationFailed, match="Copy it as a new mailing"):
        undo_change(admin_access, "mailing", raw["_id"], raw["version"])
    chosen = Selection(ids=(str(raw["_id"]),))
    outcome = edit_selected(admin_access, "mailing", chosen, [Edit("subject", "Bulk")])
    assert (outcome.changed, len(outcome.refused)) == (0, 1)
    assert update_record(admin_access, "mailing", raw["_id"], {"name": "Renamed"})["name"] == "Renamed"
    copy = get_record(admin_access, "mailing", copy_mailing(admin_access, raw["_id"])["_id"])
    assert (copy["state"], copy["html"], copy["subject"]) == ("draft", raw["html"], raw["subject"])
    assert copy["_id"] != raw["_id"]
    assert isinstance(copy["segment"], ObjectId)
    # What it pointed at may be gone by then.
    delete_record(admin_access, "segment", raw["segment"])
    assert "segment" not in copy_mailing(admin_access, raw["_id"])
