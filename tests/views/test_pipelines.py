"""Pipelines in the settings: rows of stages that work without scripts, and what the board makes of them."""

import html
import re
from typing import Any

from flask.testing import FlaskClient

from models.rights import Access
from services.pipelines import add_pipeline, change_pipeline, get_pipeline
from services.records import create_record

Raw = dict[str, Any]
PATH = "/settings/pipelines"


def posted(stages: list[Raw], **values: Any) -> Raw:
    """What the form sends for these stages."""
    columns = ("key", "en", "fi", "colour", "state", "probability", "rests_after")
    return {"label_en": "Sales", "label_fi": "Myynti", "version": "0", **values,
            **{f"stage_{name}": [stage.get(name, "") for stage in stages] for name in columns}}  # fmt: skip


SALES = [{"key": key, "en": key.title(), "probability": "50", "colour": "blue"}
         for key in ("qualification", "needs", "offer", "negotiation")]  # fmt: skip


def test_stages_are_renamed_added_and_put_in_order(client: FlaskClient) -> None:
    assert client.get(f"{PATH}/").status_code == 200
    edit = f"{PATH}/edit/sales"
    assert 'value="Qualification"' in client.get(edit).text
    added = client.post(edit, data=posted(SALES, rows="add")).text
    assert added.count('name="stage_key"') == len(SALES) + 3
    moved = client.post(edit, data=posted(SALES, rows="down:0")).text
    assert re.findall(r'name="stage_key" value="(\w+)"', moved)[:2] == ["needs", "qualification"]
    first = {**SALES[0], "fi": "Kartoitus", "rests_after": "14"}
    stages = [SALES[1], first, *SALES[2:], {"en": "Trial", "colour": "pink"}]
    assert client.post(edit, data=posted(stages)).location == f"{PATH}/"
    saved = get_pipeline("sales")
    assert [stage["key"] for stage in saved["stages"]] == ["needs", "qualification", "offer", "negotiation", "trial"]
    assert (saved["label"], saved["stages"][1]["rests_after"]) == ({"en": "Sales", "fi": "Myynti"}, 14)
    board = client.get("/opportunities/board").text
    assert board.index('data-column="needs"') < board.index('data-column="qualification"')
    assert 'data-column="trial"' in board


def test_what_is_wrong_is_told_and_what_was_typed_stays(client: FlaskClient) -> None:
    stages = [{**SALES[0], "probability": "150", "fi": "Typed"}]
    refused = client.post(f"{PATH}/edit/sales", data=posted(stages))
    assert refused.status_code == 422
    assert "from 0 to 100" in refused.text
    assert 'value="Typed"' in refused.text
    nameless = client.post(f"{PATH}/add", data=posted([{"en": "First"}], label_en="", label_fi=""))
    assert nameless.status_code == 422
    assert "Give a label" in nameless.text


def test_somebody_else_s_changes_are_shown(client: FlaskClient, admin_access: Access) -> None:
    stages = [*get_pipeline("sales")["stages"], {"label": {"en": "Theirs"}}]
    change_pipeline(admin_access, "sales", {"stages": stages})
    conflict = client.post(f"{PATH}/edit/sales", data=posted(SALES))
    assert conflict.status_code == 409
    assert "It is now: " in conflict.text
    assert 'value="theirs"' in conflict.text
    assert 'name="version" value="1"' in conflict.text


def test_a_pipeline_is_added_retired_and_put_in_order(client: FlaskClient, admin_access: Access) -> None:
    only = client.post(f"{PATH}/retire/sales", follow_redirects=True)
    assert "must stay in use" in only.text
    added = client.post(f"{PATH}/add", data=posted([{"en": "First"}], label_en="Spare parts"), follow_redirects=True)
    assert "Spare parts" in added.text
    client.post(f"{PATH}/move/spare_parts", data={"direction": "up"})
    assert "autofocus" in client.get(f"{PATH}/?moved=sales&direction=up").text
    assert client.post(f"{PATH}/retire/sales", follow_redirects=True).text.count("Retired") >= 1
    assert get_pipeline("sales")["retired"]
    client.post(f"{PATH}/restore/sales")
    assert not get_pipeline("sales")["retired"]
    assert client.get(f"{PATH}/edit/nothing").status_code == 404


def test_a_company_s_page_tells_of_its_opportunities(client: FlaskClient, admin_access: Access) -> None:
    """Whatever their stages are called by now."""
    add_pipeline(admin_access, {"label": {"en": "Spare parts"}, "stages": [{"label": {"en": "Trial"}}]})
    company = create_record(admin_access, "company", {"name": "Alfa"})
    create_record(admin_access, "opportunity", {"name": "Pump", "stage": "trial", "value": "5 EUR",
                                                "company": str(company["_id"])})  # fmt: skip
    text = client.get(f"/companies/show/{company['_id']}").text
    assert "Pump" in text
    assert "Open · Trial · €5.00" in text


def test_the_board_shows_one_pipeline_at_a_time(client: FlaskClient, admin_access: Access) -> None:
    assert "k-pipelines" not in client.get("/opportunities/board").text
    add_pipeline(admin_access, {"label": {"en": "Spare parts"}, "stages": [{"label": {"en": "First"}}]})
    create_record(admin_access, "opportunity", {"name": "Pump", "stage": "first"})
    first = client.get("/opportunities/board").text
    assert "k-pipelines" in first
    assert "Pump" not in first
    other = client.get("/opportunities/board?_flt_eq_pipeline=spare_parts&_flt_ct_name=Pump").text
    assert "Pump" in other
    assert 'data-column="qualification"' not in other
    assert "Remove the condition Pipeline" not in html.unescape(other)
    change_pipeline(admin_access, "spare_parts", {"retired": True})
    assert "Pump" in client.get("/opportunities/board?_flt_eq_pipeline=spare_parts").text
    assert client.get("/opportunities/board?_flt_eq_pipeline=nothing").status_code == 200
