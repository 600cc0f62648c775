"""Templates: kept, matched to fields, mapped, replaced, deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from models.files import StoredFile
from models.registers import UnknownRegister
from models.rights import Access, NotAllowed
from models.security import FieldRight
from services.merge import (
    FieldState,
    MergeProblem,
    delete_template,
    field_status,
    get_template,
    list_templates,
    rename_template,
    set_field_map,
    template_file,
    unknown_fields,
    upload_template,
)
from services.records import RecordNotFound
from services.settings import define_field, retire_field
from services.word import TemplateError
from tests.services.merging import REAL, keep, template_with
from tests.word.making import docx, field, merge_field, p


@pytest.fixture
def sector(admin_access: Access) -> dict[str, Any]:
    return define_field(admin_access, {
        "register": "company", "key": "sector", "kind": "text", "label": {"en": "Line of business", "fi": "Toimiala"},
    })  # fmt: skip


def states(access: Access, template: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {found.name: (found.state.value, found.column) for found in field_status(access, template)}


def test_field_status_key_column_and_labels_of_both_languages_are_known(
    admin_access: Access, sector: dict[str, Any]
) -> None:
    names = ["POSTAL_CODE", "postal code", "Business_ID", "sector", "X_Sector", "line_of business", "TOIMIALA"]
    template = keep(admin_access, *names)
    found = states(admin_access, template)
    assert found == {
        "POSTAL_CODE": ("known", "postal_code"), "Business_ID": ("known", "business_id"),
        "sector": ("known", "x_sector"), "X_Sector": ("known", "x_sector"),
        "line_of business": ("known", "x_sector"), "TOIMIALA": ("known", "x_sector"),
    }  # fmt: skip


def test_field_status_unknown_offers_the_nearest(admin_access: Access) -> None:
    template = keep(admin_access, "Postcode", "Zzqy")
    near = {found.name: found.nearest for found in field_status(admin_access, template)}
    assert near == {"Postcode": "postal_code", "Zzqy": ""}
    assert unknown_fields(admin_access, template) == ["Postcode", "Zzqy"]


def test_field_status_names_parts_and_what_is_not_supported(admin_access: Access) -> None:
    data = docx(p(merge_field("name"), field(' DATABASE \\d "C:\\x.mdb" '), field(" PAGE ")),
                section='<w:sectPr><w:headerReference w:type="default" r:id="rIdheader1"/></w:sectPr>',
                parts={"header1": p(merge_field("NAME"), merge_field("city"))})  # fmt: skip
    template = upload_template(admin_access, "company", "T", data)
    found = {each.name: each for each in field_status(admin_access, template)}
    assert set(found["name"].parts) == {"body", "header"}
    assert found["city"].parts == ("header",)
    assert found["DATABASE"].state is FieldState.UNSUPPORTED
    assert "PAGE" not in found


def test_field_status_retired_field_is_unknown(admin_access: Access, sector: dict[str, Any]) -> None:
    template = keep(admin_access, "Toimiala")
    set_field_map(admin_access, template["_id"], {})
    retire_field(admin_access, sector["_id"])
    assert states(admin_access, template) == {"Toimiala": ("unknown", "")}


def test_field_status_hidden_field_is_unknown_to_that_user(
    admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    right = FieldRight(register="company", column="phone", access="hidden")
    role = make_role("Seller", ("company", "see", "all"), ("company", "merge", "all"), field_rights=[right])
    template = keep(admin_access, "phone", "Puhelin")
    set_field_map(admin_access, template["_id"], {"Puhelin": "phone"})
    seller = access_of(make_user("seller", role))
    assert unknown_fields(admin_access, get_template(admin_access, template["_id"])) == []
    assert unknown_fields(seller, get_template(seller, template["_id"])) == ["phone", "Puhelin"]


def test_set_field_map_fills_changes_and_empties(admin_access: Access) -> None:
    template = keep(admin_access, "Yritys.nimi", "Paikka")
    template = set_field_map(admin_access, template["_id"], {"yritys.NIMI": "name", "Paikka": "city"})
    assert states(admin_access, template) == {"Yritys.nimi": ("known", "name"), "Paikka": ("known", "city")}
    template = set_field_map(admin_access, template["_id"], {"Paikka": ""})
    assert states(admin_access, template) == {"Yritys.nimi": ("known", "name"), "Paikka": ("unknown", "")}


def test_set_field_map_wrong_name_or_column_changes_nothing(admin_access: Access) -> None:
    template = keep(admin_access, "Paikka")
    with pytest.raises(MergeProblem, match="no merge field “Muu”"):
        set_field_map(admin_access, template["_id"], {"Muu": "city"})
    with pytest.raises(MergeProblem, match=r"no field “\$where”"):
        set_field_map(admin_access, template["_id"], {"Paikka": "$where"})
    assert get_template(admin_access, template["_id"])["field_map"] == []


@pytest.mark.parametrize("name", ["c02_test_winword2010.docx", "c07_test_footnote_header_footer.docx"])
def test_upload_template_real_file_comes_back_as_it_was(admin_access: Access, name: str) -> None:
    data = (REAL / "templates" / name).read_bytes()
    template = upload_template(admin_access, "company", "", data, file_name=name)
    assert template["name"] == name.removesuffix(".docx")
    file = template_file(admin_access, template["_id"])
    assert (file["name"], file["size"], file["purpose"]) == (name, len(data), "template")


@pytest.mark.parametrize("bad", ["x_pdf", "x_text", "x_empty", "x_truncated", "x_xxe", "x_slip", "x_laughs"])
def test_upload_template_bad_file_is_refused_and_nothing_kept(admin_access: Access, bad: str) -> None:
    with pytest.raises(TemplateError):
        upload_template(admin_access, "company", "T", (REAL / "bad" / f"{bad}.docx").read_bytes())
    assert list_templates(admin_access, "company") == []
    assert StoredFile._get_collection().count_documents({}) == 0


@pytest.mark.parametrize("name", ["", "  \x00 ", ".docx", "n" * 201])
def test_upload_template_wrong_name_is_said_of_the_name(admin_access: Access, name: str) -> None:
    with pytest.raises(MergeProblem) as caught:
        upload_template(admin_access, "company", name, template_with("name"))
    assert caught.value.field == "name"


def test_upload_template_too_large_is_refused_unread(admin_access: Access) -> None:
    with pytest.raises(MergeProblem, match="at most 20 MB"):
        upload_template(admin_access, "company", "T", b"0" * ((20 << 20) + 1))


def test_upload_template_replace_keeps_id_and_map_and_drops_the_old_file(admin_access: Access) -> None:
    before = set_field_map(admin_access, keep(admin_access, "Paikka")["_id"], {"Paikka": "city"})
    after = upload_template(
        admin_access, "company", "New", template_with("Paikka", "name"), replace=before["_id"]
    )  # fmt: skip
    assert (after["_id"], after["name"], after["version"]) == (before["_id"], "New", before["version"] + 1)
    assert states(admin_access, after) == {"Paikka": ("known", "city"), "name": ("known", "name")}
    assert StoredFile._get_collection().count_documents({}) == 1
    with pytest.raises(RecordNotFound):
        upload_template(admin_access, "person", "New", template_with("name"), replace=before["_id"])


def test_rename_and_delete_template(admin_access: Access) -> None:
    template = keep(admin_access, "name")
    assert rename_template(admin_access, template["_id"], " Kesä kirje.docx ")["name"] == "Kesä kirje"
    delete_template(admin_access, template["_id"])
    with pytest.raises(RecordNotFound):
        get_template(admin_access, template["_id"])
    assert StoredFile._get_collection().count_documents({}) == 0


def test_templates_are_for_those_who_may_merge_in_their_register(
    admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    role = make_role("Secretary", ("person", "see", "all"), ("person", "merge", "all"), ("company", "see", "all"))
    secretary = access_of(make_user("secretary", role))
    template = keep(admin_access, "name")
    mine = keep(secretary, "name", register="person", name="b")
    other = keep(admin_access, "name", register="person", name="A")
    assert [raw["_id"] for raw in list_templates(secretary, "person")] == [other["_id"], mine["_id"]]
    with pytest.raises(NotAllowed):
        list_templates(secretary, "company")
    with pytest.raises(NotAllowed):
        keep(secretary, "name")
    for refused in (get_template, delete_template, template_file):
        with pytest.raises(RecordNotFound):
            refused(secretary, template["_id"])
    with pytest.raises(UnknownRegister):
        list_templates(secretary, "nothing")
