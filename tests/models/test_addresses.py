"""The short way of checking an e-mail address says what the whole check says."""

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from models.fields.kinds.texts import PLAIN_ADDRESS, is_plain_address


@given(st.from_regex(PLAIN_ADDRESS, fullmatch=True))
def test_plain_address_is_kept_as_the_whole_check_keeps_it(text: str) -> None:
    if is_plain_address(text):
        assert validate_email(text, check_deliverability=False).normalized == text


@pytest.mark.parametrize(
    "text",
    ["", "matti", "matti@yritys", "matti.@yritys.fi", "ma..tti@yritys.fi", "matti@Yritys.fi", "matti@xn--a.fi",
     "matti@yritys.localhost", "matti@a.test", "matti@yritys.fi\n", "märta@yritys.fi", "m" * 60 + "@yritys.fi"],
)  # fmt: skip
def test_unusual_address_is_looked_at_closely(text: str) -> None:
    assert not is_plain_address(text)
