"""Formatted text: what is kept of hostile and of honest HTML, and the plain text in it."""

import re
from typing import Any

import mongoengine as me
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from models.base import derived_values
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.formatted import DROPPED, KEPT, formatted, plain_text

FIELD = Field("f", KINDS["rich_text"], {"en": "F"}, custom=True, max_length=100_000)
PIECES = ["<p>", "</p>", "<b>", "</i>", "<ul><li>", "</ul>", "<pre>", "\n", "<a href='x'>", "<svg>", "<math>",
          "<style>",
          "<!--", "-->", "<table>", "<td>", "&lt;", "&#x3c;", "text", "\"", "<textarea>", "</textarea>", "<noscript>",
          "<img src=x onerror=alert(1)>", "<div>", "</div>", "<![CDATA[", "]]>", "<title>", "<mglyph>", "<",
          ">"]  # fmt: skip
#: Ways to have a browser read a text otherwise than its cleaner did, as they have become known.
HOSTILE = [
    "<script>alert(1)</script>x", "<img src=x onerror=alert(1)>x", "<svg onload=alert(1)>x", "<p onclick=alert(1)>x",
    "<a href='javascript:alert(1)'>x</a>", "<a href=' java\tscript:alert(1)'>x</a>", "<a href='data:text/html,x'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>", "<a href='vbscript:x'>x</a>", "<iframe srcdoc='<script>x</script>'>x",
    "<p style='background:url(javascript:alert(1))' class='k-stop' id='k-texts'>x</p>", "<base href='//evil'>x",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">x",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">x",
    "<form><math><mtext></form><form><mglyph><style>"
    "</math><img src onerror=alert(1)>x", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">x",
    "<textarea></textarea><img src=x onerror=alert(1)>x", "<xmp><p title=\"</xmp><img src onerror=alert(1)>\">x",
    "<<script>alert(1)//<</script>x", "<p title=\"`<img src=x onerror=alert(1)>`\">x", "<meta http-equiv=refresh>x",
]  # fmt: skip
TAG = re.compile(r"<(/?)([a-z0-9]+)((?:\s[a-z]+=\"[^\"<>]*\")*)>")


def assert_harmless(html: str) -> None:
    """Nothing but the elements that are kept, and links that lead elsewhere."""
    assert "<" not in TAG.sub("", html)
    for _close, name, attributes in TAG.findall(html):
        assert name in KEPT
        for attribute, value in re.findall(r"([a-z]+)=\"([^\"]*)\"", attributes):
            assert attribute == "rel" or value.lower().startswith(("http:", "https:", "mailto:", "tel:"))


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_leaves_text_alone(html: str) -> None:
    found = formatted(html)
    assert_harmless(found)
    assert formatted(found) == found


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_whatever_is_cleaned_is_harmless_and_stays_as_it_is(html: str) -> None:
    found = formatted(html)
    assert_harmless(found)
    assert formatted(found) == found


def test_formats_are_kept_and_those_of_other_programs_brought_to_ours() -> None:
    html = ("<h2>T</h2><p>a <strong>b</strong> <em>c</em> <u>d</u> <s>e</s><br>f</p><ol><li><p>g</p></li></ol>"
            "<blockquote><p>h</p></blockquote><pre>\n<code>i</code></pre>")  # fmt: skip
    assert formatted(html) == html
    assert formatted("<h1>T</h1><b>a</b><i>b</i>") == "<h2>T</h2><strong>a</strong><em>b</em>"
    assert plain_text(formatted("<div>one</div><div>two</div>")) == "one\ntwo"
    assert formatted('<a href="HTTPS://x.fi" target="_blank">x</a>') == (
        '<a href="HTTPS://x.fi" rel="noopener noreferrer">x</a>')  # fmt: skip
    assert formatted('<a href="/companies/">x</a><a href="//x.fi">y</a>').count("href") == 0
    assert not DROPPED & KEPT


@pytest.mark.parametrize(("text", "html"), [
    ("One\nline\r\n\r\nTwo & three", "<p>One<br>line</p><p>Two &amp; three</p>"),
    ("1 < 2 > 0, <matti@malli.fi>", "<p>1 &lt; 2 &gt; 0, &lt;matti@malli.fi&gt;</p>"), ("AT&amp;T",
                                                                                        "<p>AT&amp;amp;T</p>"),
    ("  a  ", "<p>a</p>"), ("<p></p>", ""), ("<p>&nbsp;<br></p>", ""), ("<ul><li></li></ul>", ""), ("<ol><li> ", ""),
])  # fmt: skip
def test_plain_text_becomes_paragraphs_and_nothing_stays_nothing(text: str, html: str) -> None:
    assert formatted(text) == html


def test_plain_text_keeps_paragraphs_lines_and_lists() -> None:
    html = "<h2>Head</h2><p>a &amp; b<br>c</p><ul><li><p>x</p></li><li>y<ol><li>z</li><li>w</li></ol></li></ul><p>e</p>"
    assert plain_text(html) == "Head\n\na & b\nc\n\n• x\n• y\n1. z\n2. w\n\ne"


def test_conditions_find_text_and_no_element(app: Flask) -> None:
    collection = me.get_db()["kinds_tried"]
    collection.delete_many({})
    value = FIELD.kind.parse("<p>Pa<strong>per</strong> & co</p><p>second</p>", FIELD, Context())
    collection.insert_one({"_id": 1, "custom": {"f": value}, **derived_values([(FIELD, value)], "")})

    def found(operator: str, asked: Any) -> bool:
        return bool(collection.count_documents(FIELD.kind.condition(operator, asked, FIELD, Context())))

    assert found("ct", "paper & CO")
    assert found("sw", "paper")
    assert found("ew", "second")
    assert found("eq", "<p>paper &amp; co</p><p>second</p>")
    for element in ("strong", "<p>", "&amp;", "/p"):
        assert not found("ct", element), element
    assert "strong" not in list(FIELD.kind.search_words(value))


@pytest.mark.parametrize("text", ["<b>" * 33_000, "<div>" * 20_000, "<ul><li>" * 12_000, "<b><p>" * 16_000,
                                  "<" * 99_000,
                                  "<br>" * 24_000 + "x", "&" * 99_000])  # fmt: skip
def test_deep_and_long_html_is_read(text: str) -> None:
    value = FIELD.kind.parse(text, FIELD, Context())
    assert FIELD.kind.text(value, FIELD, Context()) is not None
