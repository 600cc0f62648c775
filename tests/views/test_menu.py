"""The side bar's entries and the texts of templates: quickly found, and right."""

from collections.abc import Callable

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext
from markupsafe import Markup

from models.security import User
from views.menu import current_entry, menu_entries


def entries(client: FlaskClient, path: str, prefix: str = "") -> tuple[list[str], str]:
    """(the addresses in the menu, the current one) of a page that the client's user opens."""
    with client:
        client.get(path, environ_overrides={"SCRIPT_NAME": prefix})
        found = menu_entries()
        leaves = [leaf.url for entry in found for leaf in (entry.children or (entry,))]
        return leaves, current_entry(found)


def test_administrator_sees_everything_and_the_longest_address_is_current(client: FlaskClient) -> None:
    urls, current = entries(client, "/settings/users/")
    assert {"/companies/", "/people/", "/merge/", "/jobs/", "/settings/", "/settings/users/", "/console/"} <= set(urls)
    assert current == "/settings/users/"
    assert entries(client, "/settings/fields/company")[1] == "/settings/"
    assert entries(client, "/")[1] == entries(client, "/tray/general")[1] == "/"
    assert entries(client, "/profile/")[1] == ""


def test_addresses_carry_the_prefix_that_a_proxy_adds(client: FlaskClient) -> None:
    urls, current = entries(client, "/companies/", prefix="/crm")
    assert "/crm/companies/" in urls
    assert current == "/crm/companies/"


def test_reader_sees_registers_and_no_settings(
    app: Flask, make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    urls, _current = entries(sign_in(make_user("reader", "Reader")), "/companies/")
    assert "/companies/" in urls
    assert not [url for url in urls if url.startswith(("/settings", "/console"))]


def test_texts_follow_a_language_that_is_forced_for_a_while(app: Flask) -> None:
    with app.test_request_context("/"):
        assert gettext("Cancel") == "Cancel"
        with force_locale("fi"):
            assert gettext("Cancel") == "Peruuta"
            assert render_template_string("{{ _('Cancel') }}") == "Peruuta"
        assert gettext("Cancel") == "Cancel"
        assert render_template_string("{{ _('Cancel') }}") == "Cancel"


@pytest.mark.parametrize("name", ["<b>", Markup("&lt;b&gt;")])
def test_values_in_texts_of_templates_are_escaped(app: Flask, name: str) -> None:
    with app.test_request_context("/"):
        assert render_template_string("{{ _('Select %(name)s', name=name) }}", name=name) == "Select &lt;b&gt;"
