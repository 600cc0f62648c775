"""What pages weigh on the way to the browser: compressed, with everything that a first visit fetches."""

import gzip
import re

import brotli
import pytest
from flask.testing import FlaskClient

from tests.factories import CompanyFactory

FIRST_LOAD, LATER_PAGE = 250_000, 40_000
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}


def fetched(client: FlaskClient, address: str) -> bytes:
    with client.get(address, headers=BROWSER) as answer:
        assert answer.status_code == 200, address
        return answer.data


def parts_of(html: str) -> set[str]:
    """What the page names and a browser fetches at once; Latin letters are in the one font that it preloads."""
    named = re.findall(r'(?:src|href)="(/static/[^"#]+)', html)
    return {address for address in named if "manifest" not in address}


def test_first_load_and_later_pages_are_light(client: FlaskClient) -> None:
    CompanyFactory.create_batch(30, customer=True)
    page = fetched(client, "/companies/")
    html = brotli.decompress(page).decode()
    parts = parts_of(html)
    assert {address.split("?")[0].rpartition("/")[2] for address in parts} >= {"main.css", "main.js", "icons.svg"}
    assert len(page) + sum(len(fetched(client, address)) for address in parts) < FIRST_LOAD
    for address in ("/companies/", "/companies/add", "/people/", "/settings/", "/settings/fields/company"):
        assert len(fetched(client, address)) < LATER_PAGE, address


@pytest.mark.parametrize("accepted", ["gzip", "br", "identity", "", "nonsense", "br;q=x", "*"])
def test_answers_are_compressed_as_the_browser_takes_them(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/companies/", headers={"Accept-Encoding": accepted})
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress}.get(answer.headers.get("Content-Encoding", ""), bytes)
    assert b"</html>" in unpack(answer.data)
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["dist/../../config.py", "dist/nope.css", "..%2fconfig.py", "dist/%00"])
def test_static_addresses_that_lead_elsewhere_are_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}", headers=BROWSER).status_code == 404


def test_static_files_come_packed_with_their_own_type(client: FlaskClient) -> None:
    for coding in ("br", "gzip", "identity"):
        answer = client.get("/static/dist/main.css", headers={"Accept-Encoding": coding})
        assert (answer.status_code, answer.mimetype) == (200, "text/css")
        assert answer.headers.get("Content-Encoding", "identity") == coding
        answer.close()
