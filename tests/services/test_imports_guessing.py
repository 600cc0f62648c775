"""What kind of field a column makes, by its values."""

import pytest

from models.fields.context import Context
from services.imports.guessing import guess_kind

DAYS = [f"{day}.3.19{60 + day}" for day in range(1, 29)]
SUMS = [f"{1000 + number},50" for number in range(40)]


@pytest.mark.parametrize(("texts", "kind"), [
    (DAYS, "date"), ([*DAYS, "31.2.1999"], "date"), ([*DAYS, "yesterday", "31.2.1999"], "text"),
    ([*DAYS[:5], "31.2.1999"], "text"), (SUMS, "number"), ([*SUMS, "much", "more"], "number"),
    ([*SUMS[:5], "much"], "text"), (["1.3.1960", "x"], "text"),
])  # fmt: skip
def test_a_few_faulty_values_among_many_do_not_make_text_of_a_column(texts: list[str], kind: str) -> None:
    assert guess_kind("Column", texts, Context(language="fi", decimal_mark=",", date_order="dmy")) == kind
