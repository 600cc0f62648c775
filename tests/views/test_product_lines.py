"""Rows of products on screen: the sheet of a form by mouse and keyboard, the table of a page, by rights throughout."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson import Decimal128
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page, expect

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.kinds.lines import ProductLines, number_of, with_amount
from models.fields.schema import schema_of
from models.opportunities import OPPORTUNITIES
from models.rights import Access, system_access
from models.security import FieldRight, Role, User
from services.records import create_record, get_record, update_record
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
SCRIPT = Path(__file__).parents[2] / "assets" / "js" / "line-amounts.js"


@pytest.fixture
def crane(admin_access: Access) -> Raw:
    values = {"name": "Bridge crane", "code": "BC-5", "price": "18400 EUR", "unit": "pcs"}
    return create_record(admin_access, "product", values)


@pytest.fixture
def deal(admin_access: Access, crane: Raw) -> Raw:
    lines = [{"product": str(crane["_id"]), "quantity": "2", "discount": "10"}, {"name": "Fitting", "price": "99.99"}]
    return create_record(admin_access, "opportunity", {"name": "New hall", "products": lines})


@pytest.fixture
def signed_in(page: Page, admin: User) -> Page:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    return page


def sheet(page: Page) -> Locator:
    return page.get_by_role("group", name="Products")


def saved(access: Access, deal: Raw) -> list[tuple[str, str, str]]:
    lines = get_record(access, "opportunity", deal["_id"])["products"]
    return [(line["name"], str(line["quantity"]), str(line["amount"])) for line in lines]


def typed(page: Page) -> list[Raw]:
    return list(json.loads(page.locator(".k-lines textarea").input_value()))


# Amounts


def numbers(chance: random.Random, mark: str) -> str:
    whole = str(chance.randrange(10 ** chance.randrange(1, 12)))
    digits = "".join(chance.choice("0055" "123456789") for _ in range(chance.randrange(0, 7)))
    text = f"{whole}{mark}{digits}" if digits else whole
    return chance.choice(("", "", "-", "+")) + text


ODD = ["", "1,234", "1.234", "1,234.5", "1.234,5", "1 234,5", "1'000", "−5", ".5", "5.", "1,2,3", "abc", "1e5", "--1",
       "999999999999999.99995", "1000000000000000", "0.00005", "0.00015", "0,00025"]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fi"])
def test_amounts_in_the_browser_are_the_server_s(browser: Browser, language: str) -> None:
    mark, chance = {"en": ".", "fi": ","}[language], random.Random(7)
    rows = [{"quantity": numbers(chance, mark), "price": numbers(chance, mark),
             "discount": str(chance.choice((0, 5, 12.5, 33.3333, 100))).replace(".", mark)}
            for _ in range(1500)]  # fmt: skip
    rows += [{"quantity": one, "price": other, "discount": ""} for one in ODD for other in ("1", "3,3333", "0.005")]
    page = browser.new_page()
    shown = page.evaluate(
        """async ([script, rows, mark]) => {
          const { typedAmount, centsText } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
          return rows.map((row) => typedAmount(row, mark)).map((cents) => cents === null ? null : centsText(cents));
        }""",
        [SCRIPT.read_text(encoding="utf-8"), rows, mark],
    )
    page.close()
    field = next(field for field in OPPORTUNITIES.fixed_fields if field.column == "products")
    context = Context(language=language)
    expected = [amount_by_server(row, field, context) for row in rows]
    assert sum(amount is not None for amount in expected) > 1000
    assert [(row, one) for row, one in zip(rows, shown, strict=True)] == list(zip(rows, expected, strict=True))


def amount_by_server(row: Raw, field: Any, context: Context) -> str | None:
    try:
        parsed = ProductLines().parse([{"name": "A", **row}], field, context)
    except FieldError:
        return None
    return str(parsed[0]["amount"])


def test_typed_numbers_are_kept_to_four_decimals() -> None:
    assert str(number_of("0,00015", Context(language="fi"))) == "0.0002"
    line = {name: Decimal128("1") for name in ("quantity", "price", "discount")}
    assert str(with_amount(line)["amount"]) == "0.99"


# The form


def test_choosing_a_product_fills_its_row_and_saves(signed_in: Page, admin_access: Access, deal: Raw) -> None:
    signed_in.goto(f"/opportunities/edit/{deal['_id']}")
    expect(sheet(signed_in).locator("[data-lines-total]")).to_have_text("€33,219.99")
    sheet(signed_in).get_by_role("button", name="Add row").click()
    signed_in.keyboard.type("BC-5")
    signed_in.get_by_role("option", name="Bridge crane, BC-5").wait_for()
    signed_in.keyboard.press("Enter")
    expect(sheet(signed_in).get_by_label("Quantity, row 3")).to_be_focused()
    expect(sheet(signed_in).get_by_label("Price, row 3")).to_have_value("18400.00")
    expect(sheet(signed_in).get_by_label("Unit, row 3")).to_have_value("pcs")
    signed_in.keyboard.type("3")
    expect(sheet(signed_in).get_by_label("Amount, row 3")).to_have_text("€55,200.00")
    signed_in.get_by_role("button", name="Save").click()
    signed_in.wait_for_url("**/show/**")
    assert saved(admin_access, deal)[2] == ("Bridge crane", "3", "55200.00")
    expect(signed_in.locator(".k-lineview tfoot")).to_contain_text("€88,419.99")


def test_enter_in_the_last_row_adds_one_and_any_name_will_do(signed_in: Page, admin_access: Access, deal: Raw) -> None:
    signed_in.goto(f"/opportunities/edit/{deal['_id']}")
    sheet(signed_in).get_by_label("Price, row 1").press("Enter")
    expect(sheet(signed_in).get_by_label("Price, row 2")).to_be_focused()
    signed_in.keyboard.press("Enter")
    signed_in.keyboard.type("Painting by hand")
    signed_in.get_by_text("Use “Painting by hand” as it is").wait_for()
    signed_in.keyboard.press("Tab")
    sheet(signed_in).get_by_label("Price, row 3").fill("250")
    signed_in.get_by_role("button", name="Save").click()
    signed_in.wait_for_url("**/show/**")
    assert saved(admin_access, deal)[2] == ("Painting by hand", "1", "250.00")


def test_rows_are_removed_brought_back_and_moved(signed_in: Page, deal: Raw) -> None:
    signed_in.goto(f"/opportunities/edit/{deal['_id']}")
    sheet(signed_in).get_by_role("button", name="Remove, row 1").click()
    assert [line["name"] for line in typed(signed_in)] == ["Fitting"]
    signed_in.locator(".k-toast").get_by_role("button", name="Undo").click()
    assert [line["name"] for line in typed(signed_in)] == ["Bridge crane", "Fitting"]
    sheet(signed_in).get_by_role("button", name="Move the row").nth(1).press("Alt+ArrowUp")
    assert [line["name"] for line in typed(signed_in)] == ["Fitting", "Bridge crane"]
    expect(sheet(signed_in).get_by_label("Price, row 1")).to_have_value("99.99")


def test_a_refused_save_keeps_the_rows_and_says_which_is_wrong(signed_in: Page, deal: Raw) -> None:
    signed_in.goto(f"/opportunities/edit/{deal['_id']}")
    sheet(signed_in).get_by_label("Discount, %, row 2").fill("250")
    expect(sheet(signed_in).get_by_label("Amount, row 2")).to_have_text("–")
    signed_in.get_by_role("button", name="Save").click()
    expect(signed_in.get_by_text("Row 2: A discount is a percentage from 0 to 100.")).to_be_visible()
    expect(sheet(signed_in).get_by_label("Discount, %, row 2")).to_have_value("250")
    expect(signed_in.locator(".k-lines tr.is-wrong")).to_have_count(1)
    expect(signed_in.locator(".k-lines tr.is-wrong input[aria-invalid]")).to_be_focused()


def test_a_product_in_another_currency_leaves_its_price_to_the_user(
    signed_in: Page, admin_access: Access, deal: Raw
) -> None:
    create_record(admin_access, "product", {"name": "Pump", "price": "1000 SEK"})
    signed_in.goto(f"/opportunities/edit/{deal['_id']}")
    sheet(signed_in).get_by_role("button", name="Add row").click()
    signed_in.keyboard.type("Pump")
    signed_in.get_by_role("option", name="Pump", exact=True).click()
    expect(signed_in.locator(".k-toast")).to_contain_text("priced in SEK")
    expect(sheet(signed_in).get_by_label("Price, row 3")).to_have_value("")
    # Alone it brings its currency.
    signed_in.goto("/opportunities/add")
    sheet(signed_in).get_by_role("button", name="Add row").click()
    signed_in.keyboard.type("Pump")
    signed_in.get_by_role("option", name="Pump", exact=True).click()
    expect(sheet(signed_in).get_by_label("Currency")).to_have_value("SEK")


def test_adding_from_a_product_s_page_begins_with_its_row(signed_in: Page, crane: Raw) -> None:
    signed_in.goto(f"/products/show/{crane['_id']}")
    signed_in.get_by_role("link", name="Add opportunity").click()
    expect(sheet(signed_in).get_by_label("Price, row 1")).to_have_value("18400.00")
    expect(sheet(signed_in).get_by_label("Amount, row 1")).to_have_text("€18,400.00")


def test_rows_are_edited_in_their_place_on_the_page(signed_in: Page, admin_access: Access, deal: Raw) -> None:
    signed_in.goto(f"/opportunities/show/{deal['_id']}")
    signed_in.get_by_role("button", name="Edit Products").click()
    sheet(signed_in).get_by_label("Quantity, row 2").fill("4")
    signed_in.locator(".k-inplace").get_by_role("button", name="Save").click()
    expect(signed_in.locator(".k-lineview tfoot")).to_contain_text("€33,519.96")
    assert saved(admin_access, deal)[1] == ("Fitting", "4", "399.96")


# Without script


def test_without_script_the_text_holds_the_rows_and_untouched_changes_nothing(
    client: FlaskClient, admin_access: Access, deal: Raw
) -> None:
    field = schema_of("opportunity").field("products")
    text = ProductLines().edit_text(deal["products"], field, Context())
    assert "Each row stands between braces" in client.get(f"/opportunities/edit/{deal['_id']}").text
    # Browsers end lines with both signs; somebody else has changed the rows meanwhile.
    update_record(admin_access, "opportunity", deal["_id"], {"products": [{"name": "Other", "price": "1"}]})
    form = {"version": "1", "name": "Renamed", "products": text.replace("\n", "\r\n")}
    assert client.post(f"/opportunities/edit/{deal['_id']}", data=form).status_code == 302
    after = get_record(admin_access, "opportunity", deal["_id"])
    assert (after["name"], saved(admin_access, deal)) == ("Renamed", [("Other", "1", "1.00")])


@pytest.mark.parametrize("sent", ["[", "nothing", "{}", "[1]", "[[]]", '[{"name": {}}]', '[{"product": ["x"]}]',
                                  "[" * 5000, '[{"name": "A", "price": "1", "currency": ["SEK"]}]'])  # fmt: skip
def test_whatever_is_sent_comes_back_as_it_was_typed(client: FlaskClient, deal: Raw, sent: str) -> None:
    answer = client.post("/opportunities/add", data={"name": "A", "products": sent})
    assert answer.status_code == 422
    assert f">\r\n{sent}".replace('"', "&#34;").replace("&#34;>", '">') in answer.text


# Conflicts, lists, histories


def test_two_who_change_the_rows_see_each_other_s(client: FlaskClient, admin_access: Access, deal: Raw) -> None:
    update_record(admin_access, "opportunity", deal["_id"], {"products": [{"name": "Theirs", "price": "7"}]})
    mine = '[{"name": "Mine", "price": "8"}]'
    answer = client.post(f"/opportunities/edit/{deal['_id']}", data={"version": "1", "products": mine})
    assert answer.status_code == 409
    assert "It is now: 1 × Theirs, €7.00" in answer.text


def test_history_and_lists_tell_rows_in_words(client: FlaskClient, admin_access: Access, deal: Raw) -> None:
    lines = [{"name": "Fitting", "price": "99.99", "quantity": 3}]
    update_record(admin_access, "opportunity", deal["_id"], {"products": lines})
    history = client.get(f"/opportunities/history/{deal['_id']}").text
    assert "3 × Fitting, €99.99 = €299.97" in history
    assert "2 pcs × Bridge crane, €18,400.00 − 10 % = €33,120.00" in history
    assert "3 × Fitting" in client.get("/opportunities/?cols=name,products").text
    as_of = client.get(f"/opportunities/as_of/{deal['_id']}?day=2100-01-01").text
    assert 'class="k-lineview"' in as_of


def test_a_filter_by_product_says_its_name_and_keeps_the_column(client: FlaskClient, deal: Raw, crane: Raw) -> None:
    create = client.get(f"/opportunities/?cols=name,products&_flt_eq_products={crane['_id']}").text
    assert "New hall" in create
    assert "includes" in create
    assert "Bridge crane" in create
    assert client.get(f"/opportunities/?_flt_eq_products={'0' * 24}").text.count("New hall") == 0


def test_one_row_s_product_can_be_asked_for_alone(client: FlaskClient, admin_access: Access, crane: Raw) -> None:
    create_record(admin_access, "opportunity", {"name": "One", "products": [{"product": str(crane["_id"])}]})
    page = client.get("/opportunities/?cols=name,products").text
    assert f'data-only="_flt_eq_products={crane["_id"]}"' in page


def test_rows_are_neither_edited_in_cells_nor_in_bulk(client: FlaskClient, deal: Raw) -> None:
    page = client.get("/opportunities/?cols=products,name").text
    assert '<th scope="col" data-column="products">' in page
    names = client.get("/opportunities/field_names?writable=1&bulk=1&q=").json
    assert names is not None
    assert "products" not in {one["value"] for one in names["results"]}
    assert "products" in {one["value"] for one in (client.get("/opportunities/field_names?q=").json or {})["results"]}


# Rights


@pytest.fixture
def limited(make_role: Callable[..., Role], make_user: Callable[..., User]) -> Callable[..., User]:
    """Makes a user of opportunities who sees own products only, without their prices."""

    def make() -> User:
        hidden = [FieldRight(register="product", column="price", access="hidden")]
        grants = [("opportunity", action, "all") for action in ("see", "add", "change")]
        return make_user("limited", make_role("Deals", *grants, ("product", "see", "own"), field_rights=hidden))

    return make


def test_a_product_that_one_may_not_see_is_named_without_a_link(
    limited: Callable[..., User], sign_in: Callable[[User], FlaskClient], client: FlaskClient, deal: Raw, crane: Raw
) -> None:
    address, link = f"/opportunities/show/{deal['_id']}", f"/products/show/{crane['_id']}"
    assert link in client.get(address).text
    page = sign_in(limited()).get(address).text
    assert "Bridge crane" in page
    assert link not in page


def test_rows_whose_products_one_may_not_see_stay_as_they_are(
    limited: Callable[..., User], sign_in: Callable[[User], FlaskClient], admin_access: Access, deal: Raw
) -> None:
    browser = sign_in(limited())
    field = schema_of("opportunity").field("products")
    lines = json.loads(ProductLines().edit_text(deal["products"], field, Context()))
    lines[1]["price"] = "50"
    form = {"version": "1", "name": "New hall", "products": json.dumps(lines)}
    assert browser.post(f"/opportunities/edit/{deal['_id']}", data=form).status_code == 302
    assert saved(admin_access, deal) == [("Bridge crane", "2", "33120.00"), ("Fitting", "1", "50.00")]


def test_options_tell_values_by_the_fields_that_one_sees(
    limited: Callable[..., User], sign_in: Callable[[User], FlaskClient], client: FlaskClient, crane: Raw
) -> None:
    told = client.get("/options/product?q=crane&columns=name,price,unit,nothing").json
    assert told == {"results": [{"value": str(crane["_id"]), "label": "Bridge crane, BC-5", "values": {
        "name": "Bridge crane", "unit": "pcs", "price": {"amount": "18400.00", "currency": "EUR"}}}]}  # fmt: skip
    user = limited()
    browser = sign_in(user)
    assert browser.get(f"/options/product?value={crane['_id']}&columns=price").json == {"results": []}
    own = create_record(system_access(), "product", {"name": "Own", "price": "5 EUR", "owner": str(user.pk)})
    assert browser.get(f"/options/product?value={own['_id']}&columns=name,price").json == {
        "results": [{"value": str(own["_id"]), "label": "Own", "values": {"name": "Own"}}]}  # fmt: skip
    assert browser.get("/options/product?value=nonsense").json == {"results": []}
