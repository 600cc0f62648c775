"""Turning the pages of a list as its links do it."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from models.companies import Company
from models.rights import Access
from services.records import create_records


@pytest.fixture
def companies(admin_access: Access) -> list[str]:
    """Names of 60 companies in their order; every second one has a city."""
    names = [f"Yritys {number:02}" for number in range(60)]
    create_records(admin_access, "company", [
        {"name": name, "city": "Turku" if number % 2 else None} for number, name in enumerate(names)
    ])  # fmt: skip
    return names


def names(html: str) -> list[str]:
    return re.findall(r'class="name" href="/companies/show/[^"]*">([^<]*)</a>', html)


def link(html: str, rel: str) -> str:
    found = re.search(rf'<a class="btn" href="([^"]*)" rel="{rel}"', html)
    return unescape(found[1]) if found else ""


@pytest.mark.parametrize("order", ["", "&order=city", "&order=city&dir=desc", "&order=name&dir=desc"])
def test_links_lead_through_all_rows_and_back(client: FlaskClient, companies: list[str], order: str) -> None:
    address, pages = f"/companies/?page_size=25{order}", []
    while address:
        pages.append(client.get(address).text)
        address = link(pages[-1], "next")
        assert ("after=" in address) == bool(address)
    assert [len(names(page)) for page in pages] == [25, 25, 10]
    assert sorted(name for page in pages for name in names(page)) == companies
    assert "<b>51–60</b> / 60" in pages[2]
    back = client.get(link(pages[2], "prev")).text
    assert names(back) == names(pages[1])
    assert "<b>26–50</b> / 60" in back
    first = link(back, "prev")
    assert "before=" not in first
    assert names(client.get(first).text) == names(pages[0])
    assert link(pages[0], "prev") == ""


def test_another_order_or_filter_leaves_the_key_behind(client: FlaskClient, companies: list[str]) -> None:
    second = client.get(link(client.get("/companies/?_flt_sw_name=Yritys").text, "next")).text
    heads = [unescape(address) for address in re.findall(r'<th scope="col"[^>]*><a href="([^"]*)"', second)]
    removes = [unescape(address) for address in re.findall(r'<a class="x" href="([^"]*)"', second)]
    assert heads
    assert removes
    assert not [address for address in heads + removes if "after=" in address or "page=" in address]


@pytest.mark.parametrize("where", ["after=x", "before=x", "after=%00", "after=%ff&page=3", "before=W10"])
def test_key_that_means_nothing_is_a_400_with_a_message(client: FlaskClient, companies: list[str], where: str) -> None:
    answer = client.get(f"/companies/?{where}")
    assert answer.status_code == 400
    assert "Go back to the first page" in answer.text
    assert names(answer.text) == []


def test_empty_key_and_page_numbers_go_on_working(client: FlaskClient, companies: list[str]) -> None:
    assert names(client.get("/companies/?page=1&after=&before=").text) == companies[25:50]
    assert names(client.get("/companies/?page=2&page_size=10").text) == companies[20:30]


def test_list_over_its_time_says_what_to_do(client: FlaskClient, companies: list[str]) -> None:
    Company._get_collection().insert_many(
        [{"name": "N", "sort_name": "n", "version": 1, "custom": {"note": "x" * 5_000}} for _ in range(1_000)]
    )
    settings = client.application.config
    settings["QUERY_SECONDS"], limit = 0.001, settings["QUERY_SECONDS"]
    try:
        answers = (client.get("/companies/?_flt_nct_city=qqqq&order=city&page_size=200") for _ in range(300))
        # On a busy machine another read of the page may be the one that is ended: that is answered by 503.
        late = next(answer for answer in answers if answer.status_code not in (200, 503))
    finally:
        settings["QUERY_SECONDS"] = limit
    assert late.status_code == 400
    assert "Add a condition that narrows it" in late.text
