"""Setting what holds for the whole organisation: its name, language, country, currency and the like."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import holidays
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.context import Context
from models.fields.definitions import bump_version, forget_version
from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.fields.kinds.numbers import currencies
from models.organisation import LONGEST_NAME, THE_ONE, Organisation, organisation
from models.rates import ExchangeRate
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.audit import note_setting
from services.records import VersionConflict
from services.settings import LANGUAGES, require_settings

Raw = dict[str, Any]
NAME = Field("name", KINDS["text"], _l("Name"), required=True, max_length=LONGEST_NAME)
SUPPORT = Field("support_email", KINDS["email"], _l("Address for help"), max_length=320)
#: Deleted records are kept for so many days at most: ten years.
MOST_DAYS = 3_650
#: How long data is kept is for administrators to say.
OF_ADMINISTRATORS = ("bin_days",)


def change_organisation(access: Access, typed: Mapping[str, Any], *, version: int | None = None) -> None:
    """Set those of CLEANERS that `typed` has, as they were typed, all of them or none.

    Raises NotAllowed, ValidationFailed by their names, VersionConflict (with the settings as they are now).
    """
    require_right(access, typed)
    errors: dict[str, list[Any]] = {}
    values: Raw = {}
    for name in typed:
        try:
            values[name] = CLEANERS[name](typed[name])
        except FieldError as error:
            errors[name] = [error.message]
    if errors:
        raise ValidationFailed(errors)
    set_for_all(access, values, version=version)


def require_right(access: Access, names: Iterable[str]) -> None:
    """Raises NotAllowed where the user may not set all of these."""
    require_settings(access)
    if not access.everything and not set(OF_ADMINISTRATORS).isdisjoint(names):
        raise NotAllowed(_l("Only administrators may do this. Ask one of them."))


def set_for_all(access: Access, values: Mapping[str, Any], *, version: int | None = None) -> None:
    """Set settings, checked already, and tell the audit of those that differ. Raises VersionConflict."""

    def work(session: ClientSession) -> None:
        collection = Organisation._get_collection()
        raw = collection.find_one({"_id": THE_ONE}, session=session) or {}
        before = Organisation._from_son({"_id": THE_ONE, **raw})
        if version is not None and version != before.version:
            raise VersionConflict(before.to_mongo().to_dict())
        changed = {name: value for name, value in values.items() if value != before[name]}
        if not changed:
            return
        collection.update_one({"_id": THE_ONE}, {"$set": changed, "$inc": {"version": 1}}, upsert=True,
                              session=session)  # fmt: skip
        for name, value in changed.items():
            note_setting(session, access.user_id, name, before[name], value)
        bump_version(session)

    in_transaction(work)
    forget_version()


# Checking what was typed


def clean_name(raw: Any) -> str:
    text = clean_text(NAME, raw)
    if not text:
        raise FieldError(_l("This is required."))
    return text


def clean_text(field: Field, raw: Any) -> str:
    return field.kind.parse(raw, field, Context()) or ""


def clean_language(raw: Any) -> str:
    return chosen(raw, ("", *LANGUAGES))


def clean_country(raw: Any) -> str:
    return chosen(raw, countries())


def clean_currency(raw: Any) -> str:
    """A currency, as long as no rate says what others are worth in another one."""
    currency, own = chosen(raw, currencies()), organisation().currency
    if currency != own and ExchangeRate._get_collection().find_one({}, {"_id": 1}):
        raise FieldError(_l("There are exchange rates to %(currency)s. Delete them first, under Currencies.",
                            currency=own))  # fmt: skip
    return currency


def clean_days(raw: Any) -> int:
    text = str(raw).strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_DAYS):
        raise FieldError(_l("Give a number of days from 1 to %(max)s.", max=MOST_DAYS))
    return int(text)


def chosen(raw: Any, known: Iterable[str]) -> str:
    if not isinstance(raw, str) or raw not in known:
        raise FieldError(_l("Choose from the list."))
    return raw


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The countries whose public holidays are known, by their two letters."""
    return frozenset(holidays.list_supported_countries())


#: Setting -> what makes of the typed the value that is kept; FieldError says what is wrong with it.
CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "name": clean_name,
    "support_email": lambda raw: clean_text(SUPPORT, raw),
    "language": clean_language,
    "country": clean_country,
    "currency": clean_currency,
    "bin_days": clean_days,
}
