"""Text and its stricter kin: e-mail, phone, web address, Finnish business ID."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlsplit

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from stdnum.exceptions import ValidationError as NumberError
from stdnum.fi import ytunnus

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import ConditionError, FieldError
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES, Kind, Query, matching, text_of
from models.fields.kinds.grouping import folded
from models.search_words import words_of

#: How an operator's regular expression stands around the text asked for.
PATTERNS = {"ct": "{}", "sw": "^{}", "ew": "{}$", "eq": "^{}$"}
#: Characters that can be asked for: MongoDB refuses expressions of more than 32 KiB.
MAX_ASKED = 2_000
EQUALITY = ("eq", "neq", "in", "nin")
#: A shorter number is an extension, which many have.
FEWEST_DIGITS_OF_A_NUMBER = 6
#: Letters, digits and single marks before the @, names of two letters or more without capitals after it.
PLAIN_ADDRESS = re.compile(
    r"[a-zA-Z0-9]+(?:[._+-][a-zA-Z0-9]+)*@(?:[a-z0-9]{2,30}(?:-[a-z0-9]{2,20})?\.){1,4}[a-z]{2,20}"
)
#: Domains that are no one's (RFC 6761 and the like) are looked at closely.
UNUSUAL_ENDS = tuple(f"{sign}{name}" for name in SPECIAL_USE_DOMAIN_NAMES for sign in ".@")
LONGEST_PLAIN = 64
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Text(Kind):
    name = "text"
    label = _l("Text")
    operators: ClassVar[Sequence[str]] = ops.TEXT
    groupings: ClassVar[Sequence[str]] = ("",)

    def group_identity(self, key: Any) -> Any:
        """Texts that differ by case alone are one: no condition tells them apart."""
        return folded(key) if key is not None else None

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        return text_of(raw, field)

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        """What is asked for, as text: a part of an e-mail address is none itself. For equality it is brought to the
        form in which values are kept, as far as it has one."""
        try:
            text = text_of(raw, field) if raw not in EMPTY_VALUES else ""
        except FieldError as error:
            raise ConditionError(field.column, error.message) from error
        if len(text) > MAX_ASKED:
            raise ConditionError(field.column, _l("Ask for at most %(max)s characters.", max=MAX_ASKED))
        if code in EQUALITY and text:
            try:
                return self.parse_value(text, field, replace(context, keep_odd=True))
            except FieldError:
                return text
        return text or None

    def compare(self, code: str, value: Any, field: Field) -> Query:
        if code == "in":
            return {self.compare_path(field): {"$in": [matching(PATTERNS["eq"], item) for item in value]}}
        return {self.compare_path(field): matching(PATTERNS[code], value)}

    def compare_path(self, field: Field) -> str:
        """The path of the text that is compared."""
        return field.path

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "maxLength": field.max_length}

    def search_words(self, value: Any) -> Iterable[str]:
        return words_of(value)


def is_plain_address(text: str) -> bool:
    """Whether the text is beyond doubt an e-mail address as it is kept: most are, and the whole check takes a
    hundred times as long, which an import of many thousands feels."""
    return bool(PLAIN_ADDRESS.fullmatch(text)) and not text.endswith(UNUSUAL_ENDS) and len(text) <= LONGEST_PLAIN


class LongText(Text):
    name = "long_text"
    label = _l("Long text")
    input = "long_text"
    longest = 100_000
    orderable = False
    groupings = ()


class Email(Text):
    name = "email"
    label = _l("E-mail")
    input = "email"

    match_weight = 0.7

    def match_key(self, value: Any) -> str:
        return str(value).strip().casefold()

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        text = text_of(raw, field)
        if context.keep_odd or is_plain_address(text):
            return text
        try:
            return validate_email(text, check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError as error:
            raise FieldError(_l("“%(value)s” is not an e-mail address. It should look like name@company.fi.",
                                value=text), keepable=True) from error  # fmt: skip


class Phone(Text):
    """Kept in E.164 (+358401234567), read as Finnish where no country is given."""

    name = "phone"
    label = _l("Phone")
    input = "tel"
    region = "FI"

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        text = text_of(raw, field)
        # As it is kept already: lists out of other systems hold little else.
        plain = plain_number(text)
        if plain is not None and phonenumbers.is_valid_number(plain):
            return text
        try:
            number = phonenumbers.parse(text, self.region)
            if phonenumbers.is_valid_number(number) and not number.extension:
                return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        except phonenumbers.NumberParseException:
            pass
        if context.keep_odd:
            return text
        raise FieldError(_l("“%(value)s” is not a phone number. Write it as +358 40 123 4567.", value=text),
                         keepable=True)  # fmt: skip

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        text = super().operand_value(code, raw, field, context)
        if code in EQUALITY or not text:
            return text
        # A number typed as it is read finds the number as it is kept.
        return "".join(char for char in text if char in "+0123456789") or text

    def text(self, value: Any, field: Field, context: Context) -> str:
        return spaced_number(value or "")

    match_weight = 0.5

    def match_key(self, value: Any) -> str:
        digits = "".join(char for char in str(value) if char.isdigit())
        return digits if len(digits) >= FEWEST_DIGITS_OF_A_NUMBER else ""

    def match_words(self, value: Any) -> Sequence[str]:
        # The digits as one word; the other words are the same number in other forms.
        return list(self.search_words(value))[:1]

    def search_words(self, value: Any) -> Iterable[str]:
        """All digits as one word, with the country's code and as they are dialled within the country."""
        number = plain_number(value)
        if number:
            return value[1:], f"0{number.national_number}"
        return "".join(char for char in value if char.isdigit()), *words_of(value)


@lru_cache(maxsize=4_096)
def plain_number(value: str) -> phonenumbers.PhoneNumber | None:
    """A number as it is kept, cut into country and rest without the parsing that takes most of a letter's time; None
    where that needs more than counting digits."""
    if not E164.fullmatch(value):
        return None
    # No country's code begins with another's.
    for end in (2, 3, 4):
        if int(value[1:end]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            rest = value[end:]
            return None if rest.startswith("0") else phonenumbers.PhoneNumber(int(value[1:end]), int(rest))
    return None


@lru_cache(maxsize=20_000)
def spaced_number(value: str) -> str:
    """A kept number with the spaces that its country writes; what is no number stays as it is."""
    if number := plain_number(value):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


class Url(Text):
    name = "url"
    label = _l("Web address")
    input = "url"

    def search_words(self, value: Any) -> Iterable[str]:
        """The words of the host's name and of what follows it."""
        return words_of(value.partition("://")[2].removeprefix("www."))

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        text = text_of(raw, field)
        address = text if "://" in text else f"https://{text}"
        try:
            parts = urlsplit(address)
            good = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and " " not in address
        except ValueError:
            good = False
        if good:
            return address
        # Only http and https are ever kept: anything else could run in the browser of whoever opens it.
        raise FieldError(_l("“%(value)s” is not a web address. It should look like https://www.company.fi.",
                            value=text[:80]))  # fmt: skip


class BusinessId(Text):
    """A Finnish business ID (Y-tunnus), checked by its check digit and kept as 1234567-8."""

    name = "business_id"
    label = _l("Business ID")
    offered = False

    match_weight = 0.95

    def match_key(self, value: Any) -> str:
        """Without spaces and hyphens, however it was kept."""
        return "".join(char for char in str(value).casefold() if char.isalnum())

    def match_words(self, value: Any) -> Sequence[str]:
        # The digits as one word; the other words are the same number in other forms.
        return list(self.search_words(value))[:1]

    def search_words(self, value: Any) -> Iterable[str]:
        """1234567-8 is found however its digits are typed."""
        return (value.replace("-", ""), *words_of(value))

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        text = text_of(raw, field)
        try:
            number = ytunnus.validate(text.upper().removeprefix("FI") if text.upper().startswith("FI") else text)
            return f"{number[:7]}-{number[7:]}"
        except NumberError as error:
            if context.keep_odd:
                return text
            raise FieldError(
                _l("“%(value)s” is not a Finnish business ID: its check digit or length is wrong. "
                   "It should look like 0112038-9.", value=text), keepable=True) from error  # fmt: skip

