"""The built files' addresses, links that change the query, and what every template must keep to."""

import os
import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from jinja2 import Environment, nodes
from wtforms import BooleanField, Form, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from app.assets import Assets, AssetsNotBuilt
from app.stock_filters import stock_filter_columns, stock_filters
from views.links import query_url
from views.script_texts import TEXTS

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ICON_MACROS = {"icon", "menu_icon"}


@pytest.fixture
def built(tmp_path):
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "manifest.json").write_text('{"main.css": "main.css?v=abc"}')
    return Assets(tmp_path, "/static")


@pytest.fixture
def app():
    app = Flask("look")
    Babel(app)
    return app


class SearchForm(Form):
    name = StringField("Name")
    size = IntegerField("Size")
    active = BooleanField("Active")
    role = SelectField("Role", choices=[SelectChoice("", ""), SelectChoice("1", "Admin"), SelectChoice("2", "Sales")])


OPERATORS = {name: ["Is", "Is not"] for name in ("name", "size", "active", "role")}


def test_asset_of_a_built_file_carries_its_hash(built):
    assert built.url("main.css", root="/crm") == "/crm/static/dist/main.css?v=abc"


def test_asset_nothing_built_says_what_to_run(tmp_path):
    with pytest.raises(AssetsNotBuilt, match="npm ci && npm run build"):
        Assets(tmp_path, "/static").url("main.css")


def test_asset_unknown_name_is_named(built):
    with pytest.raises(AssetsNotBuilt, match=r"no \"other\.css\""):
        built.url("other.css")


def test_asset_fresh_notices_a_new_build(built, tmp_path):
    built.url("main.css")
    manifest = tmp_path / "dist" / "manifest.json"
    manifest.write_text('{"main.css": "main.css?v=def"}')
    os.utime(manifest, ns=(1, 1))
    assert built.url("main.css", fresh=True).endswith("v=def")


def test_query_url_changes_one_and_keeps_repeated_ones(app):
    with app.test_request_context("/companies/?a=1&a=2&page=3&q=x%26y"):
        assert query_url(page=4) == "/companies/?a=1&a=2&q=x%26y&page=4"
        assert query_url(without=("a", "q"), page=None) == "/companies/"


def test_stock_filter_columns_know_their_inputs_and_choices(app):
    with app.test_request_context():
        columns = {column["column"]: column for column in stock_filter_columns(SearchForm(), OPERATORS, OPERATORS)}
    inputs = {name: column["operators"][0]["input"] for name, column in columns.items()}
    assert inputs == {"name": "text", "size": "number", "active": "select", "role": "select"}
    assert columns["role"]["choices"] == [{"value": "1", "label": "Admin"}, {"value": "2", "label": "Sales"}]
    assert columns["name"]["operators"][1] == {"op": "1", "label": "Is not", "input": "text"}


def test_stock_filters_show_labels_and_a_way_out(app):
    with app.test_request_context("/users/list/?_flt_1_role=2&_flt_0_name=a"):
        chips = stock_filters(SearchForm(), OPERATORS, [("role", "Is not", ["2"]), ("gone", "Is", "x")])
    assert chips == [
        {
            "label": "Role",
            "operator_label": "Is not",
            "value_label": "Sales",
            "remove_url": "/users/list/?_flt_0_name=a",
        }
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_parses_and_holds_nothing_inline(path):
    source = path.read_text()
    Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    html = re.sub(r"\{([{%#]).*?[}%#]\}", "", source, flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<style|javascript:", html)
    assert not re.search(r"(src|href)=\"(https?:)?//", html)
    for script in re.findall(r"<script[^>]*>", html):
        assert "src=" in script or 'type="application/json"' in script


def icons_called(path):
    """Names given to icon() and menu_icon() as they stand, not through a variable."""
    for call in Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text()).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ICON_MACROS and call.args:
            yield from names_in(call.args[0])


def names_in(argument):
    if isinstance(argument, nodes.CondExpr):
        yield from (*names_in(argument.expr1), *names_in(argument.expr2))
    elif isinstance(argument, nodes.Const):
        yield argument.value


def test_icons_drawn_by_templates_are_in_the_sprite():
    listed = {line for line in (ROOT / "assets" / "icons.txt").read_text().splitlines() if not line.startswith("#")}
    drawn = {name for path in TEMPLATES for name in icons_called(path)}
    assert drawn >= {"plus", "menu-2", "arrow-up"}
    assert drawn <= listed


def test_texts_scripts_ask_for_are_written_into_the_page():
    scripts = "".join(path.read_text() for path in (ROOT / "assets" / "js").glob("*.js"))
    asked = set(re.findall(r'\btext\("(\w+)"', scripts)) | {"no_match", "no_options"}
    assert asked == set(TEXTS)
