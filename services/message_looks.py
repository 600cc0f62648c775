"""A message's HTML as staff look at it: with its own pictures, and nothing that runs, loads or leads anywhere.

A link of it might unsubscribe the recipient; a picture from elsewhere would tell its sender that somebody looked.
"""

import base64
from collections.abc import Mapping
from typing import Any

import nh3

from services.message_content import Content

ATTRIBUTES = {
    "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "colspan", "color", "dir", "height",
    "href", "lang", "role", "rowspan", "size", "src", "style", "title", "valign", "width",
}  # fmt: skip
TAGS = (nh3.ALLOWED_TAGS | {"center", "font", "style"}) - {"script"}
LINKS, SOURCES = ("href",), ("src",)


def shown_html(content: Content) -> str:
    """The HTML for a frame; whoever serves it forbids scripts besides."""
    pictures = {f"cid:{picture['cid']}": data_url(picture) for picture in content.inline}

    def kept(_tag: str, attribute: str, value: str) -> str | None:
        if attribute in SOURCES:
            return pictures.get(value, value if value.startswith("data:image/") else None)
        return None if attribute in LINKS else value

    return nh3.clean(content.html, tags=TAGS, attributes={"*": ATTRIBUTES}, clean_content_tags={"script", "title"},
                     attribute_filter=kept, url_schemes={"cid", "data"}, link_rel=None)  # fmt: skip


def data_url(picture: Mapping[str, Any]) -> str:
    """A picture as an address that holds it."""
    data = base64.b64encode(bytes(picture["content"])).decode("ascii")
    return f"data:{picture['content_type']};base64,{data}"
