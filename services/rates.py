"""Keeping exchange rates, and choosing what sums are shown in."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source, change_of
from models.fields.errors import ValidationFailed
from models.fields.kinds.numbers import currencies, parse_decimal
from models.fields.kinds.times import parse_date
from models.organisation import organisation
from models.rates import ExchangeRate
from models.rights import Access
from models.transactions import in_transaction
from services.audit import note_change
from services.organisation import change_organisation
from services.records import RecordNotFound, VersionConflict, now, object_id
from services.settings import require_settings
from services.versioned import put_version

Raw = dict[str, Any]
PARTS = ("currency", "day", "rate")
#: A page shows so many rates, the newest of each currency first.
MOST_SHOWN = 500
MOST_DECIMALS, LARGEST = 12, Decimal(10) ** 9


def list_rates(access: Access) -> list[Raw]:
    """The rates by currency, the newest first. Raises NotAllowed."""
    require_settings(access)
    return list(ExchangeRate._get_collection().find().sort([("currency", 1), ("day", -1)]).limit(MOST_SHOWN))


def get_rate(access: Access, rate_id: Any) -> Raw:
    """One rate. Raises NotAllowed, RecordNotFound."""
    require_settings(access)
    raw = ExchangeRate._get_collection().find_one({"_id": object_id("exchange_rate", rate_id)})
    if raw is None:
        raise RecordNotFound("exchange_rate", rate_id)
    return raw


def save_rate(
    access: Access, values: Mapping[str, Any], rate_id: Any = None, version: int | None = None
) -> Raw:  # fmt: skip
    """Keep a rate, with `rate_id` as the new state of that one; `values` {currency, day, rate} as they were typed.

    Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict.
    """
    require_settings(access)
    before = get_rate(access, rate_id) if rate_id else None
    if before is not None and version is not None and version != before["version"]:
        raise VersionConflict(before)
    cleaned = clean_rate(access, values)
    after = {"_id": ObjectId(), "version": 0, **(before or {}), **cleaned}
    after["version"] += 1
    try:
        in_transaction(lambda session: write_rate(session, access, before, after))
    except DuplicateKeyError as error:
        message = _l("There is a rate for %(currency)s from that day on already: change that one.",
                     currency=after["currency"])  # fmt: skip
        raise ValidationFailed({"day": [message]}) from error
    return after


def clean_rate(access: Access, values: Mapping[str, Any]) -> Raw:
    """The parts of a rate as they are kept. Raises ValidationFailed."""
    errors: dict[str, list[Any]] = {}
    currency = str(values.get("currency") or "").strip().upper()
    own = organisation().currency
    if not currency:
        errors["currency"] = [_l("Choose a currency.")]
    elif currency not in currencies():
        errors["currency"] = [_l("“%(value)s” is not a currency. Use a code such as EUR.", value=currency[:20])]
    elif currency == own:
        errors["currency"] = [_l("Sums are shown in %(currency)s: it needs no rate.", currency=own)]
    day, rate = clean_day(values.get("day")), clean_number(access, values.get("rate"))
    if day is None:
        errors["day"] = [_l("Give a day, such as 31.12.2024 or 2024-12-31.")]
    if rate is None:
        errors["rate"] = [_l("Give a number above nothing with at most %(max)s decimals.", max=MOST_DECIMALS)]
    if errors:
        raise ValidationFailed(errors)
    return {"currency": currency, "day": day, "rate": rate}


def clean_day(raw: Any) -> dt.datetime | None:
    try:
        day = parse_date(str(raw or ""))
    except ValueError:
        return None
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def clean_number(access: Access, raw: Any) -> Decimal128 | None:
    try:
        number = parse_decimal(str(raw or "")[:60], access.language)
    except ValueError:
        return None
    exponent = number.normalize().as_tuple().exponent
    fits = 0 < number < LARGEST and isinstance(exponent, int) and -exponent <= MOST_DECIMALS
    return Decimal128(number) if fits else None


def write_rate(session: ClientSession, access: Access, before: Raw | None, after: Raw) -> None:
    put_version(session, ExchangeRate._get_collection(), before, after)
    note(session, access, "update" if before else "create", before or {}, after)


def delete_rate(access: Access, rate_id: Any) -> Raw:
    """Take a rate away; the one before it is in force again. Raises NotAllowed, RecordNotFound."""
    raw = get_rate(access, rate_id)

    def work(session: ClientSession) -> None:
        if ExchangeRate._get_collection().delete_one({"_id": raw["_id"]}, session=session).deleted_count:
            note(session, access, "delete", raw, {"_id": raw["_id"], "version": raw["version"] + 1})

    in_transaction(work)
    return raw


def note(session: ClientSession, access: Access, action: str, before: Raw, after: Raw) -> None:
    told = [{name: raw[name] for name in PARTS if name in raw} for raw in (before, after)]
    note_change(session, {
        "register": "exchange_rate", "record": after["_id"], "action": action, "version": after["version"],
        "at": now(), "by": access.user_id, "source": Source.SCREEN.value, "batch": None,
        "changes": change_of(*told)}, {**before, **after})  # fmt: skip


def choose_currency(access: Access, currency: Any) -> None:
    """Set what sums are shown in. Raises NotAllowed, ValidationFailed: also while there are rates to another one."""
    try:
        change_organisation(access, {"currency": currency})
    except ValidationFailed as error:
        raise ValidationFailed({"own": error.errors["currency"]}) from error
