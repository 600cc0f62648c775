"""Values of every kind that are saved in samples, and those that filters are asked with."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from fab_mongo import Kind
from tests.fab_mongo.conformance.documents import Maker, Sample, day, moment

MISSING = object()
"""A field that is not there at all, as opposed to one that holds nothing."""

TEXTS = (
    "abc", "ABC", "abcabc", "Äiti", "äITI", "a.c", "a*", ".*", "^a", "a$", "(1.0)", "[x]", "\\d", "a\\", "{}", "|",
    "?", "+", "two\nlines", "line\n", " ", " lead", "100%", "日本語", "🦊 fox", "ß", "$where", "{'$ne': 1}", "a" * 50,
    "e\u0301", "é", "/slash/", "#", "-", "abc\u2028d", "\t",
)  # fmt: skip
LONG = "x" * 1500 + " end"

STORED: dict[Kind, Sequence[Any]] = {
    Kind.STRING: TEXTS,
    Kind.TEXT: (*TEXTS, LONG),
    Kind.INTEGER: (0, 1, -1, 2, 10, 2**31, -(2**63), 2**63 - 1),
    Kind.NUMBER: (0.0, -0.5, 0.5, 0.1, 1.0, 1e10, -1e300, 1e-290),
    Kind.BOOLEAN: (True, False),
    Kind.DATE: (day("1870-01-31"), day("2000-02-29"), day("2026-01-01"), day("9999-12-30"), day("0001-01-01")),
    Kind.DATETIME: (
        moment("2026-01-31T00:00"), moment("2026-01-31T12:30"), moment("2026-01-31T23:59:59.999"),
        moment("2026-02-01T00:00"), moment("1970-01-01T00:00"), moment("1900-05-05T01:02:03"),
    ),
    Kind.CHOICE: ("a", "b", ".*"),
    Kind.CHOICES: (["a"], ["a", "b"], ["c", "b", "a"], []),
    Kind.EMAIL: ("abc@example.org", "ABC@example.org", "a.c+x@example.com", "abc@example.org.fi"),
    Kind.URL: ("https://example.org/", "https://example.org/?q=(1)", "HTTPS://EXAMPLE.ORG/", "http://abc.fi/a.c"),
}  # fmt: skip
EXACT = tuple(Decimal(text) for text in ("0", "-0.5", "0.1", "19.90", "19.9", "1e10", "123456789.123456789"))

# Besides what is stored, filters are asked for these.
ASKED: dict[Kind, Sequence[Any]] = {
    Kind.STRING: ("b", "c", "BC", "ä", "I", ".", "*", "\\", "a.", "\n", "s\n", "lines", "zzz", "e", "\u0301", "$", "^"),
    Kind.TEXT: ("b", "x" * 900, "END", "\n", "lines"),
    Kind.INTEGER: (3, -2), Kind.NUMBER: (0.3, -1e-300, 7), Kind.BOOLEAN: (),
    Kind.DATE: (day("2000-03-01"), day("1950-01-01")),
    Kind.DATETIME: (day("2026-01-31"), day("2026-02-01"), day("1970-01-01"), moment("2026-01-31T12:30:00.001")),
    Kind.CHOICE: (), Kind.CHOICES: ("a", "b", "c"), Kind.EMAIL: ("abc", "@example", "a.c", "org"),
    Kind.URL: ("(1)", "example.org", "?", "https://"),
}  # fmt: skip


def pool(kind: Kind, name: str, makers: Sequence[Maker]) -> Sequence[Any]:
    """The values that samples hold in a column, nothing in every shape included."""
    if kind is Kind.ONE:
        return (*makers[:3], None, MISSING)
    if kind is Kind.MANY:
        return ([makers[0]], [makers[0], makers[1]], [makers[2], makers[1], makers[0]], [], MISSING)
    values = EXACT if name == "exact" else STORED[kind]
    blanks = ("",) if kind.is_textual and kind not in (Kind.EMAIL, Kind.URL) else ()
    return (*values, *blanks, None, MISSING)


def probes(kind: Kind, name: str, makers: Sequence[Maker]) -> Sequence[Any]:
    """The values that a column is asked for; all of them narrow, so there is no blank one."""
    if kind.is_relation:
        return makers
    values = [*(EXACT if name == "exact" else STORED[kind]), *ASKED[kind]]
    single = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [value for value in dict.fromkeys(single) if not isinstance(value, str) or len(value) <= 1000]


def sent(value: Any) -> Any:
    """A value as an address or REST sends it."""
    if isinstance(value, Maker):
        return str(value.pk)
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def saved(column: str, value: Any) -> Sample:
    """Save a sample with one value, past MongoEngine's checks where the value is one that they would not let in."""
    if column.startswith("x_"):
        extra = {} if value is MISSING else {column.removeprefix("x_"): as_stored(value)}
        return Sample(extra=extra).save(validate=False)
    sample = Sample()
    if value is not MISSING and value is not None:
        setattr(sample, column, value)
    sample.save(validate=False)
    if value is None:
        Sample._get_collection().update_one({"_id": sample.pk}, {"$set": {Sample._fields[column].db_field: None}})
    return sample


def as_stored(value: Any) -> Any:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return value


def read(value: Any) -> Any:
    """A value as the oracle sees it: what is missing is nothing."""
    return None if value is MISSING else value
