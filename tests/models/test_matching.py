"""When two records may be the same."""

import pytest

from models.matching import name_key, name_words, score_of


@pytest.mark.parametrize(("one", "other"), [
    ("Järvi-Kone Oy", "JARVI KONE"), ("Oy Konepaja Ab", "Konepaja"), ("Tmi Maija Meri", "maija  meri"),
    ("Åbo Bygg Ab", "Abo Bygg"), ("Nuorisoseura ry", "Nuorisoseura r.y.".replace("r.y.", "ry")), ("Oy", "OY"),
    ("Kone & Metalli Oyj", "Kone Metalli"), ("Müller GmbH", "Muller"),
])  # fmt: skip
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [
    ("Konepaja Virtanen Oy", "Virtanen Konepaja Oy"), ("Oy Ab", "Konepaja"), ("Kone", "Koneet"), ("Alfa 1", "Alfa 2"),
])  # fmt: skip
def test_names_that_are_not(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_records_are_found_by_the_words_without_forms() -> None:
    assert name_words("Oy Järvi-Kone Ab") == ["jarvi", "kone"]
    assert name_words("Oy") == ["oy"]
    assert name_words("") == []


def test_scores_grow_with_each_equal_value_and_sink_with_a_differing_identity() -> None:
    assert score_of([]) == 0
    assert score_of([0.5]) == 0.5
    assert score_of([0.5, 0.5]) == 0.75
    assert score_of([0.65, 0.7], 1) == pytest.approx(0.4475)
    assert score_of([0.95]) < score_of([0.95, 0.5]) < 1
