"""Formatted text: a few HTML elements, cleaned as they come in, and the plain text in them."""

import re
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser

import nh3

#: Elements that are kept; what stands in any other one stays without it, except in DROPPED.
KEPT = {"p", "br", "strong", "em", "u", "s", "ul", "ol", "li", "a", "h2", "h3", "h4", "blockquote", "code", "pre"}
DROPPED = {"script", "style", "template", "title"}
#: What other programs write, and what it is here. Cleaned text holds no other sign "<" than those of its elements.
OTHERS = {
    "b": "strong", "i": "em", "strike": "s", "del": "s", "h1": "h2", "h5": "h4", "h6": "h4",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel"}
ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
ELEMENT = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--", re.IGNORECASE)
LISTS = ("ul", "ol")
PARAGRAPHS = {"p", "h2", "h3", "h4", "blockquote", "pre", *LISTS}


def formatted(text: str) -> str:
    """What was typed or sent as formatted text: HTML cleaned, text without any element as paragraphs; "" where nothing
    is left to read. Cleaning what is clean changes nothing."""
    found = clean(text) if ELEMENT.search(text) else paragraphs(text)
    return found if unescape(cleaned(found, set())).strip() else ""


def clean(html: str) -> str:
    """The HTML with the elements that are kept and nothing else: no styles, pictures, scripts."""
    known = cleaned(html, KEPT | set(OTHERS) | {"div"})
    for other, ours in OTHERS.items():
        known = known.replace(f"<{other}>", f"<{ours}>").replace(f"</{other}>", f"</{ours}>")
    found = cleaned(known.replace("</div>", "<br>"), KEPT)
    # The parser takes the first line break in it away.
    found = found.replace("<pre>", "<pre>\n")
    return found if "<" in found else f"<p>{found}</p>"


def cleaned(html: str, tags: set[str]) -> str:
    return nh3.clean(html, tags=tags, clean_content_tags=DROPPED, attributes={"*": set(), "a": {"href"}},
                     url_schemes=SCHEMES,
                     attribute_filter=only_addresses, link_rel="noopener noreferrer")  # fmt: skip


def only_addresses(_tag: str, attribute: str, value: str) -> str | None:
    """Addresses that lead elsewhere: one without a scheme would lead somewhere in Kortisto."""
    return value if attribute != "href" or ADDRESS.match(value) else None


def paragraphs(text: str) -> str:
    """Plain text as HTML: empty lines part paragraphs, single line breaks stay."""
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    filled = (escape(part.strip(), quote=False) for part in parts if part.strip())
    return "".join("<p>" + part.replace("\n", "<br>") + "</p>" for part in filled)


@lru_cache(maxsize=1_024)
def plain_text(html: str) -> str:
    """The text in cleaned HTML, with its paragraphs, lines and the marks of its lists."""
    reader = PlainText()
    reader.feed(html)
    reader.close()
    return reader.text()


class PlainText(HTMLParser):
    """Reads the text out of cleaned HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written = ""
        #: How many items each open list has had; None for one without numbers.
        self.lists: list[int | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in LISTS:
            self.end_line()
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self.end_line()
            self.written += f"{self.mark()} "
        elif tag == "br":
            self.written += "\n"

    def mark(self) -> str:
        count = self.lists[-1] if self.lists else None
        if count is None:
            return "•"
        self.lists[-1] = count + 1
        return f"{count + 1}."

    def handle_endtag(self, tag: str) -> None:
        if tag in LISTS and self.lists:
            self.lists.pop()
        if tag in PARAGRAPHS or tag == "li":
            self.end_line()
            if not self.lists and not self.written.endswith("\n\n"):
                self.written += "\n"

    def end_line(self) -> None:
        if self.written and not self.written.endswith("\n"):
            self.written += "\n"

    def handle_data(self, data: str) -> None:
        self.written += data

    def text(self) -> str:
        return "\n".join(line.strip() for line in self.written.replace("\xa0", " ").split("\n")).strip()
