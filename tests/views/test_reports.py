"""Reports: their list, pages, the form that makes them, charts that keep to the policy, and sharing."""


import pytest
from flask.testing import FlaskClient

from models.rights import Access
from services.records import create_record


@pytest.fixture
def projects(admin_access: Access) -> None:
    """Sales projects of three stages."""
    for name, stage, value in (("Alfa", "lead", "1000 EUR"), ("Beta", "lead", "500.50 EUR"), ("Gamma", "offer", "20 EUR")):
        create_record(admin_access, "opportunity", {"name": name, "stage": stage, "value": value})


def test_smoke(client: FlaskClient) -> None:
    for path in ("/reports/", "/reports/new", "/reports/new?register=company", "/reports/new?ready=offer_book", "/reports/ready/offer_book"):
        answer = client.get(path)
        assert answer.status_code == 200, path
