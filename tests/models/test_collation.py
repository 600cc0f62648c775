"""The stored order of names."""

from hypothesis import given
from hypothesis import strategies as st

from models.collation import collation_key


def test_collation_key_orders_as_the_finnish_alphabet() -> None:
    names = ["Ähtärin Saha", "Zeta", "alfa", "Åkerlund", "Öljy", "Beta", "3M", "Éclair", "Oy Alfa", "Eklund"]
    expected = ["3M", "alfa", "Beta", "Éclair", "Eklund", "Oy Alfa", "Zeta", "Åkerlund", "Ähtärin Saha", "Öljy"]
    assert sorted(names, key=collation_key) == expected


def test_collation_key_in_english_puts_accents_with_their_letters() -> None:
    assert sorted(["Zeta", "Ähtäri"], key=lambda name: collation_key(name, "en")) == ["Ähtäri", "Zeta"]


@given(st.text())
def test_collation_key_ignores_case(text: str) -> None:
    assert collation_key(text) == collation_key(text.casefold())
