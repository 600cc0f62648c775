"""What a mailing says, made ready once for all its recipients: styles inlined, a plain text, places to fill."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import css_inline
from flask_babel import force_locale
from flask_babel import gettext as _

from models.mail_html import mail_text, parted
from models.mailings import MAIL, MARKETING
from services.mailings.merge_fields import (
    UNSUBSCRIBE,
    Place,
    Template,
    header_text,
    html_template,
    line_template,
    text_template,
)

Raw = Mapping[str, Any]
#: Looks at what it is given and nowhere else: no style sheet is fetched, no file read.
INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, base_url=None, cache=None)
PAGE = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{subject}</title>'
    '<style>{styles}</style></head><body style="margin:0;padding:0">{preheader}{body}{unsubscribe}</body></html>'
)
#: Mail programs fill the line after the subject with what comes next; this keeps that away.
FILLING = "&#847;&zwnj;&nbsp;" * 40
PREHEADER = (
    '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all">{text}{filling}</div>'
)
FOOTER = (
    '<p style="margin:32px 0 16px;padding:0 16px;font:12px/1.5 sans-serif;text-align:center;color:#5b6472">{text} '
    '<a href="{{{{unsubscribe}}}}" style="color:#5b6472">{link}</a></p>'
)


@dataclass(frozen=True)
class Written:
    """What was written: the content of a mailing, as far as it decides what its messages say."""

    mail: bool
    marketing: bool
    language: str
    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""

    @classmethod
    def of(cls, raw: Raw) -> "Written":
        """Of a mailing (raw)."""
        texts = {name: str(raw.get(name) or "") for name in ("subject", "preheader", "html", "text")}
        return cls(raw.get("channel") == MAIL, raw.get("purpose") == MARKETING, raw.get("language") or "fi", **texts)


@dataclass(frozen=True)
class Rendered:
    """One recipient's message; `html` refers to pictures as "cid:…". An SMS has its text alone."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Composed:
    """A mailing ready for its recipients. `names` are those of its places, each once; values are given by them."""

    subject: Template
    text: Template
    html: Template | None
    #: What the author wrote had a place for the link by which one unsubscribes.
    had_link: bool

    @property
    def places(self) -> tuple[Place, ...]:
        """The places for fields, each name and default once."""
        parts = [self.subject, self.text, *([self.html] if self.html else [])]
        return tuple(dict.fromkeys(place for part in parts for place in part.places if place.name != UNSUBSCRIBE))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place.name for place in self.places))

    def render(self, values: Mapping[str, str]) -> Rendered:
        """The message of {name: text}; "unsubscribe" among them is the address of that link."""
        return Rendered(header_text(self.subject.render(values)), self.text.render(values),
                        self.html.render(values) if self.html else "")  # fmt: skip

    def missing(self, values: Mapping[str, str]) -> list[str]:
        """The names of places that would stay empty."""
        return list(dict.fromkeys(place.name for place in self.places if not place.value(values)))


def composed(raw: Raw) -> Composed:
    """A mailing (raw) made ready; a worker that sends thousands makes it once."""
    return compose(Written.of(raw))


@lru_cache(maxsize=8)
def compose(written: Written) -> Composed:
    with force_locale("en_GB" if written.language == "en" else written.language):
        if not written.mail:
            text = text_template(written.text)
            had_link = has_link(text)
            return Composed(line_template(""), text_template(written.text + sms_footer(written, had_link=had_link)),
                            None, had_link)  # fmt: skip
        body = html_template(written.html, "")
        had_link = has_link(body)
        html = html_template(page_of(written, had_link=had_link), _("Unsubscribe")) if written.html else None
        return Composed(line_template(written.subject), text_template(text_part(written)), html,
                        had_link or (not written.html and has_link(text_template(written.text))))  # fmt: skip


def has_link(template: Template) -> bool:
    return any(place.name == UNSUBSCRIBE for place in template.places)


def page_of(written: Written, *, had_link: bool) -> str:
    """The whole document with its styles in the elements; what is only for small screens stays in a style sheet."""
    styles, body = parted(written.html)
    footer = FOOTER.format(text=escape(_("Don't want these messages any more?")), link=escape(_("Unsubscribe")))
    preheader = PREHEADER.format(text=escape(written.preheader, quote=False), filling=FILLING)
    page = PAGE.format(
        language=written.language, subject=escape(written.subject, quote=False), styles=styles, body=body,
        preheader=preheader if written.preheader else "",
        unsubscribe=footer if written.marketing and not had_link else "",
    )  # fmt: skip
    return inlined(page)


def inlined(page: str) -> str:
    return INLINER.inline(page)


def text_part(written: Written) -> str:
    """The plain text: what was written by hand, else what the HTML says."""
    text = written.text or mail_text(written.html)
    if written.marketing and not has_link(text_template(text)):
        text = f"{text}\n\n-- \n{way_out()}"
    return text


def sms_footer(written: Written, *, had_link: bool) -> str:
    return f"\n{way_out()}" if written.marketing and not had_link else ""


def way_out() -> str:
    """The line of a plain text by which one unsubscribes."""
    return _("Unsubscribe") + ": {{unsubscribe}}"
