"""The blocks of a record's page: where they stand for whom, and moving them."""

from collections.abc import Callable
from typing import Any

import pytest

from models.changes import Change
from models.layouts import RecordLayout
from models.rights import Access, NotAllowed
from services.layouts import layout_of, place_block, places_for, reset_layout, role_of, usual_places
from services.records import RecordNotFound
from services.settings import define_field

USUAL = {
    "left": ["section.basic", "section.classification", "section.extra"], "middle": ["activities", "timeline"],
    "right": ["related.person.companies", "related.opportunity.company", "related.document.companies",
              "relationships", "section.record"],
    "hidden": [],
}  # fmt: skip


def test_nobody_has_moved_anything(admin_access: Access) -> None:
    assert usual_places("company") == USUAL
    assert places_for(admin_access, "company") == USUAL
    assert usual_places("person")["right"] == [
        "related.companies", "related.opportunity.people", "related.document.people", "relationships",
        "section.record"]


def test_a_block_is_put_behind_another_on_top_or_aside(admin_access: Access) -> None:
    place_block(admin_access, "company", None, "timeline", "left", "section.basic")
    assert places_for(admin_access, "company")["left"] == [
        "section.basic", "timeline", "section.classification", "section.extra"]  # fmt: skip
    place_block(admin_access, "company", None, "section.extra", "middle", "")
    place_block(admin_access, "company", None, "section.record", "hidden", "nothing like it")
    places = places_for(admin_access, "company")
    assert (places["middle"], places["hidden"]) == (["section.extra", "activities"], ["section.record"])
    assert [entry.version for entry in Change.objects(register="record_layout").order_by("version")] == [1, 2, 3]


def test_a_role_has_its_own_and_others_everybody_s(
    admin_access: Access, make_role: Callable[..., Any], make_user: Callable[..., Any], access_of: Callable[..., Any]
) -> None:
    seller, other = (make_role(name, ("company", "see", "all")) for name in ("Seller", "Other"))
    place_block(admin_access, "company", None, "timeline", "right", "")
    place_block(admin_access, "company", seller.pk, "section.basic", "hidden", "")
    anna, bea = access_of(make_user("anna", "Seller")), access_of(make_user("bea", "Other"))
    # The role's layout began as everybody's.
    assert places_for(anna, "company")["hidden"] == ["section.basic"]
    assert places_for(anna, "company")["right"][0] == "timeline"
    assert places_for(bea, "company")["hidden"] == []
    assert layout_of("company", other.pk)[1] is False
    place_block(admin_access, "company", other.pk, "timeline", "hidden", "")
    both = access_of(make_user("both", "Seller", "Other"))
    # The first by its role's name: "Other" comes before "Seller".
    assert places_for(both, "company")["hidden"] == ["timeline"]
    reset_layout(admin_access, "company", other.pk)
    assert places_for(both, "company")["hidden"] == ["section.basic"]
    reset_layout(admin_access, "company", None)
    reset_layout(admin_access, "company", None)
    assert places_for(bea, "company") == USUAL


def test_links_that_come_and_go_find_their_place(admin_access: Access) -> None:
    place_block(admin_access, "company", None, "timeline", "left", "")
    define_field(admin_access, {"register": "company", "key": "parent", "kind": "link", "target": "company",
                                "label": {"en": "Parent"}})  # fmt: skip
    assert places_for(admin_access, "company")["right"] == [
        "related.person.companies", "related.opportunity.company", "related.document.companies", "relationships",
        "section.record", "related.company.x_parent"]  # fmt: skip
    RecordLayout.objects.update(set__places={"left": ["gone", "timeline", "timeline.x"], "nowhere": ["section.basic"]})
    define_field(admin_access, {"register": "company", "key": "other", "kind": "text", "label": {"en": "Other"}})
    places = places_for(admin_access, "company")
    assert places["left"] == ["timeline", "section.basic", "section.classification", "section.extra"]


@pytest.mark.parametrize(("block", "place"), [
    ("nothing", "left"), ("timeline", "top"), ("timeline", "places"), ("", ""), ("$set", "left"),
])  # fmt: skip
def test_what_is_not_there_is_not_placed(admin_access: Access, block: str, place: str) -> None:
    with pytest.raises(RecordNotFound):
        place_block(admin_access, "company", None, block, place, "")
    assert RecordLayout.objects.count() == 0


def test_only_those_who_manage_settings_move_blocks(
    make_role: Callable[..., Any], make_user: Callable[..., Any], access_of: Callable[..., Any]
) -> None:
    make_role("Seller", ("company", "change", "all"))
    seller = access_of(make_user("anna", "Seller"))
    with pytest.raises(NotAllowed):
        place_block(seller, "company", None, "timeline", "left", "")
    with pytest.raises(NotAllowed):
        reset_layout(seller, "company", None)


@pytest.mark.parametrize("text", ["abc", "0" * 24, "$ne"])
def test_a_role_that_is_not_there(admin_access: Access, text: str) -> None:
    with pytest.raises(RecordNotFound):
        role_of(text)
    assert role_of("") is None
