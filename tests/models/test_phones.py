"""Numbers are written out as phonenumbers itself would write them, by the short way as well."""

import phonenumbers
import pytest
from flask import Flask

from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds import KINDS as KINDS_BY_NAME
from models.fields.kinds.texts import plain_number, spaced_number

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE,
         phonenumbers.PhoneNumberType.TOLL_FREE)  # fmt: skip


@pytest.mark.parametrize("region", REGIONS)
def test_spaced_number_is_that_of_the_library(region: str) -> None:
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        kept = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        parsed = phonenumbers.parse(kept, None)
        assert spaced_number(kept) == phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@pytest.mark.parametrize("text", ["", "abc", "+", "0401234567", "+358", "+00000000", "+390612345678", "+358 40 1234567",
                                  "+99912345678"])  # fmt: skip
def test_number_that_needs_more_than_counting_is_parsed(text: str) -> None:
    assert plain_number(text) is None
    assert isinstance(spaced_number(text), str)


@pytest.mark.parametrize("region", REGIONS)
def test_number_as_it_is_kept_is_read_as_the_library_reads_it(app: Flask, region: str) -> None:
    field = Field("f", KINDS_BY_NAME["phone"], "F")
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        kept = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        parsed = phonenumbers.parse(kept, "FI")
        for text in (kept, phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)):
            assert field.kind.parse(text, field, Context(language="en")) == (
                phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            )
