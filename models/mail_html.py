"""HTML of e-mails: what mail programs show and nothing that runs or fetches; and the plain text in it.

Other than formatted text it may have tables, pictures, colours and style sheets. What comes out holds no script, form,
frame or event handler, no address but of the web, e-mail, phone and pictures that go along, and styles that name
neither other style sheets nor anything to be fetched but pictures over https.
"""

import re
from functools import lru_cache
from html import unescape

import nh3

from models.formatted import ELEMENT, PlainText, paragraphs
from models.mail_css import clean_declarations, clean_style_sheet

KEPT = {
    "a", "abbr", "address", "article", "aside", "b", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "li", "main", "ol", "p", "pre", "q", "s", "section", "small",
    "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul",
    "wbr",
}  # fmt: skip
#: What stands in these is nothing to read.
DROPPED = {
    "script", "style", "template", "title", "noscript", "iframe", "object", "embed", "applet", "noframes", "frameset",
    "svg", "math", "select", "textarea", "audio", "video", "canvas", "xmp", "plaintext",
}  # fmt: skip
SIZES = {"width", "height"}
CELL = {*SIZES, "colspan", "rowspan", "nowrap", "valign", "bgcolor", "scope", "abbr", "headers"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style", "class", "dir", "lang", "title", "align"},
    "a": {"href", "target"},
    "img": {"src", "alt", "border", "hspace", "vspace", *SIZES},
    "table": {"border", "cellpadding", "cellspacing", "bgcolor", "role", "summary", "frame", "rules", *SIZES},
    "tr": {"bgcolor", "valign", "height"}, "tbody": {"valign"}, "thead": {"valign"}, "tfoot": {"valign"},
    "td": CELL, "th": CELL, "col": {"span", "width"}, "colgroup": {"span", "width"},
    "font": {"color", "face", "size"}, "hr": {"color", "noshade", "size", "width"},
    "ol": {"start", "type"}, "ul": {"type"}, "li": {"value", "type"},
    "del": {"datetime"}, "ins": {"datetime"}, "q": {"cite"}, "blockquote": {"cite"},
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel", "cid"}
LINK = re.compile(r"(?:https?://|mailto:|tel:|\{\{)", re.IGNORECASE)
#: A picture that goes along, or one that the reader's mail program may fetch; never one whose address tells who reads.
PICTURE = re.compile(r"(?:cid:[\w.@-]+|https://[^{}\s]+)", re.IGNORECASE)
START, END = re.compile(r"<style\b", re.IGNORECASE), re.compile(r"</style\b", re.IGNORECASE)
BODY = re.compile(r"<(/?)body\b", re.IGNORECASE)
#: What our own cleaning writes at the head.
KEPT_STYLES = re.compile(r"<style>(.*?)</style>", re.DOTALL)
#: E-mails have some thousand elements. Cleaning takes the square of how deep they stand in one another, and what reads
#: the result afterwards goes as deep.
MOST_ELEMENTS, DEEPEST = 20_000, 200
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
WITHOUT_END = frozenset(("br", "hr", "img", "col", "wbr"))


class TooComplex(ValueError):
    """HTML of more elements, or more of them in one another, than any e-mail has."""


def clean_mail(text: str, *, ids: bool = False) -> str:
    """What was written, uploaded or sent as an e-mail's HTML: cleaned, its style sheets in one at the head; text
    without any element as paragraphs; "" where nothing is left to see. Cleaning what is clean changes nothing.

    With `ids` elements keep theirs, for style sheets that speak of them. Raises TooComplex.
    """
    if not ELEMENT.search(text):
        return cleaned(paragraphs(text))
    sheets, rest = without_styles(text)
    styles = clean_style_sheet("\n".join(sheets))
    if len(TAG.findall(rest)) > MOST_ELEMENTS:
        raise TooComplex(f"more than {MOST_ELEMENTS} elements")
    # A page's body is a part like any other here; its element is made anew when the message is.
    body = cleaned(BODY.sub(r"<\1div", rest), ids=ids).strip()
    if depth_of(body) > DEEPEST:
        raise TooComplex(f"elements more than {DEEPEST} deep")
    if not has_content(body):
        return ""
    body = body if "<" in body else f"<p>{body}</p>"
    return f"<style>{styles}</style>{body}" if styles else body


def without_styles(html: str) -> tuple[list[str], str]:
    """(the style sheets in HTML, the rest of it). One that does not end goes on to the end, as browsers have it."""
    sheets: list[str] = []
    rest: list[str] = []
    place = 0
    while found := START.search(html, place):
        rest.append(html[place : found.start()])
        begins = html.find(">", found.end()) + 1
        ends = END.search(html, begins) if begins else None
        if ends is None:
            return ([*sheets, html[begins:]] if begins else sheets), "".join(rest)
        sheets.append(html[begins : ends.start()])
        closed = html.find(">", ends.end()) + 1
        place = closed or len(html)
    return sheets, "".join([*rest, html[place:]])


def depth_of(clean: str) -> int:
    """How deep elements stand in one another in cleaned HTML, each of which ends."""
    depth = deepest = 0
    for ending, name in TAG.findall(clean):
        if name not in WITHOUT_END:
            depth += -1 if ending else 1
            deepest = max(deepest, depth)
    return deepest


def cleaned(html: str, *, ids: bool = False) -> str:
    allowed = {**ATTRIBUTES, "*": ATTRIBUTES["*"] | {"id"}} if ids else ATTRIBUTES
    return nh3.clean(html, tags=KEPT, clean_content_tags=DROPPED, attributes=allowed, url_schemes=SCHEMES,
                     attribute_filter=safe_attribute, link_rel=None)  # fmt: skip


def safe_attribute(tag: str, attribute: str, value: str) -> str | None:
    """The attribute's value as it may stay; None where it may not."""
    if attribute == "style":
        return clean_declarations(value) or None
    if attribute in ("href", "cite"):
        return value if LINK.match(value) and not re.search("[<>]", value) else None
    if "{{" in value:
        # Merge fields stand in texts and in links.
        return None
    if attribute == "src":
        return value.strip() if PICTURE.fullmatch(value.strip()) else None
    return value


def has_content(html: str) -> bool:
    """Whether there is something to see: text, a picture or a line."""
    return bool(re.search(r"<(?:img|hr)\b", html) or unescape(nh3.clean(html, tags=set())).strip())


def parted(html: str) -> tuple[str, str]:
    """(style sheet, the rest) of cleaned HTML."""
    found = KEPT_STYLES.match(html)
    return (found.group(1), html[found.end() :]) if found else ("", html)


@lru_cache(maxsize=256)
def mail_text(html: str) -> str:
    """The text in cleaned HTML: paragraphs, headings, lists with their marks, links as "text (address)"."""
    reader = MailText()
    reader.feed(parted(html)[1])
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", reader.text())


class MailText(PlainText):
    """Reads the text out of an e-mail's cleaned HTML."""

    BLOCKS = frozenset((
        "address", "article", "aside", "blockquote", "caption", "center", "dd", "div", "dl", "dt", "figcaption",
        "figure", "footer", "header", "hr", "main", "section", "table", "tr",
    ))  # fmt: skip
    #: An empty line comes after these.
    PARTED = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table"))

    def __init__(self) -> None:
        super().__init__()
        self.link, self.link_from, self.literal = "", 0, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in self.BLOCKS or tag in self.PARTED:
            self.end_line()
        self.literal += tag == "pre"
        if tag == "a":
            self.link, self.link_from = given.get("href", ""), len(self.written)
        elif tag == "img":
            self.handle_data(given.get("alt", ""))
        elif tag == "hr":
            self.written += "----------\n"
        super().handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.link:
            self.end_link()
        self.literal -= tag == "pre" and self.literal > 0
        if tag in ("td", "th") and self.written and not self.written[-1].isspace():
            self.written += " "
        if tag in self.BLOCKS or tag in self.PARTED:
            self.end_line()
        if tag in self.PARTED and self.written and not self.lists:
            self.written += "\n"
        elif tag not in self.PARTED:
            super().handle_endtag(tag)

    def end_link(self) -> None:
        """The address after the link's text, unless that says it already."""
        text = self.written[self.link_from :].strip()
        address, self.link = self.link, ""
        shown = address.removeprefix("mailto:").removeprefix("tel:")
        if not text:
            self.written += shown
        elif text not in (address, shown):
            self.written = self.written.rstrip() + f" ({shown})"

    def handle_data(self, data: str) -> None:
        if self.literal:
            self.written += data
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", data)
        starts = not self.written or self.written[-1].isspace()
        self.written += text.lstrip(" ") if starts else text
