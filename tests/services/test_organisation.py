"""The organisation's settings: what is kept, told and refused; its name and language where people meet them."""

from base64 import b64encode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.audit import AuditEntry
from models.fields.errors import ValidationFailed
from models.organisation import known_organisation, organisation
from models.rights import SETTINGS, Access, NotAllowed, Scope
from models.security import User
from services.letters import Line, letter, writing_to
from services.mail import email_of
from services.message_content import Content
from services.organisation import change_organisation
from services.records import VersionConflict, now

WHOLE = {"name": "  Malli Oy ", "support_email": "apu@example.com", "language": "fi", "country": "SE",
         "currency": "SEK", "bin_days": "30"}  # fmt: skip


def test_settings_are_kept_all_at_once_and_each_is_told(admin_access: Access) -> None:
    change_organisation(admin_access, WHOLE)
    kept = organisation()
    assert (kept.name, kept.support_email, kept.language) == ("Malli Oy", "apu@example.com", "fi")
    assert (kept.country, kept.currency, kept.bin_days, kept.version) == ("SE", "SEK", 30, 1)
    told = {raw.target["name"] for raw in AuditEntry.objects(what="setting_changed")}
    assert told == set(WHOLE)
    change_organisation(admin_access, WHOLE)
    assert organisation().version == 1
    assert AuditEntry.objects(what="setting_changed").count() == len(WHOLE)


@pytest.mark.parametrize(("name", "wrong"), [
    ("name", ""), ("name", "x" * 101), ("name", "\x00\ud7ff"), ("support_email", "nobody"), ("language", "sv"),
    ("language", ["fi"]), ("name", ["x"]), ("name", {"en": "x"}), ("support_email", {"a": 1}),
    ("country", "XX"), ("currency", "euro"), ("currency", None), ("bin_days", "0"),
    ("bin_days", "3651"), ("bin_days", "²"),
])  # fmt: skip
def test_with_something_wrong_nothing_is_kept(admin_access: Access, name: str, wrong: object) -> None:
    with pytest.raises(ValidationFailed) as failed:
        change_organisation(admin_access, {**WHOLE, name: wrong})
    assert list(failed.value.errors) == [name]
    assert organisation().name == ""


def test_of_two_who_change_at_once_the_later_one_is_told(admin_access: Access) -> None:
    change_organisation(admin_access, {"name": "First"}, version=0)
    with pytest.raises(VersionConflict):
        change_organisation(admin_access, {"name": "Second"}, version=0)
    assert organisation().name == "First"


def test_who_manages_settings_sets_all_but_how_long_data_is_kept(app: Flask) -> None:
    keeper = Access(grants={(SETTINGS, "change"): Scope.ALL})
    change_organisation(keeper, {"name": "Malli Oy"})
    for access, values in ((keeper, {"bin_days": "5"}), (Access(), {"name": "Other"})):
        with pytest.raises(NotAllowed):
            change_organisation(access, values)
    assert (organisation().name, organisation().bin_days) == ("Malli Oy", 90)


def test_the_name_stands_in_the_frame_and_in_messages(client: FlaskClient, admin_access: Access) -> None:
    assert ">Kortisto</span>" in client.get("/settings/").text
    change_organisation(admin_access, {"name": "Malli & <b> Oy"})
    assert "Malli &amp; &lt;b&gt; Oy</span>" in client.get("/settings/").text
    text, html = letter("Hello", [Line("Something")], "Because.")
    assert "\n--\nMalli & <b> Oy\nBecause." in text
    assert "<b>Malli &amp; &lt;b&gt; Oy</b>" in html
    raw = {"purpose": "reminder", "address": "a@example.com", "message_id": "<1@localhost>", "created_at": now()}
    email = email_of(raw, Content(subject="Hello", text=text))
    assert str(email["From"]).startswith(f"=?utf-8?b?{b64encode(b'Malli & <b> Oy').decode()}?= <")


def test_the_language_is_that_of_those_who_have_chosen_none(
    app: Flask, admin: User, admin_access: Access
) -> None:
    change_organisation(admin_access, {"language": "fi"})
    assert known_organisation().language == "fi"
    stranger = app.test_client()
    for asked, spoken in (("sv", "fi"), ("en-GB", "en"), ("fi", "fi"), ("", "fi")):
        assert f'<html lang="{spoken}">' in stranger.get("/login/", headers={"Accept-Language": asked}).text
    with writing_to({"language": ""}):
        assert '<html lang="fi">' in letter("Moi", [], "")[1]
