"""Address labels of chosen records: whose address stands on them, and the job that prints them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from models.jobs import Job
from models.registers import register_of
from models.rights import Access, NotAllowed, system_access
from models.security import User
from services.address_labels import LabelProblem, Tally, Wanted, first_labels, labels_of, start_labels
from services.files import get_file, stream_content
from services.jobs import wake_due
from services.label_sheets import SHEETS, Printing
from services.search import Selection
from tests.factories import CompanyFactory, PersonFactory

Raw = dict[str, Any]
ALL = Selection(all_matching=True)
SHEET = SHEETS["L7160"]
ADDRESS = {"street": "Katu 1", "postal_code": "00100", "city": "Helsinki"}

pytestmark = pytest.mark.usefixtures("app")


def lines(register: str, *, access: Access | None = None, once: bool = False) -> list[list[str]]:
    return first_labels(access or system_access(), register_of(register), ALL, 100, once=once)


def test_a_company_s_label_has_its_town_in_capitals_and_no_country_at_home() -> None:
    CompanyFactory(name="Alfa Oy", **ADDRESS, country="Suomi")
    CompanyFactory(name="Beta AB", street="Gatan 2", postal_code="111 22", city="Stockholm", country="Sverige")
    CompanyFactory(name="Gamma Inc", street="1 Main St", postal_code="10001", city="New York", country="USA")
    assert lines("company") == [
        ["Alfa Oy", "Katu 1", "00100 HELSINKI"],
        ["Beta AB", "Gatan 2", "111 22 STOCKHOLM", "SVERIGE"],
        ["Gamma Inc", "1 Main St", "NEW YORK 10001", "USA"],
    ]


def test_a_person_has_the_address_of_the_company() -> None:
    firm = CompanyFactory(name="Alfa Oy", **ADDRESS)
    PersonFactory(first_name="Matti", last_name="Malli", companies=[str(firm["_id"])])
    PersonFactory(first_name="Nobody", last_name="Anywhere")
    assert lines("person") == [["Matti Malli", "Alfa Oy", "Katu 1", "00100 HELSINKI"]]


def test_who_has_no_address_is_counted_and_equal_addresses_are_printed_once() -> None:
    rows = [CompanyFactory(name="Alfa", **ADDRESS), CompanyFactory(name="Alfa", **ADDRESS), CompanyFactory(name="名")]
    tally = Tally()
    made = list(labels_of(system_access(), register_of("company"), rows, tally, once=True))
    assert (len(made), tally.records, tally.without, tally.repeated) == (1, 3, 1, 1)
    assert len(lines("company")) == 2


@pytest.mark.parametrize("form", ["pdf", "word"])
def test_the_job_leaves_a_file_for_its_owner(form: str, admin: User, access_of: Callable[[User], Access]) -> None:
    CompanyFactory(name="Alfa Oy", **ADDRESS)
    CompanyFactory(name="Beta Oy")
    access = access_of(admin)
    job = start_labels(access, register_of("company"), ALL, Wanted(Printing(SHEET, start=20), form))
    wake_due()
    raw = Job.objects.get(pk=job)
    assert raw.state == "done", raw.error
    assert raw.result["labels"] == 1
    assert raw.result["without"] == 1
    data = b"".join(stream_content(get_file(access, raw.result_file)))
    if form == "pdf":
        assert "00100 HELSINKI" in PdfReader(BytesIO(data)).pages[0].extract_text()
    else:
        assert data.startswith(b"PK")


def test_what_can_not_be_printed_is_told_before_a_job_starts(
    make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    wanted = Wanted(Printing(SHEET))
    with pytest.raises(LabelProblem):
        start_labels(system_access(), register_of("company"), ALL, wanted)
    CompanyFactory(**ADDRESS)
    with pytest.raises(NotAllowed):
        start_labels(access_of(make_user("nobody")), register_of("company"), ALL, wanted)
    with pytest.raises(LabelProblem):
        start_labels(system_access(), register_of("product"), ALL, wanted)


def test_who_refused_letters_is_left_out_where_that_is_wanted(
    admin: User, access_of: Callable[[User], Access]
) -> None:
    for name, said in (("Alfa", ""), ("Beta", "refused"), ("Gamma", "granted")):
        CompanyFactory(name=name, **ADDRESS, letter_consent=said)
    card = register_of("company")
    willing = first_labels(system_access(), card, ALL, 9, once=False, willing=True)
    assert [one[0] for one in willing] == ["Alfa", "Gamma"]
    assert len(lines("company")) == 3
    job = start_labels(access_of(admin), card, ALL, Wanted(Printing(SHEET), willing=True))
    wake_due()
    raw = Job.objects.get(pk=job)
    assert (raw.result["labels"], raw.result["unwilling"]) == (2, 1)
    assert "1 was left out" in raw.message
