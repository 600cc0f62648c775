"""The screens of API keys."""

import html
import re

from flask.testing import FlaskClient

from models.api_keys import ApiKey
from models.security import Role, User

PATH = "/settings/api-keys/"


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(client: FlaskClient, admin: User) -> None:
    assert "No API keys yet" in client.get(PATH).text
    role = str(Role.objects.get(name="Reader").pk)
    sent = {"name": "Web <shop>", "owner": str(admin.pk), "roles": [role], "ends_on": ""}
    made = client.post(f"{PATH}add", data=sent)
    key = re.search(r'id="key">(kortisto_[^<]+)<', made.text)[1]  # type: ignore[index]
    assert made.headers["Cache-Control"] == "no-store"
    listed = client.get(PATH).text
    assert "Web &lt;shop&gt;" in listed
    assert key not in listed
    headers = {"Authorization": f"Bearer {html.unescape(key)}"}
    assert client.get("/api/v1/company/", headers=headers).status_code == 200
    client.post(f"{PATH}revoke/{ApiKey.objects.get().pk}")
    assert "Revoked" in client.get(PATH).text
    assert client.get("/api/v1/company/", headers=headers).status_code == 401


def test_what_was_typed_stays_with_what_is_wrong_beside_it(client: FlaskClient) -> None:
    answer = client.post(f"{PATH}add", data={"name": "Shop", "owner": "", "ends_on": "2020-01-01"})
    assert answer.status_code == 422
    for text in ('value="Shop"', "Choose at least one role", "Choose a user", "This day is over"):
        assert text in answer.text
