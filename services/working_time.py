"""When people work: their hours of each weekday, and the public holidays of the organisation's country."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.organisation import organisation
from models.rights import Access
from models.security import User
from services.letters import zone_named
from services.organisation import change_organisation, countries
from services.recurrence import moment

Raw = Mapping[str, Any]
Hours = tuple[dt.time, dt.time]
#: Monday to Friday, where a user has not said otherwise.
USUAL: Mapping[str, tuple[str, str]] = dict.fromkeys("01234", ("08:00", "16:00"))
WEEKDAYS = "0123456"
#: Beyond, no country has said yet which days will be holidays.
YEARS = range(1970, 2100)


def hours_of(user: Raw) -> dict[int, Hours]:
    """Weekday (0 is Monday) -> when the user works on it; a weekday that is not there is free."""
    kept = user.get("working_hours")
    return {int(day): (dt.time.fromisoformat(first), dt.time.fromisoformat(last))
            for day, (first, last) in (USUAL if kept is None else kept).items()}  # fmt: skip


def working_span(user: Raw, day: dt.date) -> tuple[dt.datetime, dt.datetime] | None:
    """From when until when the user works on a day, in UTC; None for a free one. Public holidays are not asked."""
    hours = hours_of(user).get(day.weekday())
    if hours is None:
        return None
    zone: ZoneInfo = zone_named(user.get("time_zone"))
    return moment(dt.datetime.combine(day, hours[0]), zone), moment(dt.datetime.combine(day, hours[1]), zone)


def choose_hours(access: Access, typed: Mapping[str, str]) -> None:
    """Keep the hours in which a user works: `typed` has "from_0", "to_0" and so on, both empty for a free day.

    Raises ValidationFailed by those names.
    """
    errors: dict[str, list[Any]] = {}
    kept = {}
    for day in WEEKDAYS:
        names = f"from_{day}", f"to_{day}"
        first, last = (typed.get(name, "").strip() for name in names)
        if not first and not last:
            continue
        times = [time_of(text) for text in (first, last)]
        wrong = [name for name, time in zip(names, times, strict=True) if time is None]
        if wrong:
            errors[wrong[0]] = [_l("Give both times, as 08:00 and 16:00, or neither on a free day.")]
        elif times[0] is not None and times[1] is not None and times[0] >= times[1]:
            errors[names[1]] = [_l("It can't end before it starts.")]
        else:
            kept[day] = [f"{time:%H:%M}" for time in times if time]
    if errors:
        raise ValidationFailed(errors)
    User._get_collection().update_one({"_id": access.user_id}, {"$set": {"working_hours": kept}})


def choose_country(access: Access, country: str) -> None:
    """Set the country whose public holidays the organisation observes. Raises NotAllowed, ValidationFailed."""
    change_organisation(access, {"country": country})


def time_of(text: str) -> dt.time | None:
    try:
        time = dt.time.fromisoformat(text.replace(".", ":"))
    except ValueError:
        return None
    return None if time.tzinfo else time.replace(second=0, microsecond=0)


def holidays_of(first: dt.date, last: dt.date, language: str) -> dict[dt.date, str]:
    """Day -> name of the public holidays of the organisation's country from the first to the last of the days."""
    country = organisation().country
    years = [year for year in range(first.year, last.year + 1) if year in YEARS]
    found = {day: name for year in years for day, name in in_year(country, year, language).items()}
    return {day: name for day, name in sorted(found.items()) if first <= day <= last}


@lru_cache(maxsize=200)
def in_year(country: str, year: int, language: str) -> dict[dt.date, str]:
    """Of a country without such texts the names are in its own language; of one that isn't known there are none."""
    if country not in countries():
        return {}
    spoken = "en_US" if language == "en" else language
    known = holidays.country_holidays(country).supported_languages
    return dict(holidays.country_holidays(country, years=year, language=spoken if spoken in known else None))
