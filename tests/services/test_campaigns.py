"""What came of a campaign, within what its reader may see."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from models.consent import Reason, Suppressed
from models.fields.errors import ValidationFailed
from models.outbox import Message, MessageState
from models.rights import Access, Scope
from models.security import User
from services.campaigns import log_response, results_of
from services.records import create_record, now, update_record
from tests.factories import CompanyFactory, PersonFactory

Raw = dict[str, Any]


@pytest.fixture
def campaign(app: Flask, admin_access: Access) -> Raw:
    return create_record(admin_access, "campaign", {"name": "Autumn", "costs": "500 EUR", "budget": "1000 EUR"})


def opportunity(access: Access, campaign: Raw, value: str, **values: Any) -> Raw:
    return create_record(access, "opportunity", {"name": "Deal", "value": value, "stage": "offer",
                                                 "campaign": str(campaign["_id"]), **values})  # fmt: skip


def test_a_campaign_that_began_nothing_has_nothing(campaign: Raw, admin_access: Access) -> None:
    results = results_of(admin_access, campaign)
    assert (results.response_count, results.sales.count, results.won.amount) == (0, 0, 0)  # type: ignore[union-attr]
    assert (results.costs, results.budget) == (Decimal(500), Decimal(1000))
    assert (results.cost_per_response, results.returned) == (None, 0)
    assert results.mailings == results.segments == []


def test_sales_and_responses_are_reckoned_against_costs(campaign: Raw, admin_access: Access) -> None:
    opportunity(admin_access, campaign, "1000 EUR")
    won = opportunity(admin_access, campaign, "2000 EUR")
    update_record(admin_access, "opportunity", won["_id"], {"state": "won"})
    opportunity(admin_access, campaign, "7 SEK")
    create_record(admin_access, "opportunity", {"name": "Another", "value": "9 EUR", "stage": "offer"})
    person, firm = PersonFactory(name="Aino"), CompanyFactory(name="Firm")
    for response, who in (("interested", {"people": [str(person["_id"])]}),
                          ("interested", {"companies": [str(firm["_id"])]}),
                          ("complained", {"people": [str(person["_id"])], "companies": [str(firm["_id"])]})):
        log_response(admin_access, campaign, {"response": response, **who})
    results = results_of(admin_access, campaign)
    assert (results.sales.count, results.sales.amount) == (3, Decimal(3000))  # type: ignore[union-attr]
    assert (results.won.count, results.won.amount) == (1, Decimal(2000))  # type: ignore[union-attr]
    assert results.returned == 4
    assert results.cost_per_response == Decimal(500) / 3
    assert results.notes
    told = {one.choice.key: (one.count, [name for _register, _id, name in one.people])
            for one in results.responses or ()}  # fmt: skip
    assert told == {"interested": (2, ["Firm", "Aino"]), "complained": (1, ["Aino"])}


@pytest.mark.parametrize("values", [{}, {"response": "interested"}, {"response": "nothing", "people": ["x"]}])
def test_a_response_needs_somebody_and_an_answer(campaign: Raw, admin_access: Access, values: Raw) -> None:
    with pytest.raises(ValidationFailed):
        log_response(admin_access, campaign, values)


def test_a_reader_sees_results_of_own_records_alone(
    campaign: Raw, admin_access: Access, make_role: Callable[..., Any], make_user: Callable[..., User],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    make_role("Own", *[(register, "see", "own") for register in ("opportunity", "activity", "mailing", "person")])
    reader = make_user("seija", "Own")
    opportunity(admin_access, campaign, "1000 EUR")
    opportunity(admin_access, campaign, "10 EUR", owner=str(reader.pk))
    person = PersonFactory(name="Hidden")
    log_response(admin_access, campaign, {"response": "interested", "people": [str(person["_id"])]})
    create_record(admin_access, "mailing", {"name": "News", "campaign": str(campaign["_id"])})
    results = results_of(access_of(reader), campaign)
    assert (results.sales.count, results.sales.amount) == (1, Decimal(10))  # type: ignore[union-attr]
    assert results.responses == []
    assert results.mailings == []


def test_hidden_fields_tell_nothing(campaign: Raw, admin_access: Access) -> None:
    opportunity(admin_access, campaign, "1000 EUR")
    grants = {(register, "see"): Scope.ALL for register in ("campaign", "opportunity", "activity", "mailing")}
    blind = Access(grants=grants, hidden={
        "campaign": frozenset({"costs"}), "opportunity": frozenset({"value"}), "activity": frozenset({"campaign"}),
        "mailing": frozenset({"campaign"})})  # fmt: skip
    results = results_of(blind, campaign)
    assert (results.costs, results.budget) == (None, Decimal(1000))
    assert (results.sales.count, results.sales.amount) == (1, None)  # type: ignore[union-attr]
    assert (results.responses, results.mailings) == (None, [])
    unlinked = Access(grants=grants, hidden={"opportunity": frozenset({"campaign"})})
    assert results_of(unlinked, campaign).sales is None


def test_mailings_tell_what_became_of_their_messages(campaign: Raw, admin_access: Access) -> None:
    mailing = create_record(admin_access, "mailing", {"name": "News", "campaign": str(campaign["_id"])})
    for number, state in enumerate((MessageState.SENT, MessageState.SENT, MessageState.FAILED)):
        Message._get_collection().insert_one({"mailing": mailing["_id"], "state": state.value,
                                              "message_id": str(number)})  # fmt: skip
    Suppressed(channel="mail", address="a@b.fi", reason=Reason.UNSUBSCRIBED.value, at=now(),
               mailing=mailing["_id"]).save()  # fmt: skip
    row = results_of(admin_access, campaign).mailings[0]
    assert (dict(row.states), row.unsubscribed) == ({"sent": 2, "failed": 1}, 1)


def test_a_segment_whose_members_can_not_be_told_has_no_count(campaign: Raw, admin_access: Access) -> None:
    segment = create_record(admin_access, "segment", {"name": "Growing", "kind": "fixed"})
    raw = update_record(admin_access, "campaign", campaign["_id"], {"segments": [str(segment["_id"])]})
    blind = Access(grants={("campaign", "see"): Scope.ALL, ("segment", "see"): Scope.ALL})
    rows = results_of(blind, raw).segments
    assert [(one.name, one.count or 0) for one in rows] == [("Growing", 0)]
