"""Time that people have in common: working hours of their own zones, what they have already, public holidays."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.fields.errors import ValidationFailed
from models.rights import Access, NotAllowed
from models.security import User
from services.free_time import Wish, free_times
from services.records import create_record
from services.working_time import choose_country, choose_hours, holidays_of, hours_of

EARLY = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
TUESDAY = dt.date(2026, 3, 3)


@pytest.fixture
def rights(make_user: Callable[..., User], access_of: Callable[[User], Access]) -> dict[str, Access]:
    users = {"aino": make_user("aino", "Staff"), "ville": make_user("ville", "Staff", time_zone="Europe/London")}
    return {name: access_of(user) for name, user in users.items()}


def found(rights: dict[str, Access], day: dt.date = TUESDAY, minutes: int = 60, **how: Any) -> list[str]:
    users = tuple(access.user_id for access in rights.values())
    wish = Wish(users, dt.timedelta(minutes=minutes), day, how.get("last", day))  # type: ignore[arg-type]
    return [f"{start:%d %H:%M}" for start, _end in free_times(rights["aino"], wish, after=how.get("after", EARLY))]


def busy(access: Access, start: str, end: str, **values: Any) -> None:
    create_record(access, "activity", {"name": "Meeting", "starts_at": f"2026-03-03T{start}",
                                       "ends_at": f"2026-03-03T{end}", **values})  # fmt: skip


def test_common_time_lies_in_everybodys_hours_and_beside_what_they_have(rights: dict[str, Access]) -> None:
    # Eight in London is ten in Helsinki, and four in Helsinki is two in London.
    assert found(rights) == ["03 08:00", "03 09:00", "03 10:00", "03 11:00"]
    busy(rights["ville"], "08:00", "08:50", private=True)
    busy(rights["aino"], "12:00", "13:30")
    assert found(rights) == ["03 09:00", "03 11:30", "03 12:30"]
    assert found(rights, minutes=360) == []


def test_the_past_free_days_and_public_holidays_are_left_out(rights: dict[str, Access]) -> None:
    assert found(rights, after=dt.datetime(2026, 3, 3, 12, 5, tzinfo=dt.UTC)) == ["03 12:15"]
    assert found(rights, dt.date(2026, 3, 7), last=dt.date(2026, 3, 8)) == []
    good_friday = dt.date(2026, 4, 3)
    assert found(rights, good_friday) == []
    assert holidays_of(good_friday, good_friday, "fi") == {good_friday: "Pitkäperjantai"}
    assert list(holidays_of(good_friday, good_friday, "en").values()) == ["Good Friday"]


def test_hours_and_country_are_ones_own_to_set(rights: dict[str, Access], admin_access: Access) -> None:
    choose_hours(rights["aino"], {"from_1": "12.00", "to_1": "15:00"})
    assert hours_of(User._get_collection().find_one({"_id": rights["aino"].user_id})) == {1: (dt.time(12), dt.time(15))}
    assert found(rights) == ["03 10:00", "03 11:00", "03 12:00"]
    with pytest.raises(ValidationFailed):
        choose_hours(rights["aino"], {"from_1": "15:00", "to_1": "12:00"})
    with pytest.raises(ValidationFailed):
        choose_hours(rights["aino"], {"from_1": "late"})
    with pytest.raises(NotAllowed):
        choose_country(rights["aino"], "SE")
    choose_country(admin_access, "SE")
    assert holidays_of(dt.date(2026, 6, 6), dt.date(2026, 6, 6), "en")
    with pytest.raises(ValidationFailed):
        choose_country(admin_access, "XX")


def test_the_page_lists_suggestions_that_lead_to_the_form(client: FlaskClient, admin: User) -> None:
    page = client.get(f"/calendar/free?users={admin.pk}&first=2099-03-03&last=2099-03-03&minutes=60")
    assert b"starts_at=2099-03-03T08:00" in page.data
    assert client.get("/calendar/free?users=x&first=y&minutes=z").status_code == 200
    assert client.post("/calendar/hours", data={"from_0": "x"}).status_code == 422
    assert client.post("/calendar/hours", data={"from_0": "8:00", "to_0": "16:00"}).status_code in (302, 422)
