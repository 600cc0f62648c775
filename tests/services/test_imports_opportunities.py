"""Products and opportunities out of CSV files, by the command."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from models.rights import system_access
from services.records import create_record
from tests.factories import CompanyFactory
from tests.services.importing import records

PRODUCTS = """
register: product
match: code
columns:
  Nimi: name
  Koodi: code
  Ryhmä: {field: category, add_choices: true}
  Hinta: price
  Yksikkö: unit
"""
OPPORTUNITIES = """
register: opportunity
match: name
columns:
  Nimi: name
  Asiakas: {field: company, link_by: name}
  Vaihe: stage
  Arvo: value
  Päätös: closes_on
  Tila: state
  Syy: reason
"""


def run(app: Flask, tmp_path: Path, register: str, mapping: str, text: str) -> Result:
    (tmp_path / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    return app.test_cli_runner().invoke(args=[
        "import-records", register, str(tmp_path / "list.csv"), "--mapping", str(tmp_path / "mapping.yaml"),
        "--language", "fi",
    ])  # fmt: skip


def test_products_come_with_prices_and_new_categories_once(app: Flask, tmp_path: Path) -> None:
    text = "Nimi;Koodi;Ryhmä;Hinta;Yksikkö\nNosturi;N-1;Goods;18 400,50 €;kpl\nHuolto;H-1;Huollot;95;h\n"
    for _ in range(2):
        assert run(app, tmp_path, "product", PRODUCTS, text).exit_code == 0
    crane, service = sorted(records("product"), key=lambda raw: raw["code"], reverse=True)
    assert (crane["name"], crane["category"], crane["unit"], crane["state"]) == ("Nosturi", "goods", "kpl", "on_sale")
    assert [(str(raw["price"]["amount"]), raw["price"]["currency"]) for raw in (crane, service)] == [
        ("18400.50", "EUR"), ("95.00", "EUR")]  # fmt: skip


def test_opportunities_find_their_company_and_get_what_follows(app: Flask, tmp_path: Path) -> None:
    firm = CompanyFactory(name="Voima Oy")
    text = ("Nimi,Asiakas,Vaihe,Arvo,Päätös,Tila,Syy\nHalli,voima oy,offer,\"12 000,50\",31.12.2026,open,\n"
            "Nosturi,Voima Oy,negotiation,500 SEK,1.2.2026,lost,price\n")  # fmt: skip
    result = run(app, tmp_path, "opportunity", OPPORTUNITIES, text)
    assert result.exit_code == 0, result.output
    halli, lost = sorted(records("opportunity"), key=lambda raw: str(raw["name"]))
    assert (halli["company"], halli["pipeline"], halli["probability"]) == (firm["_id"], "sales", 50)
    assert (str(halli["value"]["amount"]), halli["closes_on"].date().isoformat()) == ("12000.50", "2026-12-31")
    assert (lost["probability"], lost["value"]["currency"], "closed_on" in lost) == (0, "SEK", True)


def test_a_row_that_was_lost_without_a_reason_is_told_and_left_out(app: Flask, tmp_path: Path) -> None:
    CompanyFactory(name="Voima Oy")
    text = "Nimi,Asiakas,Vaihe,Arvo,Päätös,Tila,Syy\nA,Voima Oy,offer,,,lost,\nB,Voima Oy,offer,,,won,\n"
    result = run(app, tmp_path, "opportunity", OPPORTUNITIES, text)
    assert [raw["name"] for raw in records("opportunity")] == ["B"]
    assert "2" in result.output


def test_names_alone_begin_at_the_first_stage(app: Flask, tmp_path: Path) -> None:
    assert run(app, tmp_path, "opportunity", "columns: {Nimi: name}", "Nimi\nHalli\n").exit_code == 0
    (raw,) = records("opportunity")
    assert (raw["stage"], raw["state"], raw["probability"]) == ("qualification", "open", 10)


@pytest.mark.parametrize("mapping", ["columns: {Nimi: name, Tuotteet: products}", (
    "columns: {Nimi: name}\nconstants: {products: '[]'}")])  # fmt: skip
def test_rows_of_products_are_refused_with_what_to_do(app: Flask, tmp_path: Path, mapping: str) -> None:
    result = run(app, tmp_path, "opportunity", mapping, "Nimi,Tuotteet\nA,2 x Pumppu\n")
    assert (result.exit_code, records("opportunity")) == (1, [])
    assert ("Tuotteet" if "Tuotteet" in mapping else "constants › products") in result.output


def test_an_opportunity_that_is_there_is_not_overwritten(app: Flask, tmp_path: Path) -> None:
    CompanyFactory(name="Voima Oy")
    there = create_record(system_access(), "opportunity", {"name": "Halli", "stage": "needs", "probability": 33})
    text = "Nimi,Asiakas,Vaihe,Arvo,Päätös,Tila,Syy\nHalli,Voima Oy,offer,,,open,\n"
    assert run(app, tmp_path, "opportunity", OPPORTUNITIES, text).exit_code == 0
    assert [(raw["stage"], raw["probability"], raw["version"]) for raw in records("opportunity")] == [
        (there["stage"], 33, 1)]  # fmt: skip
